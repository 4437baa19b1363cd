import Contract
import Foundation
import Testing

@testable import Rollout

@Suite("The coordinator's own labels of hosts")
struct InventoryTests {
    private static let inventory = Inventory([
        .init(hosts: "web-1", labels: ["rack": "r1"]),
        .init(hosts: "web-*", labels: ["rack": "r2", "cluster": "c1"]),
        .init(hosts: "db", labels: [:]),
    ])

    @Test(
        "go before what a host says; the first entry that has one decides it",
        arguments: [
            ("web-1", ["rack": "mine", "zone": "z"], ["rack": "r1", "cluster": "c1", "zone": "z"]),
            ("web-2", ["rack": "mine"], ["rack": "r2", "cluster": "c1"]),
            ("web-2", [:], ["rack": "r2", "cluster": "c1"]), ("db", ["rack": "mine"], ["rack": "mine"]),
            ("other", [:], [:]),
        ])
    func labels(host: String, own: [String: String], all: [String: String]) {
        #expect(Self.inventory.labels(of: name(host), saying: own) == all)
    }

    @Test("select hosts, also such as were never heard and are named, and are theirs in the rollout")
    func selection() {
        var fleet = Fleet(lostAfter: 60, inventory: Self.inventory)
        let now = Date(timeIntervalSince1970: 1_800_000_000)
        for host in ["web-1", "web-2", "db"] {
            var state = hostState()
            state.labels = ["rack": "r1"]
            _ = fleet.heard(name(host), .hostState(state), at: now)
        }
        func selected(_ hosts: [String], _ labels: [String: [String]]) -> [String] {
            fleet.selected(by: .init(hosts: hosts, labels: labels, paths: ["/*"])).map {
                "\($0.name) \($0.labels["rack"] ?? "-")"
            }
        }
        #expect(selected(["*"], ["rack": ["r1"]]) == ["db r1", "web-1 r1"])
        #expect(selected(["*"], ["rack": ["r2"]]) == ["web-2 r2"])
        #expect(selected(["web-3", "x"], ["rack": ["r2"]]) == ["web-3 r2"])
        #expect(selected(["web-3", "x"], [:]) == ["web-3 r2", "x -"])
    }
}
