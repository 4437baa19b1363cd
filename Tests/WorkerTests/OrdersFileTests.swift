import Contract
import DefragTypes
import Foundation
import Support
import Testing

@testable import Worker

@Suite("What operators want, kept for the next worker")
struct OrdersFileTests {
    @Test("is there for the next one, and nothing where there was none")
    func kept() async throws {
        let folder = try RunFolder.subfolder("orders")
        let orders = OrdersFile(in: folder)
        #expect(orders.recall() == .initial)
        let hold = Hold(generation: 7, isHeld: true, since: .now, by: "ada", why: "disk 3")
        for mode in [DesiredState.Mode.pause, .run] {
            let desired = DesiredState(generation: 5, mode: mode, hold: hold)
            try await orders.keep(desired)
            #expect(OrdersFile(in: folder).recall() == desired)
        }
        let mode = try FileManager.default.attributesOfItem(atPath: orders.path)[.posixPermissions] as? Int
        #expect(mode == 0o600)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder) == ["desired.json"])
    }

    @Test("that cannot be read holds the host, and says why", arguments: ["", "{", #"{"generation":-1}"#])
    func unreadable(text: String) throws {
        let folder = try RunFolder.subfolder("orders")
        let orders = OrdersFile(in: folder)
        try Data(text.utf8).write(to: URL(filePath: orders.path))
        let desired = orders.recall()
        #expect(!desired.mayWork)
        #expect(desired.hold?.why.hasPrefix(orders.path) == true)
        // An operator's release is newer.
        var released = desired
        let release = Hold(generation: 1_800_000_000_000, isHeld: false, since: .now, by: "ada", why: "")
        let isTaken = released.take(DesiredState(generation: 0, mode: .run, hold: release))
        #expect(isTaken)
        #expect(released.mayWork)
    }

    @Test("that cannot be written says so, and leaves what was there")
    func unwritable() async throws {
        let folder = try RunFolder.subfolder("orders")
        let orders = OrdersFile(in: folder)
        try await orders.keep(DesiredState(generation: 5, mode: .pause))
        // A folder stands where the new file would: root may write anywhere else.
        try FileManager.default.createDirectory(
            atPath: orders.path + ".new", withIntermediateDirectories: false)
        await #expect(throws: (any Error).self) {
            try await orders.keep(DesiredState(generation: 6, mode: .run))
        }
        #expect(orders.recall().generation == 5)
    }
}
