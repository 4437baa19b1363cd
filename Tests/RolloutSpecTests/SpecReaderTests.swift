import DefragTypes
import Rollout
import RolloutSpec
import Testing

@Suite("a rollout's specification") struct SpecReaderTests {
    @Test("is read as the manual's example has it")
    func example() throws {
        let spec = try SpecReader.read(
            """
            name: november
            targets: {hosts: [web-*], labels: {rack: [r1, r2]}, paths: [/srv/vm/**/*.img], minExtents: 1000}
            policy:  {maxPause: 20ms, sharing: preserve, minFree: 10%}
            strategy:
              canary: {hosts: 1, soak: 10m}
              concurrency: {hosts: 5%, perLabel: {rack: 1}}
              ramp: [1, 2, 4, 8]
              errorBudget: {failures: 3}          # one more pauses the rollout; a percentage rounds down
              windows: [{days: mon-fri, from: "22:00", to: "05:00", zone: Europe/Berlin, cutoff: 10m}]
            """)
        var policy = PolicyOverrides()
        policy.maxPause = .milliseconds(20)
        policy.sharing = .preserve
        policy.minFree = .percent(10)
        let from = try #require(MaintenanceWindow.TimeOfDay(hour: 22, minute: 0))
        let to = try #require(MaintenanceWindow.TimeOfDay(hour: 5, minute: 0))
        let window = MaintenanceWindow(
            days: [.mon, .tue, .wed, .thu, .fri], from: from, to: to, zone: "Europe/Berlin", cutoff: 600)
        let expected = RolloutSpec(
            name: "november",
            targets: .init(
                hosts: ["web-*"], labels: ["rack": ["r1", "r2"]], paths: ["/srv/vm/**/*.img"],
                minExtents: 1000),
            policy: policy,
            strategy: .init(
                canary: .init(hosts: 1, soak: 600), concurrency: .percent(5), perLabel: ["rack": 1],
                ramp: [1, 2, 4, 8], errorBudget: .number(3), windows: [window]))
        #expect(spec == expected)
    }

    @Test("may use every key, in the other style of YAML")
    func everything() throws {
        let spec = try SpecReader.read(
            """
            ---
            name: "all of it: really"
            targets:
              labels:
                rack:
                  - r1
                cluster: [c1, c.2]
              paths:
                - /srv/vm
                - '/srv/a & b/*.img'
              minExtents: 1
              minSize: 1.5GiB
            policy:
              maxPause: 5ms
              maxChunk: 8MiB
              window: 4MiB
              duty: 20%
              idle: 0
              rate: 100MiB
              targetExtent: 8MiB
              sharing: preserve
              unshareBudget: 10GiB
              minFree: 20GiB
            strategy:
              canary:
                hosts: 2
              concurrency:
                hosts: 8
              errorBudget: 2.5%
              attempts: 5
              backOff: 1m
              slice: 5m
              giveUpAfter: 1d
            """)
        #expect(spec.name == "all of it: really")
        #expect(spec.targets.hosts == ["*"], "labels alone select")
        #expect(spec.targets.labels == ["rack": ["r1"], "cluster": ["c1", "c.2"]])
        #expect(spec.targets.paths == ["/srv/vm", "/srv/a & b/*.img"])
        #expect(spec.targets.minExtents == 1)
        #expect(spec.targets.minSize == .mebibytes(1536))
        #expect(spec.policy.maxPause == .milliseconds(5))
        #expect(spec.policy.maxChunk == .mebibytes(8))
        #expect(spec.policy.window == .mebibytes(4))
        #expect(spec.policy.duty == 0.2)
        #expect(spec.policy.idle == .zero)
        #expect(spec.policy.rate == .mebibytes(100))
        #expect(spec.policy.targetExtent == .mebibytes(8))
        #expect(spec.policy.sharing == .preserve)
        #expect(spec.policy.unshareBudget == .gibibytes(10))
        #expect(spec.policy.minFree == .bytes(.gibibytes(20)))
        let expected = RolloutSpec.Strategy(
            canary: .init(hosts: 2, soak: 0), concurrency: .number(8), errorBudget: .percent(2.5),
            attempts: 5,
            backOff: 60, slice: 300, giveUpAfter: 86_400)
        #expect(spec.strategy == expected)
    }

    @Test("has defaults for all but its name and its targets")
    func defaults() throws {
        let spec = try SpecReader.read("{name: n, targets: {hosts: ['*'], paths: [/v]}}")
        #expect(spec == RolloutSpec(name: "n", targets: .init(hosts: ["*"], paths: ["/v"])))
        #expect(spec.targets.minExtents == 2)
        #expect(spec.strategy.attempts == 3)
    }

    @Test(
        "takes days of the week in each way in which they are written",
        arguments: [
            ("daily", "sun mon tue wed thu fri sat"), ("sat,sun", "sun sat"), ("sat, sun", "sun sat"),
            ("[sat, sun]", "sun sat"), ("mon", "mon"), ("fri-mon", "sun mon fri sat"),
            ("[mon-wed, sat]", "mon tue wed sat"), ("\"mon-tue,thu\"", "mon tue thu"), ("mon-mon", "mon"),
            ("sun-sat", "sun mon tue wed thu fri sat"),
        ])
    func days(text: String, days: String) throws {
        let found = try window(days: text).days
        #expect(
            MaintenanceWindow.Day.allCases.filter(found.contains).map(\.rawValue).joined(separator: " ")
                == days)
    }

    @Test(
        "takes times of day with and without quotes, which are numbers in base 60 to YAML 1.1",
        arguments: ["22:00", "'22:00'", "\"22:00\""],
        ["{from: T, to: 5:07}", "\n      from: T\n      to: '05:07'"])
    func times(time: String, shape: String) throws {
        let spec = try SpecReader.read(Self.head + "    - " + shape.replacing("T", with: time))
        let window = try #require(spec.strategy.windows.first)
        #expect(window.from == MaintenanceWindow.TimeOfDay(hour: 22, minute: 0))
        #expect(window.to == MaintenanceWindow.TimeOfDay(hour: 5, minute: 7))
        #expect(window.days.count == 7)
        #expect(window.zone == "UTC")
    }

    private static let head = "name: n\ntargets: {hosts: [a], paths: [/v]}\nstrategy:\n  windows:\n"

    private func window(days: String) throws -> MaintenanceWindow {
        let text = Self.head + "    - days: \(days)\n      from: 1:00\n      to: 2:00\n"
        return try #require(try SpecReader.read(text).strategy.windows.first)
    }
}
