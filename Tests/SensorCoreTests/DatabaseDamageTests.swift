import Baseline
import Testing

@testable import SensorCore

@Suite struct DatabaseDamageTests {
    private static let second: UInt64 = 1_000_000_000
    private static let start = 10_000 * second

    /// SQLITE_IOERR_READ, _SHORT_READ, _CORRUPTFS.
    @Test(arguments: [Int32(266), 522, 8_458])
    func whatCannotBeReadThreeTimesIsLost(code: Int32) {
        let error = DatabaseError(code: code, message: "disk I/O error")
        var damage = DatabaseDamage()
        #expect(error.isReadFailure && !error.isFull && !error.isCorrupt)
        #expect(
            (0..<4).map { damage.isCertain(error, now: Self.start + $0 * Self.second) } == [
                false, false, true, false,
            ])
    }

    @Test func failuresLongAgoAreOfNoRow() {
        let error = DatabaseError(code: 266, message: "disk I/O error")
        var damage = DatabaseDamage()
        let times = (0..<4).map { Self.start + $0 * 1_201 * Self.second }
        #expect(times.map { damage.isCertain(error, now: $0) } == [false, false, false, false])
    }

    /// SQLITE_CORRUPT, SQLITE_FULL, SQLITE_IOERR_WRITE.
    @Test(arguments: [(Int32(11), true), (13, false), (778, false)])
    func othersSayItAtOnceOrNever(code: Int32, isCertain: Bool) {
        var damage = DatabaseDamage()
        let error = DatabaseError(code: code, message: "")
        #expect((0..<5).allSatisfy { damage.isCertain(error, now: Self.start + $0) == isCertain })
        #expect(error.isFull == !isCertain)
    }
}
