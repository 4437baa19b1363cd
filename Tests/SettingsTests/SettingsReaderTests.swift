import Settings
import Testing

@Suite("A program's settings") struct SettingsReaderTests {
    enum Key: String, SettingKey {
        case amqpURL, tlsCAFile, stateInterval, roots, labels, logLevel
        case tokenFile = "tcp.tokenFile"
    }

    @Test(
        arguments: [
            (Key.amqpURL, "REFLOW_AMQP_URL"), (.tlsCAFile, "REFLOW_TLS_CA_FILE"),
            (.stateInterval, "REFLOW_STATE_INTERVAL"), (.tokenFile, "REFLOW_TCP_TOKEN_FILE"),
        ] as [(Key, String)])
    func variables(key: Key, name: String) { #expect(key.variable == name) }

    @Test("The environment goes before the file, in its own form")
    func precedence() {
        var reader = SettingsReader<Key>(environment: [
            "REFLOW_ROOTS": "/a:/b", "REFLOW_LABELS": "rack=r1,row=7",
        ])
        reader.take(.roots, .list(["/c"]), at: "file: roots")
        reader.take(.stateInterval, .number(2), at: "file: stateInterval")
        #expect(reader.list(.roots) == ["/a", "/b"])
        #expect(reader.labels(.labels) == ["rack": "r1", "row": "7"])
        #expect(reader.duration(.stateInterval, such: "10s") == .seconds(2))
        #expect(reader.text(.amqpURL) == nil)
        #expect(
            reader.isFromFile(.stateInterval) && !reader.isFromFile(.roots) && !reader.isFromFile(.amqpURL))
        #expect(reader.problems == [])
    }

    @Test("Everything that is wrong is named, in the order of the file, and what the file has not at the end")
    func problems() {
        var reader = SettingsReader<Key>(environment: ["REFLOW_LOG_LEVEL": "loud", "REFLOW_LABELS": "rack"])
        reader.refuse("file line 2: colour is no setting", line: 2)
        reader.take(.roots, .text("/a"), at: "file line 3: roots", line: 3)
        reader.take(.amqpURL, .list([]), at: "file line 1: amqpURL", line: 1)
        #expect(reader.labels(.labels) == nil)
        #expect(reader.logLevel(.logLevel) == nil)
        #expect(reader.list(.roots) == nil)
        #expect(reader.text(.amqpURL) == nil)
        reader.refuse(.tokenFile, "is needed")
        #expect(
            reader.problems == [
                "file line 1: amqpURL is one text", "file line 2: colour is no setting",
                "file line 3: roots is a list of texts",
                "REFLOW_LABELS: 'rack' is not key=value, or comes twice; write rack=r1,cluster=c2",
                "REFLOW_LOG_LEVEL: 'loud' is none of trace, debug, info, notice, warning, error, critical",
                "tcp.tokenFile is needed",
            ])
    }

    @Test("No duration is too long to be refused", arguments: [1e30, -1e30, 1e9])
    func durations(seconds: Double) {
        var reader = SettingsReader<Key>(environment: [:])
        reader.take(.stateInterval, .number(seconds), at: "file")
        #expect(
            reader.duration(.stateInterval, such: "10s").map { $0 < .zero || $0 > .seconds(86_400) } == true)
    }
}
