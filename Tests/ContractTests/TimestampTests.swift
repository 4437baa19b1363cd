import DefragTypes
import JSON
import Testing

@Suite("Times as text")
struct TimestampTests {
    @Test(
        "are seconds since 1970, whatever their offset",
        arguments: [
            ("1970-01-01T00:00:00Z", 0), ("2026-11-22T21:03:26.512Z", 1_795_381_406.512),
            ("2026-11-22T22:03:26.5+01:00", 1_795_381_406.5), ("2026-11-22t15:33:26-05:30", 1_795_381_406),
            ("2024-02-29T12:00:00z", 1_709_208_000), ("2026-13-01T00:00:00Z", 0), ("2026-02-03T25:00:00Z", 0),
        ])
    func seconds(text: String, seconds: Double) throws {
        let time: Timestamp = try JSONDecoder().decode(from: "\"\(text)\"")
        #expect(abs(time.unixSeconds - seconds) < 1e-4)
    }

    @Test("come back as they were written")
    func roundTrip() {
        #expect(
            abs(Timestamp(unixSeconds: 1_795_381_406, milliseconds: 512).unixSeconds - 1_795_381_406.512)
                < 1e-4)
    }
}
