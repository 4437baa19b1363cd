import ArgumentParser
import Foundation

/// Runs `work`; a ``Failure`` goes to stderr and becomes the exit status.
func reportingFailure(_ work: () async throws -> Void) async throws {
    do {
        try await work()
    } catch let failure as Failure {
        FileHandle.standardError.write(Data("reflow: \(failure.message)\n".utf8))
        throw failure.status.exitCode
    }
}
