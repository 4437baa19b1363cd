import DefragTypes
import Testing

@Suite("Sizes as text")
struct ByteCountTests {
    @Test(
        arguments: [
            ("0", 0), ("4096", 4096), ("7B", 7), ("512KiB", 512 << 10), ("16MiB", 16 << 20),
            ("1GiB", 1 << 30),
            ("2TiB", 2 << 40), ("1.5GiB", 3 << 29), ("0.5KiB", 512), ("007", 7),
            ("9223372036854775807", Int64.max), ("8388607TiB", 8_388_607 << 40),
        ] as [(String, Int64)])
    func parses(text: String, bytes: Int64) {
        #expect(ByteCount(text)?.rawValue == bytes)
    }

    @Test(
        arguments: [
            "", " ", "B", "KiB", "-1", "-1KiB", "+1", "+1KiB", "1 KiB", " 1", "1KB", "1kib", "1K", "1M",
            "0x10",
            "1e3", "1e3KiB", "1.5", "1.5B", "1..5KiB", ".5KiB", "1.KiB", "1.5.5MiB", "infKiB", "nanKiB",
            "1MiBKiB",
            "٣KiB", "9223372036854775808", "8388608TiB", "99999999999999999999GiB", "8388608.5TiB", "1_000",
        ])
    func refuses(text: String) {
        #expect(ByteCount(text) == nil, "\(text)")
    }

    @Test(
        arguments: [
            (0, "0B"), (1, "1B"), (1023, "1023B"), (1024, "1KiB"), (4096, "4KiB"), (1536, "1.5KiB"),
            (1_048_575, "1MiB"), (1 << 20, "1MiB"), (3 << 29, "1.5GiB"), (1 << 40, "1TiB"),
            (-1536, "-1.5KiB"),
            (-512, "-512B"), (1_073_741_823, "1GiB"), (Int64.max, "8388608TiB"), (1_047_552, "1023KiB"),
            (Int64.min, "-8388608TiB"),
        ] as [(Int64, String)])
    func prints(bytes: Int64, text: String) {
        #expect(ByteCount(rawValue: bytes).description == text)
    }

    @Test func sumsStayWithinTheirRange() {
        #expect(ByteCount(UInt64.max).rawValue == .max)
        #expect(ByteCount.mebibytes(1) - .kibibytes(1) + 1024 == 1_048_576)
    }
}

@Suite("Sums of sizes")
struct ByteCountSumTests {
    @Test("that are too large stay at the largest, whatever hosts report")
    func saturate() {
        var sum = ByteCount(Int64.max - 1)
        sum += 5
        #expect(sum == ByteCount(Int64.max))
        #expect(ByteCount(Int64.min) + -1 == ByteCount(Int64.min))
        #expect(ByteCount(3) + -4 == -1)
    }
}

@Suite("Lengths of time as text")
struct DurationTextTests {
    @Test(
        arguments: [
            ("20ms", Duration.milliseconds(20)), ("340us", .microseconds(340)), ("60s", .seconds(60)),
            ("0", .zero), ("1.5h", .seconds(5400)),
            ("2d", .seconds(172_800)), ("2h", .seconds(7200)), ("10m", .seconds(600)), ("0ms", .zero),
        ] as [(String, Duration)])
    func parses(text: String, duration: Duration) {
        #expect(Duration(text: text) == duration)
    }

    @Test(
        arguments: [
            "", "5", "0.5", "ms", "-5s", "+5s", "5 s", "5sec", "1h30m", "5S", "1e3s", "inf", "nan", "0x5s",
            "1.5.5s",
            "5ns",
            "99999999999999d", "1s ",
        ])
    func refuses(text: String) {
        #expect(Duration(text: text) == nil, "\(text)")
    }

    @Test(
        arguments: [
            (Duration.zero, "0s"), (.microseconds(340), "340us"), (.milliseconds(18), "18ms"),
            (.nanoseconds(400), "0us"), (.microseconds(999), "999us"), (.nanoseconds(999_999), "1ms"),
            (.microseconds(999_900), "1s"), (.milliseconds(4210), "4.2s"), (.milliseconds(59_990), "1m00s"),
            (.seconds(60), "1m00s"), (.seconds(200), "3m20s"), (.milliseconds(3_599_900), "1h00m"),
            (.seconds(3900), "1h05m"), (.seconds(90_000), "25h00m"), (.milliseconds(-20), "-20ms"),
        ] as [(Duration, String)])
    func prints(duration: Duration, text: String) {
        #expect(duration.text == text)
    }

    @Test func units() {
        #expect(Duration.milliseconds(1500).inSeconds == 1.5)
        #expect(Duration.microseconds(1500).inMilliseconds == 1.5)
    }

    @Test("sums and differences that do not fit stay at the nearest that does")
    func saturating() {
        let (most, least) = (ByteCount(Int64.max), ByteCount(Int64.min))
        #expect(most + most == most && least + least == least)
        #expect(least - most == least && most - least == most && ByteCount(5) - ByteCount(7) == ByteCount(-2))
        var count = least
        count -= ByteCount(1)
        #expect(count == least)
    }

    @Test(
        "numbers that were calculated",
        arguments: [
            (1.5, 2), (-1e30, Int64.min), (1e30, Int64.max), (9.3e18, Int64.max), (.infinity, Int64.max),
            (.nan, 0),
        ] as [(Double, Int64)])
    func calculated(number: Double, bytes: Int64) {
        #expect(ByteCount(saturating: number).rawValue == bytes)
    }
}
