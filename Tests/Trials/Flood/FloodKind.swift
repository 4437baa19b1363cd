/// What a host can do wrong with a message.
public enum FloodKind: String, CaseIterable, Sendable {
    // Not a message.
    case random, empty, truncated, tooDeep, duplicateKey, largest, tooLarge
    // No message of this contract.
    case otherMajorVersion, wrongType, hugeNumber, missingField, controlCharacterInID, noTime
    // Out of bounds.
    case negativeCount, farGeneration, longText, manyNotes, manyLabels, manyFileSystems
    // Not the host's to say.
    case sourceOfOtherHost, sourceOfCoordinator
    // Among the dead letters.
    case junkDeadLetter, largeDeadLetter, deadLetterOfOtherHost, deadLetterWithLongHeaders
    // Within the contract, and of no use.
    case unknownType, answerToNoTask

    /// Why a coordinator refuses it, as its log says; `nil` for what it does not refuse.
    public enum Refusal: String, Sendable, CaseIterable {
        case malformed, unsupportedVersion, notBelieved
        /// Kept among the dead letters.
        case deadLetter
    }

    public var refusal: Refusal? {
        switch self {
        case .random, .empty, .truncated, .tooDeep, .duplicateKey, .largest, .wrongType, .hugeNumber,
            .missingField,
            .controlCharacterInID, .noTime, .negativeCount, .farGeneration, .longText, .manyNotes,
            .manyLabels, .manyFileSystems:
            .malformed
        case .otherMajorVersion: .unsupportedVersion
        case .sourceOfOtherHost, .sourceOfCoordinator: .notBelieved
        case .junkDeadLetter, .largeDeadLetter, .deadLetterOfOtherHost, .deadLetterWithLongHeaders:
            .deadLetter
        // The broker does not take what is too large: it closes the channel.
        case .tooLarge, .unknownType, .answerToNoTask: nil
        }
    }

    /// Of so many messages of the flood, one is of this kind; what is large is rare, as the broker's disk is shared.
    public var oneOf: Int {
        switch self {
        case .tooLarge: 2000
        case .largest, .largeDeadLetter, .manyLabels: 400
        case .manyNotes, .manyFileSystems: 100
        default: Self.allCases.count - 6
        }
    }
}
