package import EventModel

/// What a client of the control socket may ask for: one line, as `docs/control-socket.md` has it.
package enum ControlRequest: Equatable, Sendable {
    case status
    /// Everything that the baseline has of a file.
    case show(ByteString)
    case reload
    case rotate
    /// A scan of one watched path, or of all.
    case scan(ByteString?)

    /// Bytes of a line, with its end.
    package static let maximumLength = 4_096

    /// Why a line is no request.
    package enum Refusal: String, Error, CaseIterable, Sendable {
        case tooLong = "a request has at most 4096 bytes"
        case unfinished = "a request ends with a line feed, within 5 seconds"
        case unknown = "no such request; there are: status, fim show PATH, reload, rotate, scan [PATH]"
        case path = "give an absolute path, without a zero byte"
    }

    /// - Parameter line: without its line feed.
    package init(line: [UInt8]) throws(Refusal) {
        if let path = Self.argument("fim show ", line) {
            self = .show(try Self.path(path))
        } else if let path = Self.argument("scan ", line) {
            self = .scan(try Self.path(path))
        } else {
            switch ByteString(line) {
            case "status": self = .status
            case "reload": self = .reload
            case "rotate": self = .rotate
            case "scan": self = .scan(nil)
            default: throw .unknown
            }
        }
    }

    /// The request, with its line feed.
    package var line: [UInt8] {
        let text: ByteString =
            switch self {
            case .status: "status"
            case .show(let path): ByteString(Array("fim show ".utf8) + path.bytes)
            case .reload: "reload"
            case .rotate: "rotate"
            case .scan(let path?): ByteString(Array("scan ".utf8) + path.bytes)
            case .scan(nil): "scan"
            }
        return text.bytes + [UInt8(ascii: "\n")]
    }

    private static func argument(_ verb: String, _ line: [UInt8]) -> [UInt8]? {
        line.starts(with: verb.utf8) ? Array(line[verb.utf8.count...]) : nil
    }

    private static func path(_ bytes: [UInt8]) throws(Refusal) -> ByteString {
        guard bytes.first == UInt8(ascii: "/"), !bytes.contains(0), !bytes.contains(UInt8(ascii: "\n")) else {
            throw .path
        }
        return ByteString(bytes)
    }
}

extension ControlRequest {
    /// What has come from a client so far.
    package enum Received: Equatable, Sendable {
        case incomplete
        case request(ControlRequest)
        case refused(Refusal)

        /// What follows the line is not looked at.
        package init(_ bytes: [UInt8]) {
            guard let end = bytes.prefix(ControlRequest.maximumLength).firstIndex(of: UInt8(ascii: "\n"))
            else {
                self = bytes.count < ControlRequest.maximumLength ? .incomplete : .refused(.tooLong)
                return
            }
            do throws(Refusal) {
                self = .request(try ControlRequest(line: Array(bytes[..<end])))
            } catch {
                self = .refused(error)
            }
        }
    }
}
