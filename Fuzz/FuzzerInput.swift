/// The bytes that libFuzzer hands over, as the decoders take them; valid during `body`.
///
/// A target's entry point is
/// `@_cdecl("LLVMFuzzerTestOneInput") public func test(_ bytes: UnsafePointer<UInt8>?, _ count: Int) -> CInt`.
func withInput(_ bytes: UnsafePointer<UInt8>?, _ count: Int, _ body: (Span<UInt8>) -> Void) -> CInt {
    body(UnsafeBufferPointer(start: bytes, count: bytes == nil ? 0 : count).span)
    return 0
}
