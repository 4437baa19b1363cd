import JSON
import Testing

private struct Policy: Decodable, Equatable {
    var maxPause: Double
    var files: [File]?

    struct File: Decodable, Equatable { var path: String }
}
private struct Outer: Decodable, Equatable { var policy: Policy }

@Suite("Reading JSON")
struct DecodingTests {
    private func failure<T: Decodable>(
        _ type: T.Type, _ text: String, limits: JSONLimits = JSONLimits()
    ) -> JSONError? {
        do {
            _ = try JSONDecoder(limits: limits).decode(type, from: text)
            return nil
        } catch {
            return error as? JSONError
        }
    }

    @Test("integers are range-checked for every width", arguments: Int8.min...Int8.max)
    func narrowInteger(value: Int8) throws {
        #expect(try JSONDecoder().decode(Int8.self, from: "\(value)") == value)
        #expect(try JSONDecoder().decode(Int.self, from: "\(value)") == Int(value))
        #expect((failure(UInt8.self, "\(value)")?.code == .outOfRange) == (value < 0))
    }

    @Test func integerBounds() throws {
        let decoder = JSONDecoder()
        #expect(try decoder.decode(Int64.self, from: "9223372036854775807") == .max)
        #expect(try decoder.decode(Int64.self, from: "-9223372036854775808") == .min)
        #expect(try decoder.decode(UInt64.self, from: "9223372036854775807") == UInt64(Int64.max))
        for (type, text): (any Decodable.Type, String) in [
            (Int8.self, "128"), (Int8.self, "-129"), (Int16.self, "32768"), (Int32.self, "2147483648"),
            (Int64.self, "9223372036854775808"), (UInt64.self, "9223372036854775808"),
            (UInt8.self, "256"), (UInt16.self, "65536"), (UInt32.self, "4294967296"), (UInt.self, "-1"),
            (Double.self, "1e999"), (Float.self, "1e39"),
        ] {
            #expect(failure(type, text)?.code == .outOfRange, "\(text) as \(type)")
        }
    }

    @Test("no silent conversions")
    func wrongTypes() {
        for (type, text): (any Decodable.Type, String) in [
            (Int.self, "1.0"), (Int.self, "1e2"), (Int.self, "\"1\""), (Int.self, "true"), (Int.self, "null"),
            (Double.self, "\"1\""), (Double.self, "false"), (Bool.self, "1"), (Bool.self, "\"true\""),
            (String.self, "1"), (String.self, "null"), ([Int].self, "{}"), ([String: Int].self, "[]"),
        ] {
            #expect(failure(type, text)?.code == .wrongType, "\(text) as \(type)")
        }
    }

    @Test func floatingPoint() throws {
        let decoder = JSONDecoder()
        #expect(try decoder.decode(Double.self, from: "3") == 3)
        #expect(try decoder.decode(Double.self, from: "0.1") == 0.1)
        #expect(try decoder.decode(Double.self, from: "-1.5e-3") == -0.0015)
        #expect(try decoder.decode(Float.self, from: "0.1") == 0.1)
    }

    @Test(
        "what is no JSON document is refused, with its place",
        arguments: [
            ("", JSONError.Code.syntax), (" ", .syntax), ("{", .syntax), ("[1,]", .syntax),
            ("[1] x", .syntax),
            ("[1][2]", .syntax), ("nul", .syntax), ("NaN", .syntax), ("[01]", .syntax), ("{'a':1}", .syntax),
            ("{\"a\":1,}", .syntax), ("\u{FEFF}[]", .syntax), ("[\"\n\"]", .syntax), ("]", .syntax),
            ("{\"a\":1,\"a\":2}", .duplicateKey), ("[{\"a\":1,\"\\u0061\":2}]", .duplicateKey),
            ("\"\\u0000\"", .invalidText), ("{\"a\\u0000b\":1}", .invalidText), ("\"\\ud800\"", .syntax),
        ])
    func malformed(text: String, code: JSONError.Code) throws {
        let error = try #require(failure([String: Int].self, text))
        #expect(error.code == code, "\(error)")
        #expect(error.position != nil)
    }

