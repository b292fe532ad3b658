internal import CWait

/// Threads of our own, with small stacks.
enum WorkerThread {
    private final class Body {
        let run: @Sendable () -> Void
        init(_ run: @escaping @Sendable () -> Void) { self.run = run }
    }

    /// Runs `body` in a thread that nobody joins. Returns whether the host gives one.
    static func start(stackSize: Int, _ body: @escaping @Sendable () -> Void) -> Bool {
        let argument = Unmanaged.passRetained(Body(body))
        let failed = cwait_start_thread(
            UInt(stackSize),
            { argument in
                if let argument { Unmanaged<Body>.fromOpaque(argument).takeRetainedValue().run() }
                return nil
            }, argument.toOpaque())
        if failed != 0 { argument.release() }
        return failed == 0
    }
}
