internal import Configuration

extension AlertFileOptions {
    init(_ options: AlertOptions) {
        self.init()
        largest = options.rotate.map { Int(clamping: $0) }
        kept = Int(clamping: options.keep)
        sync = options.sync
    }
}

extension MetricsAddress {
    init(_ options: MetricsOptions) {
        self =
            switch options.listen {
            case .loopback(let port): .loopback(port: port)
            case .socket(let path): .socket(path)
            }
    }
}
