/// A setting of a program. Its raw value is what the file calls it, such as `tcp.tokenFile`.
public protocol SettingKey: RawRepresentable, CaseIterable, Hashable, Sendable where RawValue == String {
    /// What messages call it where neither the file nor the environment has it; the file's name for it unless a program says
    /// otherwise.
    var place: String { get }
}

extension SettingKey {
    public var place: String { rawValue }

    /// The variable of the environment: `REFLOW_TCP_TOKEN_FILE` for `tcp.tokenFile`, `REFLOW_AMQP_URL` for `amqpURL`.
    public var variable: String {
        let letters = Array(rawValue)
        return letters.indices.reduce(into: "REFLOW_") { name, index in
            let letter = letters[index]
            let isAfterSmall = index > 0 && letters[index - 1].isLowercase
            let isBeforeSmall = index + 1 < letters.count && letters[index + 1].isLowercase
            // A word begins after a small letter, and with the last capital of several (CAFile).
            if letter.isUppercase, isAfterSmall || isBeforeSmall { name += "_" }
            name += letter == "." ? "_" : letter.uppercased()
        }
    }
}
