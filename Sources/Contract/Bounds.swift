public import DefragTypes

/// What a message is about: mostly a path.
public enum SubjectText: TextBound {
    public static let bytes = 0...4096
    public static let form = TextForm.data
}

/// The CloudEvents type of a message.
public enum TypeText: TextBound {
    public static let bytes = 1...128
    public static let form = TextForm.code
}

/// The name of a queue: a short string of AMQP.
public enum QueueText: TextBound {
    public static let bytes = 0...255
    public static let form = TextForm.name
}

/// The length of a body that was too large to keep.
public enum BodySize: NumberBound {
    public typealias Value = Int64
    public static let range: ClosedRange<Int64> = 0...1 << 40
}

/// A generation: milliseconds since 1970 fit, and every program's numbers have them exactly.
public enum Generation: NumberBound {
    public typealias Value = Int64
    public static let range: ClosedRange<Int64> = 0...1 << 53
}

/// The number of a survey's page: a page has one file at least.
public enum PageNumber: NumberBound {
    public typealias Value = Int
    public static let range = 0...SurveyTask.mostFiles - 1
}

/// How many pages a survey has.
public enum PageCount: NumberBound {
    public typealias Value = Int
    public static let range = 0...SurveyTask.mostFiles
}

/// A slice's time budget in seconds: well within the broker's 30 minutes for an acknowledgement.
public enum TimeBudget: NumberBound {
    public typealias Value = Double
    public static let range = 0.001...SliceTask.longestTimeBudget
}
