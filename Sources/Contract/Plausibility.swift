import DefragTypes

/// What a host may say of itself. It is added up, counted to and drawn: a number that no host can have would end the
/// process of whoever believes it, and end it again each time the message is delivered.
protocol Plausible {
    /// - Throws: ``ContractError`` `malformed`, if some number is none that a host can have.
    func check() throws(ContractError)
}

/// Bounds of what a host can have.
private enum Bounds {
    /// Sizes and offsets, holes included; none of them is added up as it is.
    static let size = ByteCount.zero...ByteCount(1 << 62)
    /// Bytes that one slice has written.
    static let written = ByteCount.zero...ByteCount.mostCounted
    /// Extents and other things that are counted: as many as blocks of 4 KiB in so many bytes.
    static let count = 0...Int(ByteCount.mostCounted.rawValue >> 12)
    /// A generation, as milliseconds since 1970 are.
    static let generation = Int64(0)...(1 << 53)
    /// Half a human's life; pauses in milliseconds have the same bound.
    static let seconds = -1e9...1e9
    /// A path of Linux has at most 4096 bytes; sentences about it say it once or twice.
    static let textBytes = 16 << 10

    static func check<Value: Comparable>(
        _ name: String, _ value: Value?, _ range: ClosedRange<Value>
    ) throws(ContractError) {
        guard let value, !range.contains(value) else { return }
        throw ContractError(.malformed, "\(name) cannot be \(value)")
    }
}

extension HostEvent: Plausible {
    func check() throws(ContractError) {
        switch self {
        case .sliceFinished(let answer): try answer.result.check()
        case .surveyPage(let page):
            try Bounds.check("a page's number", page.page, 0...SurveyPage.most - 1)
            for file in page.files { try file.check() }
        case .surveyFinished(let end): try end.check()
        case .progress(let progress): for slice in progress.running { try slice.check() }
        case .hostState(let state): try state.check()
        case .unknown: break
        }
    }
}

extension DefragResult: Plausible {
    func check() throws(ContractError) {
        for bytes in [size, nextOffset, freeBytes.before, freeBytes.lowest, freeBytes.after] {
            try Bounds.check("a number of bytes", bytes, Bounds.size)
        }
        for bytes in [
            bytes.rewritten, bytes.unshared, prediction?.rewritten, prediction?.unshared,
        ] { try Bounds.check("a number of bytes", bytes, Bounds.written) }
        for count in [
            extents.before, extents.after, pause.count, pause.over, prediction?.extents,
        ] {
            try Bounds.check("a count", count, Bounds.count)
        }
        for time in [seconds, pause.p50Ms, pause.p99Ms, pause.p999Ms, pause.maxMs] {
            try Bounds.check("a time", time, Bounds.seconds)
        }
        try Bounds.check("the number of buckets", pause.buckets?.count, 0...64)
        for bucket in pause.buckets ?? [] {
            try Bounds.check("a count", bucket.count, Bounds.count)
            try Bounds.check("a time", bucket.upTo, Bounds.seconds)
        }
    }
}

extension FileSurvey: Plausible {
    func check() throws(ContractError) {
        for bytes in [size, statistics.mappedBytes, statistics.sharedBytes, extentSizeHint] {
            try Bounds.check("a number of bytes", bytes, Bounds.size)
        }
        try Bounds.check("a number of extents", statistics.extents, Bounds.count)
        for time in [estimatedReflinkSeconds, gainSeconds] {
            try Bounds.check("a time", time, Bounds.seconds)
        }
        for text in [path, fileSystem, obstacle?.reason.rawValue, obstacle?.message] {
            try Bounds.check("the length of a text", text?.utf8.count, 0...Bounds.textBytes)
        }
    }
}

extension SurveyFinished: Plausible {
    func check() throws(ContractError) {
        try Bounds.check("the number of pages", pages, 0...SurveyPage.most)
        for count in [files, matched, summary?.files, summary?.extents, summary?.withExtentSizeHint] {
            try Bounds.check("a count", count, Bounds.count)
        }
        for obstacle in summary?.obstacles ?? [] { try Bounds.check("a count", obstacle.files, Bounds.count) }
        try Bounds.check("a number of bytes", summary?.size, Bounds.size)
        for time in [summary?.reflinkSeconds, summary?.gainSeconds] {
            try Bounds.check("a time", time, Bounds.seconds)
        }
        for cost in summary?.reflinkCosts ?? [] {
            try Bounds.check("a time", cost.secondsPerExtent, Bounds.seconds)
            try Bounds.check("a time", cost.secondsPerCopy, Bounds.seconds)
        }
    }
}

extension HostState: Plausible {
    func check() throws(ContractError) {
        try Bounds.check("a generation", generation, Bounds.generation)
        try Bounds.check("a time", uptime, Bounds.seconds)
        for fileSystem in fileSystems {
            try Bounds.check("a number of bytes", fileSystem.size, Bounds.size)
            try Bounds.check("a number of bytes", fileSystem.free, Bounds.size)
        }
        for slice in running { try slice.check() }
    }
}

extension SliceProgress: Plausible {
    func check() throws(ContractError) {
        try Bounds.check("a number of bytes", offset, Bounds.size)
        try Bounds.check("a number of bytes", size, Bounds.size)
        try Bounds.check("a number of bytes", rewritten, Bounds.written)
        for time in [maxPauseMs, seconds] { try Bounds.check("a time", time, Bounds.seconds) }
    }
}
