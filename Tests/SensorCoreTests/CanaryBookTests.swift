import Testing

@testable import SensorCore

@Suite struct CanaryBookTests {
    private static let made: UInt64 = 1_000_000_000
    private static let late = made + CanaryBook.patience

    /// A book in which a canary is awaited by fanotify in two places, and by audit.
    private static func book() -> CanaryBook {
        var book = CanaryBook()
        book.begin()
        book.await([.fanotify: [1, 2], .audit: [0], .taskstats: []], now: made)
        return book
    }

    @Test func whatWasHeardInAllPlacesIsToldOnce() {
        var book = Self.book()
        book.hear(.fanotify, in: 1)
        #expect(book.settle(now: Self.made, isDrained: { _ in true }).isEmpty)
        book.hear(.fanotify, in: 2)
        #expect(book.settle(now: Self.made, isDrained: { _ in true }) == [.fanotify: .heard])
        #expect(book.settle(now: Self.made, isDrained: { _ in true }).isEmpty)
        #expect(!book.isSettled)
    }

    @Test func whatCameBeforeTheCanaryWasCompleteCounts() {
        var book = CanaryBook()
        book.begin()
        book.hear(.audit)
        book.await([.audit: [0]], now: Self.made)
        #expect(book.settle(now: Self.made, isDrained: { _ in false }) == [.audit: .heard])
        #expect(book.isSettled)
    }

    @Test func silenceIsToldWhenTimeIsUpWithThePlaces() {
        var book = Self.book()
        book.hear(.fanotify, in: 1)
        #expect(book.settle(now: Self.late - 1, isDrained: { _ in true }).isEmpty)
        let outcomes = book.settle(now: Self.late, isDrained: { _ in true })
        #expect(outcomes == [.fanotify: .silent([2]), .audit: .silent([0])])
        #expect(book.isSettled)
    }

    @Test func aQueueWithSomethingInItGetsMoreTime() {
        var book = Self.book()
        let outcomes = book.settle(now: Self.late, isDrained: { $0 != .audit })
        #expect(outcomes == [.fanotify: .silent([1, 2])])
        book.hear(.audit)
        #expect(book.settle(now: Self.late * 9, isDrained: { _ in true }) == [.audit: .heard])
    }

    @Test func anExcusedSourceIsNeitherHeardNorSilent() {
        var book = Self.book()
        book.excuse(.fanotify)
        book.hear(.audit)
        #expect(book.settle(now: Self.late, isDrained: { _ in true }) == [.audit: .heard])
        #expect(book.isSettled)
    }

    @Test func aNewCanaryKnowsNothingOfTheLast() {
        var book = Self.book()
        book.hear(.audit)
        book.excuse(.fanotify)
        book.begin()
        book.await([.audit: [0], .fanotify: [1]], now: Self.made)
        let outcomes = book.settle(now: Self.late, isDrained: { _ in true })
        #expect(outcomes == [.audit: .silent([0]), .fanotify: .silent([1])])
    }
}
