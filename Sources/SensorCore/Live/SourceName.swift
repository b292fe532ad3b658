/// A source with a reader of its own. The raw value is what people read.
enum SourceName: String, CaseIterable {
    case fanotify
    case inotify
    case audit
    case connector = "proc_connector"
    case taskstats
}
