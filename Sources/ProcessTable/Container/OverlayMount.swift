internal import EventModel
internal import KernelDecoding

/// The directories of one overlay mount that can be written to.
///
/// The corresponding kernel definition is `ovl_show_options` in `fs/overlayfs/params.c`.
struct OverlayMount {
    var upper: ByteString
    var work: ByteString?
    /// The layers as the kernel wrote them, one value each option, still escaped.
    private var lowerOptions: [LowerOption] = []
    var container: ContainerIdentity?
    /// Nanoseconds, of the clock that the table is given.
    var lastSeen: UInt64 = 0

    private struct LowerOption {
        var value: [UInt8]
        /// One layer, named as it is: `lowerdir+` of the mount API that came with Linux 6.5.
        var isSingle: Bool
    }

    /// `nil` when `mount` is no overlay, has no upper layer, or names it by a relative path: relative to the
    /// working directory of who mounted it, which nobody knows.
    init?(_ mount: MountEntry) {
        guard mount.type == "overlay" else { return nil }
        var upper: ByteString?
        // A comma within a value is written in octal.
        for option in mount.superOptions.bytes.split(separator: UInt8(ascii: ",")) {
            if let value = option.rest(after: "upperdir=") { upper = MountEntry.unescaped(Array(value)) }
            if let value = option.rest(after: "workdir=") { work = MountEntry.unescaped(Array(value)) }
            if let value = option.rest(after: "lowerdir=") {
                lowerOptions.append(LowerOption(value: Array(value), isSingle: false))
            } else if let value = option.rest(after: "lowerdir+=") {
                lowerOptions.append(LowerOption(value: Array(value), isSingle: true))
            }
        }
        guard let written = upper else { return nil }
        // A mount of lowerdir+ has its directories as they are, an older one with a backslash before : and ,
        let isPlain = lowerOptions.contains { $0.isSingle }
        self.upper = isPlain ? written : Self.layers(written.bytes, separated: false)[0]
        if !isPlain { work = work.map { Self.layers($0.bytes, separated: false)[0] } }
        guard self.upper.isAbsolute, self.upper.count > 1 else { return nil }
        if work?.isAbsolute == false { work = nil }
    }

    /// How much memory this takes, about.
    var size: Int {
        256 + upper.count + (work?.count ?? 0) + lowerOptions.reduce(0) { $0 + $1.value.count + 48 }
    }

    /// The lower layers, the uppermost first. Relative ones are left out, and those that only hold data: their
    /// files have no names in the overlay.
    var lowerLayers: [ByteString] {
        lowerOptions.flatMap { option in
            let value = MountEntry.unescaped(option.value)
            return option.isSingle ? [value] : Self.layers(value.bytes, separated: true)
        }.filter(\.isAbsolute)
    }

    /// Splits at colons and drops the backslash that stands before any other byte. `::` ends the layers with names.
    private static func layers(_ value: [UInt8], separated: Bool) -> [ByteString] {
        var layers: [ByteString] = []
        var layer: [UInt8] = []
        var index = 0
        while index < value.count {
            if value[index] == UInt8(ascii: "\\"), index + 1 < value.count {
                layer.append(value[index + 1])
                index += 2
                continue
            }
            if separated, value[index] == UInt8(ascii: ":") {
                layers.append(ByteString(layer))
                layer = []
                if index + 1 < value.count, value[index + 1] == UInt8(ascii: ":") { return layers }
            } else {
                layer.append(value[index])
            }
            index += 1
        }
        return layers + [ByteString(layer)]
    }
}

extension ByteString {
    var isAbsolute: Bool { bytes.first == UInt8(ascii: "/") }
}
