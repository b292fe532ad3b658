/// A set that forgets its oldest half when it is full.
struct RecentSet<Element: Hashable> {
    private var young: Set<Element> = []
    private var old: Set<Element> = []
    private let half: Int

    init(capacity: Int) { half = max(capacity / 2, 1) }

    func contains(_ element: Element) -> Bool { young.contains(element) || old.contains(element) }

    mutating func insert(_ element: Element) {
        if young.count >= half {
            old = young
            young = []
        }
        young.insert(element)
    }
}
