import Testing

@testable import BrokerKit

@Suite("The watch over certificates") struct CertificateWatchTests {
    @Test(
        "warns two weeks before the end",
        arguments: [
            (15 * 86_400, nil), (14 * 86_400, nil), (14 * 86_400 - 1, "in less than 14 days"),
            (3600, "in less than 1 days"), (-1, "has expired"),
        ] as [(Int64, String?)])
    func notice(left: Int64, words: String?) {
        let now: Int64 = 1_800_000_000
        let warning = CertificateWatch.warning(end: now + left, now: now)
        #expect((warning == nil) == (words == nil))
        if let words { #expect(warning?.contains(words) == true) }
    }
}
