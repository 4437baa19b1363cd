import DefragTypes
import Testing

@Suite("Floors of free space")
struct FreeSpaceFloorTests {
    @Test(
        arguments: [
            ("5%", FreeSpaceFloor.percent(5)), ("0%", .percent(0)), ("100%", .percent(100)),
            ("2.5%", .percent(2.5)), ("10GiB", .bytes(.gibibytes(10))), ("0", .bytes(0)),
        ])
    func parses(text: String, floor: FreeSpaceFloor) {
        #expect(FreeSpaceFloor(text) == floor)
    }

    @Test(arguments: ["", "%", "-1%", "101%", "5 %", "5%%", "five", "-10GiB", "nan%"])
    func refuses(text: String) {
        #expect(FreeSpaceFloor(text) == nil)
    }

    @Test(arguments: ["5%", "2.5%", "10GiB", "0B"])
    func survivesAsText(text: String) {
        #expect(FreeSpaceFloor(text)?.description == text)
    }

    @Test func ofAFileSystem() {
        #expect(FreeSpaceFloor.percent(5).bytes(ofFileSystem: .gibibytes(100)) == .gibibytes(5))
        #expect(FreeSpaceFloor.percent(100).bytes(ofFileSystem: ByteCount(Int64.max)).rawValue > 0)
        #expect(FreeSpaceFloor.bytes(7).bytes(ofFileSystem: .zero) == 7)
    }
}

@Suite("Settings of a policy")
struct PolicySettingTests {
    private func overrides(_ options: [(String, String)]) throws -> PolicyOverrides {
        var overrides = PolicyOverrides()
        for (option, text) in options {
            let setting = try #require(PolicySetting.all.first { $0.option == option }, "\(option)")
            try setting.set(text, in: &overrides)
        }
        return overrides
    }

    @Test func everySettingReachesThePolicy() throws {
        let policy = Policy(
            try overrides([
                ("--max-pause", "5ms"), ("--max-chunk", "1MiB"), ("--window", "8MiB"), ("--duty", "25%"),
                ("--idle", "1ms"), ("--rate", "64MiB"), ("--target-extent", "4MiB"), ("--sharing", "unshare"),
                ("--unshare-budget", "1GiB"), ("--min-free", "10GiB"),
            ]))
        #expect(policy.maxPause == .milliseconds(5))
        #expect(policy.maxChunk == .mebibytes(1))
        #expect(policy.window == .mebibytes(8))
        #expect(policy.duty == 0.25)
        #expect(policy.idle == .milliseconds(1))
        #expect(policy.rate == .mebibytes(64))
        #expect(policy.targetExtent == .mebibytes(4))
        #expect(policy.sharing == .unshare)
        #expect(policy.unshareBudget == .gibibytes(1))
        #expect(policy.minFree == .bytes(.gibibytes(10)))
        #expect(PolicySetting.all.count == 10, "a setting that this test does not know")
    }

    @Test(
        "the edges of every range",
        arguments: [
            ("--max-pause", ["1ms", "10s"], ["0", "999us", "11s", "5x"]),
            ("--max-chunk", ["64KiB", "1GiB", "68KiB"], ["60KiB", "2GiB", "65KiB", "0", "-1"]),
            ("--window", ["1MiB", "1GiB"], ["512KiB", "2GiB", "1048577"]),
            ("--duty", ["1%", "100%", "50", "12.5%"], ["0%", "0.5%", "101%", "-5%", "half", "%", ""]),
            ("--idle", ["0", "60s"], ["61s", "-1s"]),
            ("--rate", ["64KiB", "10GiB"], ["0", "63KiB"]),
            ("--target-extent", ["64KiB", "8GiB"], ["4KiB", "9GiB"]),
            ("--sharing", ["preserve", "unshare"], ["Preserve", "", "keep"]),
            ("--unshare-budget", ["0", "1TiB"], ["-1", "all"]),
            ("--min-free", ["0%", "100%", "0", "1GiB"], ["-1%", "101%", "x"]),
        ])
    func ranges(option: String, good: [String], bad: [String]) throws {
        for text in good { #expect(throws: Never.self) { try overrides([(option, text)]) } }
        for text in bad {
            let error = try #require(throws: PolicyTextError.self, "\(option) \(text)") {
                try overrides([(option, text)])
            }
            #expect(error.message.contains(option), "\(error)")
        }
    }

    @Test func aRefusedValueChangesNothing() throws {
        var overrides = try overrides([("--window", "8MiB")])
        let before = overrides
        let window = try #require(PolicySetting.all.first { $0.key == "window" })
        #expect(throws: PolicyTextError.self) { try window.set("1KiB", in: &overrides) }
        #expect(overrides == before)
    }

    @Test func theNewerOverridesWin() throws {
        let older = try overrides([("--window", "8MiB"), ("--duty", "25%")])
        let merged = older.merged(with: try overrides([("--duty", "75%"), ("--idle", "1s")]))
        #expect(merged == (try overrides([("--window", "8MiB"), ("--duty", "75%"), ("--idle", "1s")])))
        #expect(older.merged(with: PolicyOverrides()) == older)
        #expect(Policy(PolicyOverrides()) == Policy())
    }
}

@Suite("Statistics of extents")
struct ExtentStatisticsTests {
    @Test func bucketsAreHalfOpenBelow() {
        var statistics = ExtentStatistics()
        #expect(statistics.averageExtent == .zero)
        for length in [1, 4096, 4097, 16384, 1 << 30, (1 << 30) + 1, 1 << 42] {
            statistics.count(extentOf: ByteCount(length))
        }
        #expect(statistics.extents == 7)
        #expect(statistics.histogram.map(\.extents) == [2, 2, 0, 0, 0, 0, 0, 0, 0, 1, 2])
        #expect(statistics.histogram.map(\.upTo.rawValue).prefix(3) == [4096, 16384, 65536])
        #expect(statistics.histogram.reduce(0) { $0 + $1.bytes.rawValue } == statistics.mappedBytes.rawValue)
    }

    @Test func average() {
        var statistics = ExtentStatistics()
        statistics.count(extentOf: 4096)
        statistics.count(extentOf: 8192)
        #expect(statistics.averageExtent == 6144)
    }
}
