/// The id of a message, task, job, process or survey.
public enum IDText: TextBound {
    public static let bytes = 1...256
    public static let form = TextForm.name
}

/// A path of a file: as long as Linux takes one (`PATH_MAX`).
public enum PathText: TextBound {
    public static let bytes = 1...4096
    public static let form = TextForm.data
}

/// A path that is only shown.
public enum ShownPath: TextBound {
    public static let bytes = 0...4096
    public static let writtenBytes = 512
    public static let form = TextForm.words
}

/// The UUID of a file system.
public enum UUIDText: TextBound {
    public static let bytes = 0...64
    public static let form = TextForm.name
}

/// A version or release.
public enum VersionText: TextBound {
    public static let bytes = 0...128
    public static let form = TextForm.name
}

/// The key or value of a label.
public enum LabelText: TextBound {
    public static let bytes = 1...63
    public static let form = TextForm.code
}

/// A reason's code.
public enum ReasonText: TextBound {
    public static let bytes = 0...64
    public static let form = TextForm.code
}

/// What happened, to which file, and what to do: workers before contract 1.2 say a path or two whole.
public enum Sentence: TextBound {
    public static let bytes = 0...16_384
    public static let writtenBytes = 4096
    public static let form = TextForm.words
}

/// A sentence of which a message holds many.
public enum Remark: TextBound {
    public static let bytes = 0...16_384
    public static let writtenBytes = 512
    public static let form = TextForm.words
}

/// What is the matter with one file of many.
public enum Example: TextBound {
    public static let bytes = 0...16_384
    public static let writtenBytes = 2048
    public static let form = TextForm.words
}

/// What could not be looked at, and why.
public enum ProblemText: TextBound {
    public static let bytes = 0...4096
    public static let writtenBytes = 2000
    public static let form = TextForm.words
}
