package import EventModel

/// What Docker's `containers/ID/config.v2.json` says about a container.
package struct DockerConfiguration: Hashable, Sendable {
    /// Without the slash that Docker puts before it.
    package private(set) var name: String?
    /// As the user named it: `nginx:1.27`, not the digest.
    package private(set) var image: String?

    /// Takes what it finds in `json`, also when that is cut off or damaged behind it.
    package init(json: ByteString) {
        var cursor = JSONCursor(json.bytes)
        guard cursor.enterObject() else { return }
        while let key = cursor.nextKey() {
            if key == "Name" {
                name = cursor.string().map { String(decoding: $0.rest(after: "/") ?? $0, as: UTF8.self) }
            } else if key == "Config", cursor.enterObject() {
                takeConfig(&cursor)
            } else {
                guard cursor.skipValue() else { return }
            }
        }
    }

    private mutating func takeConfig(_ cursor: inout JSONCursor) {
        while let key = cursor.nextKey() {
            if key == "Image" {
                image = cursor.string().map { String(decoding: $0, as: UTF8.self) }
            } else {
                guard cursor.skipValue() else { return }
            }
        }
    }
}

extension ContainerIdentity {
    /// The same container with the image that `configuration` names.
    package func described(by configuration: DockerConfiguration) -> ContainerIdentity {
        var described = self
        described.image = configuration.image ?? image
        return described
    }
}
