import Contract
import DefragTypes
import Foundation
import GRDB
import Testing

@testable import Coordinator
@testable import ReflowAPI

@Suite("A backup of the store") struct BackupTests {
    private func record(_ what: String, in store: Store) async throws {
        try await store.write {
            _ = try $0.record(.init(time: .now, who: "ada", action: what, object: "x"))
        }
    }

    /// As the coordinator reads them that begins with the database.
    private func records(of path: String) async throws -> [String] {
        let store = try Store(path: path)
        let audit = try await store.read { try $0.audit(limit: .max) }
        try store.close()
        return audit.map(\.action)
    }

    /// As anyone reads them, whose lock does not matter.
    private func records(at path: String) throws -> [String] {
        let queue = try DatabaseQueue(path: path)
        let rows = try queue.read {
            try String.fetchAll($0, sql: "SELECT action FROM audit ORDER BY id DESC")
        }
        try queue.close()
        return rows
    }

    @Test(
        "has all that was stored, also what is in the log alone, in one file that a coordinator begins with")
    func whileItWorks() async throws {
        let bench = try StoreBench("backup")
        let store = try Store(path: bench.path)
        for number in 1...3 { try await record("\(number)", in: store) }
        let copy = bench.path + ".copy"
        let bytes = try StoreBackup(database: bench.path, copy: copy).make()
        try await record("after", in: store)
        let attributes = try FileManager.default.attributesOfItem(atPath: copy)
        #expect(attributes[.size] as? Int64 == bytes)
        #expect(attributes[.posixPermissions] as? Int == 0o600)
        let folder = (copy as NSString).deletingLastPathComponent
        let beside = try FileManager.default.contentsOfDirectory(atPath: folder).filter {
            $0.contains("copy")
        }
        #expect(beside.count == 1, "\(beside)")
        #expect(try await records(of: copy) == ["3", "2", "1"])
        try store.close()
        #expect(try records(at: bench.path) == ["after", "3", "2", "1"])
    }

    @Test(
        "is consistent in the middle of transactions, and takes the place of an older one only when it is complete"
    )
    func underLoad() async throws {
        let bench = try StoreBench("load")
        let store = try Store(path: bench.path)
        let writer = Task {
            var pairs = 0
            while !Task.isCancelled {
                // Both, or neither.
                try await store.write { [pairs] write in
                    _ = try write.record(.init(time: .now, who: "ada", action: "\(pairs)", object: "x"))
                    _ = try write.record(.init(time: .now, who: "ada", action: "\(pairs)", object: "y"))
                }
                pairs += 1
                await Task.yield()
            }
            return pairs
        }
        let copy = bench.path + ".copy"
        var before = 0
        for _ in 0..<5 {
            _ = try StoreBackup(database: bench.path, copy: copy).make()
            let found = try records(at: copy)
            #expect(found.count.isMultiple(of: 2))
            #expect(found.count >= before)
            before = found.count
            try await Task.sleep(for: .milliseconds(20))
        }
        writer.cancel()
        #expect(try await writer.value * 2 >= before)
        try store.close()
    }

    @Test("of a database that nobody has open")
    func atRest() async throws {
        let bench = try StoreBench("rest")
        let store = try Store(path: bench.path)
        try await record("1", in: store)
        try store.close()
        _ = try StoreBackup(database: bench.path, copy: bench.path + ".copy").make()
        #expect(try await records(of: bench.path + ".copy") == ["1"])
        #expect(try records(at: bench.path) == ["1"])
    }

    @Test("leaves alone what is no backup, and says what is wrong")
    func refused() throws {
        let bench = try StoreBench("refused")
        let copy = bench.path + ".copy"
        func problem(_ database: String, _ copy: String) -> String {
            do throws(StoreError) {
                _ = try StoreBackup(database: database, copy: copy).make()
                return ""
            } catch {
                return error.message
            }
        }
        #expect(problem(bench.path, copy).hasPrefix("there is no database \(bench.path): name"))
        try Store(path: bench.path).close()
        #expect(
            problem(bench.path, bench.path).hasSuffix(
                "is the database itself: name another file for the copy"))
        #expect(problem(bench.path, "/none/copy").hasPrefix("/none/copy.partial: No such file"))
        #expect(FileManager.default.createFile(atPath: copy, contents: Data("precious".utf8)))
        #expect(problem(bench.path, copy).contains("is there, and not a copy of a coordinator's database"))
        #expect(FileManager.default.contents(atPath: copy) == Data("precious".utf8))
        let foreign = bench.path + ".foreign"
        let queue = try DatabaseQueue(path: foreign)
        try queue.write { try $0.execute(sql: "CREATE TABLE recipe (name TEXT)") }
        try queue.close()
        #expect(problem(foreign, bench.path + ".two") == "\(foreign) is not a coordinator's database")
        #expect(
            problem(copy, bench.path + ".two") == "\(copy) is no database: move it away, or name another file"
        )
        #expect(!FileManager.default.fileExists(atPath: bench.path + ".two"))
        #expect(!FileManager.default.fileExists(atPath: bench.path + ".two.partial"))
    }
}