    @Test(
        "invalid UTF-8 is refused",
        arguments: [
            [0xFF], [0xC0, 0x80], [0xED, 0xA0, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xE2, 0x82],
        ] as [[UInt8]])
    func invalidText(bytes: [UInt8]) throws {
        let document = Array("\"".utf8) + bytes + Array("\"".utf8)
        let error = try #require(throws: JSONError.self) {
            try JSONDecoder().decode(String.self, from: document)
        }
        #expect(error.code == .invalidText)
    }

    @Test("a NUL byte does not end a document", arguments: ["[1\0]", "[1]\0", "[1]\0]", "\0[1]", "[\"\0\"]"])
    func embeddedNulByte(text: String) {
        #expect(failure([Int].self, text)?.code == .syntax)
    }

    @Test("an error names the line and column, or the value")
    func places() throws {
        let syntax = try #require(failure(Outer.self, "{\n  \"policy\": {\n    \"maxPause\" 1\n  }\n}"))
        #expect(syntax.position?.line == 3)
        #expect(syntax.description.hasPrefix("line 3, column "))
        for (text, message) in [
            (#"{"policy":{"maxPause":"20ms"}}"#, "policy.maxPause: expected a number, found a string"),
            (#"{"policy":{}}"#, "policy.maxPause: missing"),
            (
                #"{"policy":{"maxPause":1,"files":[{"path":"a"},{"path":7}]}}"#,
                "policy.files[1].path: expected a string, found an integer"
            ),
            ("[]", "expected an object, found an array"),
        ] {
            #expect(failure(Outer.self, text)?.description == message)
        }
    }

    @Test func terminalEscapesInTheDocumentDoNotReachTheMessage() throws {
        let error = try #require(failure(Int.self, "[\u{1B}[31m\u{7}]"))
        #expect(!error.description.unicodeScalars.contains { $0.value < 0x20 })
    }

    @Test func unknownFieldsAreIgnored() throws {
        let text = #"{"new":[{"a":null}],"policy":{"maxPause":1,"more":{"deep":[[]]}}}"#
        #expect(
            try JSONDecoder().decode(Outer.self, from: text) == Outer(policy: Policy(maxPause: 1, files: nil))
        )
    }
}

@Suite("Limits on JSON")
struct LimitTests {
    private func code(_ text: String, _ limits: JSONLimits = JSONLimits()) -> JSONError.Code? {
        struct Anything: Decodable { init(from decoder: any Decoder) {} }
        do {
            _ = try JSONDecoder(limits: limits).decode(Anything.self, from: text)
            return nil
        } catch {
            return (error as? JSONError)?.code
        }
    }

    @Test func depth() {
        func nested(_ depth: Int) -> String {
            String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
        }
        #expect(code(nested(32)) == nil)
        #expect(code(nested(33)) == .tooDeep)
        #expect(code(nested(10_000)) == .tooDeep)
        #expect(code(String(repeating: "[", count: 1_000_000)) == .tooDeep)
        #expect(code(String(repeating: #"{"a":"#, count: 10_000)) == .tooDeep)
        #expect(code("\"" + nested(10_000) + "\"") == nil, "brackets in a string are text")
        #expect(code("\"\\\"" + nested(10_000) + "\"") == nil, "also after an escaped quotation mark")
        #expect(code("]]]]" + nested(33)) == .syntax, "closing more than was opened gains nothing to parse")
    }

    @Test func size() {
        let limits = JSONLimits(maxBytes: 10)
        #expect(code("[12345678]", limits) == nil)
        #expect(code("[123456789]", limits) == .tooLarge)
    }

    @Test func values() {
        let limits = JSONLimits(maxValues: 4)
        #expect(code("[1,2,3]", limits) == nil)
        #expect(code("[1,2,3,4]", limits) == .tooManyValues)
        #expect(code("[[[[]]]]", limits) == .tooManyValues)
        #expect(code("[\"1,2,3,4,[[[[\"]", limits) == nil)
    }

    @Test func jansonsOwnDepthLimitIsAnErrorToo() {
        let deep = String(repeating: "[", count: 3000) + String(repeating: "]", count: 3000)
        #expect(code(deep, JSONLimits(maxDepth: .max)) == .tooDeep)
    }
}
