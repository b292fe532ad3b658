/// Whether the kernel's audit stream is used (`audit`).
package struct AuditOptions: Equatable, Sendable {
    package var enabled = true

    package init() {}
}

extension AuditOptions {
    static let section = Section<AuditOptions>(Key("enabled", \.enabled, .bool))
}
