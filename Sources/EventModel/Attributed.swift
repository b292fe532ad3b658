/// How a value came to be known, from best to worst.
package enum Provenance: String, Sendable, CaseIterable {
    /// The kernel recorded it for this very event (audit, a pidfd).
    case exact
    /// Read from `/proc` while the process lived.
    case snapshot
    /// Taken over from the parent at fork; nothing has changed it since.
    case inherited
    /// Reconstructed after death (task statistics, the order of executable opens).
    case postmortem
    /// Not known. The value is absent; never a guess.
    case unknown
}

/// Which kernel interface a value came from.
package enum EvidenceSource: String, Sendable, CaseIterable {
    case audit
    case processConnector = "proc_connector"
    case fanotify
    case taskstats
    case procfs
    case none
}

/// A value with the story of how it is known. `value` is `nil` exactly when `provenance` is `unknown`.
package struct Attributed<Value: Sendable>: Sendable {
    @usableFromInline package internal(set) var value: Value?
    @usableFromInline package internal(set) var provenance: Provenance
    @usableFromInline package internal(set) var source: EvidenceSource

    @inlinable package init(_ value: Value, _ provenance: Provenance, from source: EvidenceSource) {
        self.value = value
        self.provenance = provenance
        self.source = source
    }

    @inlinable init() {
        value = nil
        provenance = .unknown
        source = .none
    }

    @inlinable package static var unknown: Attributed { Attributed() }

    @inlinable package var isKnown: Bool { value != nil }

    /// The same knowledge in another form.
    @inlinable package func map<Other: Sendable>(_ transform: (Value) -> Other) -> Attributed<Other> {
        guard let value else { return .unknown }
        return Attributed<Other>(transform(value), provenance, from: source)
    }

    /// The same value, as a child has it after fork.
    @inlinable package var inherited: Attributed {
        guard let value else { return .unknown }
        return Attributed(value, .inherited, from: source)
    }
}

extension Attributed: Equatable where Value: Equatable {}
