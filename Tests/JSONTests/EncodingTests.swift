import Glibc
import JSON
import Testing

@Suite("Writing JSON")
struct EncodingTests {
    private struct Sample: Encodable {
        var zebra = 1
        var apple: Int? = nil
        var mango = ["x": true]
        var none: [Int] = []
    }

    @Test func keysStayInOrder() throws {
        #expect(try JSONEncoder().text(Sample()) == #"{"zebra":1,"mango":{"x":true},"none":[]}"#)
        #expect(
            try JSONEncoder(pretty: true).text(Sample()) == """
                {
                  "zebra": 1,
                  "mango": {
                    "x": true
                  },
                  "none": []
                }
                """)
    }

    @Test(
        "doubles are written as the shortest text that reads back",
        arguments: [
            0.1, 1.0 / 3, 1, -0.0, 1e21, 1e-7, .leastNonzeroMagnitude, .greatestFiniteMagnitude, 0.1 + 0.2,
            1234567890.125,
        ])
    func doubles(value: Double) throws {
        let text = try JSONEncoder().text(value)
        #expect(text == value.description)
        #expect(try JSONDecoder().decode(Double.self, from: text).bitPattern == value.bitPattern)
    }

    @Test func floatsToo() throws {
        #expect(try JSONEncoder().text(Float(0.1)) == "0.1")
    }

    @Test("numbers that JSON or its readers cannot hold are refused, with their place")
    func unrepresentable() throws {
        for (value, text): (any Encodable & Sendable, String) in [
            (["size": UInt64.max], "size: 18446744073709551615 does not fit into 64 bits signed"),
            ([1, Double.nan], "[1]: nan is no number in JSON"),
            ([Float.infinity], "[0]: inf is no number in JSON"),
            (UInt64(Int64.max) + 1, "9223372036854775808 does not fit into 64 bits signed"),
        ] {
            let error = try #require(throws: JSONError.self) { try JSONEncoder().text(value) }
            #expect(error.code == .outOfRange)
            #expect(error.description == text)
        }
    }

    @Test func charactersAreEscapedWhereTheyMustBe() throws {
        let text = "\"\\/\u{8}\u{C}\n\r\t\u{1}\u{1F}\u{7F}äß€😀\u{2028}"
        let json = try JSONEncoder().text(text)
        #expect(json == #""\"\\/\u0008\u000c\n\r\t\u0001\u001f"# + "\u{7F}äß€😀\u{2028}\"")
        #expect(try JSONDecoder().decode(String.self, from: json) == text)
    }

    @Test func nulIsRefused() throws {
        for value: any Encodable & Sendable in ["a\0b", ["a\0b": 1]] {
            let error = try #require(throws: JSONError.self) { try JSONEncoder().text(value) }
            #expect(error.code == .invalidText)
        }
    }

    /// Two values that write into one object, and a container that is asked for again.
    private struct Merged: Codable, Equatable {
        struct Part: Codable, Equatable { var b: Int }
        var part: Part
        var a: Int
        enum First: CodingKey { case a }
        enum Again: CodingKey { case c }

        init(part: Part, a: Int) {
            self.part = part
            self.a = a
        }
        init(from decoder: any Decoder) throws {
            part = try Part(from: decoder)
            a = try decoder.container(keyedBy: First.self).decode(Int.self, forKey: .a)
        }
        func encode(to encoder: any Encoder) throws {
            try part.encode(to: encoder)
            var first = encoder.container(keyedBy: First.self)
            try first.encode(a, forKey: .a)
            var again = encoder.container(keyedBy: Again.self)
            try again.encodeNil(forKey: .c)
            try first.encode(a + 1, forKey: .a)
        }
    }

    @Test func severalContainersOfOnePlaceAreOneObject() throws {
        let text = try JSONEncoder().text([Merged(part: .init(b: 1), a: 2)])
        #expect(text == #"[{"b":1,"a":3,"c":null}]"#)
        #expect(try JSONDecoder().decode([Merged].self, from: text) == [Merged(part: .init(b: 1), a: 3)])
    }

    private struct Nested: Codable, Equatable {
        enum Key: CodingKey, CaseIterable { case object, array, parent, missing }
        var seen: [String] = []

        init() {}

        func encode(to encoder: any Encoder) throws {
            var root = encoder.container(keyedBy: Key.self)
            var object = root.nestedContainer(keyedBy: Key.self, forKey: .object)
            var array = root.nestedUnkeyedContainer(forKey: .array)
            try array.encode(1)
            try array.encodeNil()
            var inner = array.nestedContainer(keyedBy: Key.self)
            try "late".encode(to: array.superEncoder())
            var list = array.nestedUnkeyedContainer()
            try list.encode(2.5)
            try inner.encode("in", forKey: .object)
            try object.encode(true, forKey: .array)
            try 7.encode(to: root.superEncoder())
            try [8].encode(to: root.superEncoder(forKey: .parent))
        }

        init(from decoder: any Decoder) throws {
            let root = try decoder.container(keyedBy: Key.self)
            #expect(root.allKeys == [.object, .array, .parent])
            #expect(root.contains(.array) && !root.contains(.missing))
            #expect(try root.decodeIfPresent(Int.self, forKey: .missing) == nil)
            let object = try root.nestedContainer(keyedBy: Key.self, forKey: .object)
            #expect(try object.decode(Bool.self, forKey: .array))
            var array = try root.nestedUnkeyedContainer(forKey: .array)
            #expect(array.count == 5)
            #expect(throws: DecodingError.self) { try array.decode(String.self) }
            #expect(try array.decode(Int.self) == 1, "a failed attempt does not move on")
            #expect(try array.decodeNil())
            let inner = try array.nestedContainer(keyedBy: Key.self)
            #expect(try inner.decode(String.self, forKey: .object) == "in")
            #expect(try String(from: array.superDecoder()) == "late")
            var list = try array.nestedUnkeyedContainer()
            #expect(try list.decode(Double.self) == 2.5)
            #expect(array.isAtEnd)
            #expect(throws: DecodingError.self) { try array.decode(Int.self) }
            #expect(try Int(from: root.superDecoder()) == 7)
            #expect(try [Int](from: root.superDecoder(forKey: .parent)) == [8])
        }
    }

    @Test func nestedContainersAndSuper() throws {
        let text = try JSONEncoder().text(Nested())
        #expect(
            text
                == #"{"object":{"array":true},"array":[1,null,{"object":"in"},"late",[2.5]],"super":7,"parent":[8]}"#
        )
        _ = try JSONDecoder().decode(Nested.self, from: text)
    }

    private enum Shape: Codable, Equatable {
        case point
        case circle(radius: Double)
        case pair(Int, Int)
    }

    @Test("synthesised conformances survive a round trip")
    func roundTrips() throws {
        func check<T: Codable & Equatable>(_ value: T) throws {
            let bytes = try JSONEncoder().encode(value)
            #expect(
                try JSONDecoder().decode(T.self, from: bytes) == value,
                "\(String(decoding: bytes, as: UTF8.self))")
        }
        try check([Shape.point, .circle(radius: 0.5), .pair(1, 2)])
        try check(["a": [1, nil], "b": []] as [String: [Int?]])
        try check([1: "one", -2: "two"])
        try check([Int?.none, 1])
        try check(Int?.none)
        try check("")
        try check(true)
        try check([[Int]]())
        try check([Int64.min, .max])
        try check([UInt8.max])
        try check(["": "empty key", "a.b": "dot"])
        try check(Set([1, 2, 3]))
        try check(Int128(Int64.max))
    }

    /// In a process of its own: what other tests allocate meanwhile would count.
    @Test("values are released, and none too early")
    func memory() async {
        await #expect(processExitsWith: .success) {
            struct Item: Codable, Equatable {
                var name: String
                var list: [[String: Double]]
            }
            func residentPages() -> Int {
                let file = open("/proc/self/statm", O_RDONLY)
                defer { close(file) }
                let text = withUnsafeTemporaryAllocation(byteCount: 256, alignment: 1) { buffer in
                    String(
                        decoding: buffer[..<max(0, read(file, buffer.baseAddress, buffer.count))],
                        as: UTF8.self)
                }
                return text.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? -1
            }
            let item = Item(
                name: String(repeating: "x", count: 16384), list: Array(repeating: ["a": 0.5], count: 5))
            func turn() throws {
                let bytes = try JSONEncoder().encode([item])
                #expect(try JSONDecoder().decode([Item].self, from: bytes) == [item])
                #expect(throws: JSONError.self) { try JSONDecoder().decode([Int].self, from: bytes) }
                #expect(throws: JSONError.self) {
                    try JSONDecoder().decode([Item].self, from: bytes.dropLast())
                }
            }
            for _ in 0..<100 { try turn() }
            let before = residentPages()
            for _ in 0..<500 { try turn() }
            // One string leaked a turn would be 2000 pages.
            #expect(before > 0)
            #expect(residentPages() - before < 1000)
        }
    }
}
