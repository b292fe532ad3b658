/// Reads the scalar at `index` and moves past it; `nil` for an ill-formed sequence, of which the maximal
/// subpart is passed (Unicode 16, table 3-7), so that the next call starts at a possible lead byte.
///
/// Refuses overlong forms, surrogates and values above U+10FFFF.
func nextScalar(in bytes: Span<UInt8>, at index: inout Int) -> UInt32? {
    let lead = bytes[index]
    index &+= 1
    if lead < 0x80 { return UInt32(lead) }
    let more: Int
    var low: UInt8 = 0x80
    var high: UInt8 = 0xbf
    switch lead {
    case 0xc2...0xdf: more = 1
    case 0xe0: (more, low) = (2, 0xa0)
    case 0xed: (more, high) = (2, 0x9f)
    case 0xe1...0xef: more = 2
    case 0xf0: (more, low) = (3, 0x90)
    case 0xf1...0xf3: more = 3
    case 0xf4: (more, high) = (3, 0x8f)
    default: return nil
    }
    var scalar = UInt32(lead) & (UInt32(0x3f) >> UInt32(more))
    for _ in 0..<more {
        guard index < bytes.count, bytes[index] >= low, bytes[index] <= high else { return nil }
        scalar = scalar << 6 | UInt32(bytes[index] & 0x3f)
        index &+= 1
        (low, high) = (0x80, 0xbf)
    }
    return scalar
}

/// Whether all of `bytes` is well-formed UTF-8.
func isUTF8(_ bytes: Span<UInt8>) -> Bool {
    var index = 0
    while index < bytes.count {
        if bytes[index] < 0x80 {
            index &+= 1
        } else if nextScalar(in: bytes, at: &index) == nil {
            return false
        }
    }
    return true
}
