/// A bounded memory of what was last seen: two generations, the older dropped when the younger is full.
struct RecentValues<Key: Hashable, Value> {
    private let capacity: Int
    private var young: [Key: Value] = [:]
    private var old: [Key: Value] = [:]

    init(capacity: Int) { self.capacity = capacity }

    subscript(key: Key) -> Value? {
        get { young[key] ?? old[key] }
        set {
            if newValue == nil { old[key] = nil }
            young[key] = newValue
            if young.count >= capacity {
                old = young
                young = [:]
            }
        }
    }
}

/// Actions by deadline. Deadlines are appended in almost rising order, so a queue does.
struct DeadlineQueue {
    private var waiting: [(deadline: UInt64, key: ActionKey)] = []
    private var head = 0

    var first: UInt64? { head < waiting.count ? waiting[head].deadline : nil }

    mutating func append(_ deadline: UInt64, _ key: ActionKey) { waiting.append((deadline, key)) }

    mutating func popDue(now: UInt64) -> ActionKey? {
        guard head < waiting.count, waiting[head].deadline <= now else { return nil }
        defer {
            head += 1
            if head > 512, head * 2 > waiting.count {
                waiting.removeFirst(head)
                head = 0
            }
        }
        return waiting[head].key
    }
}
