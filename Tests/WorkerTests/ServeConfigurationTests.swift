import AMQP
import Contract
import Settings
import Support
import Testing

@testable import Worker

@Suite("serve's configuration") struct ServeConfigurationTests {
    private func file(_ text: String) throws -> String {
        let path = try RunFolder.subfolder("configuration") + "/worker.json"
        try Tool.run("sh", "-c", "printf %s \"$1\" > \"$2\"", "sh", text, path)
        return path
    }

    @Test("comes from the file, over which the environment has the last word")
    func precedence() throws {
        let path = try file(
            #"{"amqpURL":"amqp://u:p@broker:5673/v","host":"one","roots":["/a/","/b"],"stateInterval":2,"labels":{"rack":"r1"}}"#
        )
        let plain = try ServeConfiguration(file: path, environment: [:])
        #expect(plain.host.description == "one")
        #expect(plain.roots == ["/a", "/b"])
        #expect(plain.endpoint.brokers == [.init(host: "broker", port: 5673)])
        #expect(plain.stateInterval == .seconds(2))
        #expect(plain.logFormat == .text)
        #expect(plain.labels == ["rack": "r1"])
        let over = try ServeConfiguration(
            file: path,
            environment: [
                "REFLOW_HOST": "two", "REFLOW_ROOTS": "/c:/d", "REFLOW_STATE_INTERVAL": "5s",
                "REFLOW_LABELS": "rack=r2,row=7", "REFLOW_LOG_FORMAT": "json",
            ])
        #expect(over.labels == ["rack": "r2", "row": "7"])
        #expect(over.logFormat == .json)
        #expect(over.host.description == "two")
        #expect(over.roots == ["/c", "/d"])
        #expect(over.stateInterval == .seconds(5))
    }

    @Test(
        "says what is wrong",
        arguments: [
            (#"{"root":["/a"]}"#, "'root' is no setting"), (#"{"roots":"/a"}"#, "roots"),
            (#"{"roots":[]}"#, "empty"),
            (#"{"roots":["/a"],"host":"A.b"}"#, "A.b"), (#"{"roots":["/a"],}"#, "line 1"),
            (#"{"roots":["/a"],"stateInterval":60}"#, "stateInterval"),
            (#"{"roots":["/a"],"labels":{"rack":"a b"}}"#, "rack=a b"),
            (#"{"roots":["/a"],"stateInterval":1e30}"#, "stateInterval"),
            (#"{"roots":["/a"],"logFormat":"xml"}"#, "neither text nor json"),
        ])
    func wrong(text: String, words: String) throws {
        let path = try file(text)
        let error = #expect(throws: ConfigurationError.self) {
            try ServeConfiguration(file: path, environment: [:])
        }
        #expect(error?.description.contains(words) == true, "\(error?.description ?? "")")
    }

    @Test("says all of it at once")
    func allWrong() throws {
        let path = try file(#"{"roots":["a"],"logLevel":"loud"}"#)
        let error = #expect(throws: ConfigurationError.self) {
            try ServeConfiguration(
                file: path, environment: ["REFLOW_AMQP_URL": "http://b/", "REFLOW_LABELS": "r1"])
        }
        let settings = error?.description.split(separator: "\n").map { $0.prefix { $0 != " " && $0 != ":" } }
        #expect(settings == ["REFLOW_AMQP_URL", "REFLOW_ROOTS", "REFLOW_LABELS", "REFLOW_LOG_LEVEL"])
    }

    @Test("a file that is not there is named")
    func missing() {
        let error = #expect(throws: ConfigurationError.self) {
            try ServeConfiguration(file: "/nowhere.json", environment: [:])
        }
        #expect(error?.description.contains("/nowhere.json") == true)
    }
}
