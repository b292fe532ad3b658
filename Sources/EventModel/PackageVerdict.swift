/// The package manager whose database tells about a file.
package enum PackageManager: String, Sendable, CaseIterable {
    case dpkg
    case rpm
}

/// One version of one package. The bytes are those of the database.
package struct PackageIdentity: Hashable, Sendable {
    package var name: ByteString
    package var version: ByteString?
    package var architecture: ByteString?

    package init(name: ByteString, version: ByteString? = nil, architecture: ByteString? = nil) {
        self.name = name
        self.version = version
        self.architecture = architecture
    }
}

/// One run of a package manager: its outermost process.
package struct PackageTransaction: Hashable, Sendable {
    package var pid: Int32
    /// Nanoseconds since boot (CLOCK_BOOTTIME).
    package var start: UInt64?
    /// `apt-get install foo`; empty when not known.
    package var arguments: [ByteString]
    /// The real user of the process.
    package var user: UInt32?
    package var loginUser: LoginUser?

    /// The run whose outermost process is `process`.
    package init(_ process: ProcessIdentity) {
        pid = process.pid
        start = process.start
        arguments = process.arguments.value ?? []
        user = process.credentials.value?.user
        loginUser = process.loginUser.value
    }
}

/// What the package database says about a change.
package struct PackageVerdict: Hashable, Sendable {
    package enum Judgement: String, Sendable, CaseIterable {
        /// The package manager made it, and it is what the package says.
        case expected
        /// It was made during the transaction, and no package says what it should be.
        case attributed
        /// It is not what the package says, or was not made by its manager.
        case unexpected
    }

    package enum Reason: String, Sendable, CaseIterable {
        /// The content has the digest that the package has for it.
        case contentMatches = "content_matches"
        /// A directory, link or special file that the package lists; there is no digest to compare.
        case listed
        /// The manager removed a file of a package that no longer has it.
        case removed
        /// A file that the manager keeps for itself.
        case managerState = "manager_state"
        /// A scratch file of the manager, beside a file of the package.
        case temporary
        /// A configuration file, or a copy of one beside it, with content that is not the package's.
        case configuration
        /// No package has the path.
        case notOwned = "not_owned"
        /// The package has no digest of the file, or none yet when the change could wait no longer, or the file could
        /// not be read to its end.
        case noDigest = "no_digest"
        /// Attributes changed and nothing else, not by the manager itself; the package does not tell them.
        case attributesOnly = "attributes_only"
        /// The run works on another database than the host's.
        case otherDatabase = "other_database"
        case contentDiffers = "content_differs"
        /// Something else stands where the package has a file.
        case typeDiffers = "type_differs"
        /// It is gone, and the package still has it.
        case missing
        /// A file of a package, changed by a process that is no package manager's.
        case outsideManager = "outside_manager"
        /// The same of a configuration file, which is there to be changed.
        case configurationOutsideManager = "configuration_outside_manager"
    }

    package var manager: PackageManager
    /// `nil` when the change belongs to no package, or it is not known to which.
    package var package: PackageIdentity?
    package var judgement: Judgement
    package var reason: Reason
    /// `nil` when no package manager made the change.
    package var transaction: PackageTransaction?

    package init(
        manager: PackageManager, package: PackageIdentity?, judgement: Judgement, reason: Reason,
        transaction: PackageTransaction?
    ) {
        self.manager = manager
        self.package = package
        self.judgement = judgement
        self.reason = reason
        self.transaction = transaction
    }
}
