public import XFS

/// Opens `path`, named by a user of this host, for a run, or says why not. Nothing is opened for reading or writing before
/// it is known to be a regular file on XFS, so neither a FIFO nor a device blocks or notices.
public func openForDefrag(path: String) throws(Refusal) -> XFS.File {
    try Preflight(path: path).openForDefrag { () throws(SystemError) in try Location(path: path) }
}

/// Opens `relative` beneath the folder `root` for a run, or says why not: a path from the network, which neither
/// `..` nor a symbolic link leads out of `root`.
public func openForDefrag(beneath root: String, relative: String) throws(Refusal) -> XFS.File {
    try Preflight(path: "\(root)/\(relative)").openForDefrag { () throws(SystemError) in
        try Location(beneath: root, relative: relative)
    }
}

/// Opens `path` for ``Surveyor``: any regular file on XFS that may be read.
public func openForSurvey(path: String) throws(Refusal) -> XFS.File {
    try Preflight(path: path).openForSurvey { () throws(SystemError) in try Location(path: path) }
}

/// Opens `relative` beneath the folder `root` for ``Surveyor``.
public func openForSurvey(beneath root: String, relative: String) throws(Refusal) -> XFS.File {
    try Preflight(path: "\(root)/\(relative)").openForSurvey { () throws(SystemError) in
        try Location(beneath: root, relative: relative)
    }
}
