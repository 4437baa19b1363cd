internal import CYaml

extension YAMLNode {
    /// The longest text that is read, in bytes.
    public static let maxBytes = 1 << 20

    /// Reads the only document of `text`. Values nest 1000 deep at most, and no alias is followed: a few nested ones are
    /// billions of values.
    ///
    /// - Returns: `nil` if there are only comments.
    /// - Throws: ``YAMLError``, the first error: libyaml cannot go on after it.
    public static func read(_ text: String) throws(YAMLError) -> YAMLNode? {
        // Some editors begin a file with a byte order mark.
        let text = text.unicodeScalars.first == "\u{FEFF}" ? String(text.unicodeScalars.dropFirst()) : text
        guard text.utf8.count <= maxBytes else {
            throw YAMLError(nil, "the text has \(text.utf8.count) bytes: more than 1 MiB is not read")
        }
        let parser = UnsafeMutablePointer<yaml_parser_t>.allocate(capacity: 1)
        defer { parser.deallocate() }
        guard yaml_parser_initialize(parser) == 1 else { fatalError("out of memory for a YAML parser") }
        defer { yaml_parser_delete(parser) }
        return try Array(text.utf8).withUnsafeBufferPointer { bytes throws(YAMLError) in
            yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING)
            yaml_parser_set_input_string(parser, bytes.baseAddress, bytes.count)
            var composer = Composer(parser: parser, text: text)
            return try composer.document()
        }
    }
}

/// Builds values from libyaml's events. Yams' own composer ends at the first repeated key, and forgets where aliases are.
private struct Composer {
    let parser: UnsafeMutablePointer<yaml_parser_t>
    let text: String
    var hasAnchor = false

    mutating func document() throws(YAMLError) -> YAMLNode? {
        _ = try next()  // The stream begins.
        guard try next().raw.type == YAML_DOCUMENT_START_EVENT else { return nil }
        let root = try node(next())
        _ = try next()  // The document ends.
        let end = try next()
        guard end.raw.type == YAML_STREAM_END_EVENT else {
            throw YAMLError(end.place, "another document begins here: only one is read")
        }
        // A text of `---` alone has a root that is nothing.
        if case .scalar("", isPlain: true) = root.content { return nil }
        return root
    }

    private mutating func node(_ event: borrowing Event) throws(YAMLError) -> YAMLNode {
        let content: YAMLNode.Content
        switch event.raw.type {
        case YAML_ALIAS_EVENT:
            throw YAMLError(event.place, hasAnchor ? YAMLError.noAliases : YAMLError.starNeedsQuotes)
        case YAML_SEQUENCE_START_EVENT:
            hasAnchor = hasAnchor || event.raw.data.sequence_start.anchor != nil
            var values: [YAMLNode] = []
            while let event = try nextWithin() { values.append(try node(event)) }
            content = .sequence(values)
        case YAML_MAPPING_START_EVENT:
            hasAnchor = hasAnchor || event.raw.data.mapping_start.anchor != nil
            var entries: [(key: YAMLNode, value: YAMLNode)] = []
            while let event = try nextWithin() { entries.append((try node(event), try node(next()))) }
            content = .mapping(entries)
        default:
            let scalar = event.raw.data.scalar
            hasAnchor = hasAnchor || scalar.anchor != nil
            let text = UnsafeBufferPointer(start: scalar.value, count: scalar.length)
            content = .scalar(
                String(decoding: text, as: UTF8.self), isPlain: scalar.style == YAML_PLAIN_SCALAR_STYLE)
        }
        return YAMLNode(place: event.place, content: content)
    }

    /// The next event in a sequence or mapping; `nil` at its end.
    private func nextWithin() throws(YAMLError) -> Event? {
        let event = try next()
        return [YAML_SEQUENCE_END_EVENT, YAML_MAPPING_END_EVENT].contains(event.raw.type)
            ? nil : consume event
    }

    private func next() throws(YAMLError) -> Event {
        var event = yaml_event_t()
        guard yaml_parser_parse(parser, &event) == 1 else { throw YAMLError(parser.pointee, in: text) }
        return Event(raw: event)
    }
}

/// One of libyaml's events; its texts live as long as this does.
private struct Event: ~Copyable {
    let raw: yaml_event_t

    deinit {
        var raw = raw
        yaml_event_delete(&raw)
    }

    var place: TextPlace { TextPlace(raw.start_mark) }
}
