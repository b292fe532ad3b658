import EventModel
import Foundation
import Testing

@testable import SensorCore

/// An event whose line is a little longer than `size`, and has `number` in it.
private func event(_ number: Int, size: Int = 0) -> SensorEvent {
    .coverage(
        CoverageEntry(
            source: "audit", state: .live, detail: "number \(number);" + String(repeating: "x", count: size)),
        previous: nil, time: 1)
}

/// The numbers of the events in a text of lines, each of which must be whole.
private func numbers(in text: String) throws -> [Int] {
    try text.split(separator: "\n").compactMap { line in
        let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
        let coverage = (object?["vedette"] as? [String: Any])?["coverage"] as? [String: Any]
        return (coverage?["detail"] as? String).flatMap { Int($0.dropFirst(7).prefix { $0 != ";" }) }
    }
}

@Suite struct AlertFileTests {
    @Test func acknowledgesWhatIsInTheFile() throws {
        let directory = try TestDirectory()
        let file = try AlertFile(path: directory.log)
        var taken: UInt64 = 0
        for number in 1...1_000 {
            taken = file.take(event(number))
            if number % 10 == 0 { file.flush() }
            let durable = Int(file.durable)
            if durable > 0, number % 100 == 0 {
                // The line that is being written is not whole yet.
                let all = directory.all
                let present = try numbers(in: String(all[...(all.lastIndex(of: "\n") ?? all.startIndex)]))
                #expect(present.count >= durable)
            }
        }
        #expect(taken == 1_000)
        let isAcknowledged = eventually { file.durable == taken }
        #expect(isAcknowledged)
        #expect(try numbers(in: directory.all) == Array(1...1_000))
        let isComplete = file.finish()
        #expect(isComplete)
    }

    @Test func signalsTheOwnerWhenMoreIsDurable() throws {
        let directory = try TestDirectory()
        let wake = try WakeEvent()
        let file = try AlertFile(path: directory.log, wake: wake)
        file.take(event(1))
        #expect(!wake.wait(timeout: 0))
        file.flush()
        #expect(wake.wait(timeout: 10_000))
        #expect(file.durable == 1)
        let isComplete = file.finish()
        #expect(isComplete)
    }

    @Test func writesEverythingBeforeItEnds() throws {
        let directory = try TestDirectory()
        var options = AlertFileOptions()
        options.limit = 4 << 20
        let file = try AlertFile(path: directory.log, options: options)
        for number in 1...5_000 { file.take(event(number)) }
        let isComplete = file.finish()
        #expect(isComplete)
        #expect(file.durable == 5_000)
        #expect(try numbers(in: directory.all) == Array(1...5_000))
    }

    @Test func aDiskThatStandsStillHoldsNobodyUpAndTheLossIsTold() throws {
        let directory = try TestDirectory()
        let isStuck = Flag()
        var options = AlertFileOptions()
        options.limit = 65_536
        options.flush = { descriptor in
            while isStuck.value { usleep(1_000) }
            return fdatasync(descriptor)
        }
        let file = try AlertFile(path: directory.log, options: options)
        isStuck.value = true
        defer { isStuck.value = false }
        let begin = Date()
        for number in 1...100 {
            file.take(event(number, size: 4_096))
            file.flush()
        }
        #expect(Date().timeIntervalSince(begin) < 2)
        #expect((80...90).contains(file.lost))
        #expect(file.durable == 0)
        isStuck.value = false
        // What was lost is acknowledged with the gap that tells of it.
        let isAcknowledged = eventually {
            file.flush()
            return file.durable == 100
        }
        #expect(isAcknowledged)
        let text = directory.all
        #expect(text.contains("output_blocked"))
        #expect(text.contains("\"count\":\(file.lost)"))
        #expect(try numbers(in: text) == Array(1...(100 - Int(file.lost))))
        let isComplete = file.finish()
        #expect(isComplete)
    }

    @Test func tellsTheTroubleAndThatItHasPassed() throws {
        let directory = try TestDirectory()
        let isBroken = Flag()
        var options = AlertFileOptions()
        options.flush = {
            isBroken.value
                ? {
                    errno = ENOSPC
                    return -1
                }() : fdatasync($0)
        }
        let file = try AlertFile(path: directory.log, options: options)
        isBroken.value = true
        let taken = file.take(event(1))
        file.flush()
        let isTold = eventually { file.status.trouble?.errno == ENOSPC }
        #expect(isTold)
        // Over some tries.
        let isForgotten = eventually(within: 0.7) { file.status.trouble == nil }
        #expect(!isForgotten)
        #expect(file.durable == 0)
        isBroken.value = false
        let hasPassed = eventually { file.durable == taken && file.status.trouble == nil }
        #expect(hasPassed)
        #expect(try numbers(in: directory.all) == [1])
        let isComplete = file.finish()
        #expect(isComplete)
    }

    @Test func goesToANewFileWhenAsked() throws {
        let directory = try TestDirectory()
        let file = try AlertFile(path: directory.log)
        file.take(event(1))
        file.flush()
        let isWritten = eventually { file.durable == 1 }
        #expect(isWritten)
        #expect(rename(directory.log, directory.rotated(1)) == 0)
        file.reopen()
        let isThere = eventually(within: 1) { directory.read(directory.log) != nil }
        #expect(isThere)
        file.take(event(2))
        let isComplete = file.finish()
        #expect(isComplete)
        #expect(try numbers(in: directory.read(directory.rotated(1)) ?? "") == [1])
        #expect(try numbers(in: directory.read(directory.log) ?? "") == [2])
    }

    @Test func rotatesWhenAskedWhateverTheSize() throws {
        let directory = try TestDirectory()
        let file = try AlertFile(path: directory.log)
        file.take(event(1))
        file.flush()
        let isWritten = eventually { file.durable == 1 }
        #expect(isWritten)
        file.rotate()
        let isRotated = eventually { directory.read(directory.rotated(1)) != nil }
        #expect(isRotated)
        file.take(event(2))
        let isComplete = file.finish()
        #expect(isComplete)
        #expect(try numbers(in: directory.read(directory.rotated(1)) ?? "") == [1])
        #expect(try numbers(in: directory.read(directory.log) ?? "") == [2])
    }

    @Test func noticesByItselfThatTheFileIsGone() throws {
        let directory = try TestDirectory()
        let file = try AlertFile(path: directory.log)
        unlink(directory.log)
        let isThere = eventually { directory.read(directory.log) != nil }
        #expect(isThere)
        let isTold = eventually { file.status.removed == 1 }
        #expect(isTold)
        let isComplete = file.finish()
        #expect(isComplete)
    }
}
