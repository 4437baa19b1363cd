import Glibc
import Synchronization

/// The one folder of this test process, `reflow-…` in `$TMPDIR` or `/tmp`, for everything temporary.
///
/// A janitor, a shell in a session of its own, holds one end of a channel whose other end is this process's. When this
/// process ends, however it ends, so does the channel; then the janitor kills what the tests have started (see
/// ``Process``), thaws and unmounts what is mounted in the folder and removes it.
public enum RunFolder {
    /// Its path.
    public static let path: String = make()
    private static let numbers = Atomic<Int>(0)

    /// A new folder in it for the one purpose that `name` says.
    public static func subfolder(_ name: String) throws -> String {
        let number = numbers.wrappingAdd(1, ordering: .relaxed).newValue
        let subfolder = "\(path)/\(name)-\(number)"
        guard mkdir(subfolder, 0o700) == 0 else {
            throw Tool.Failure(description: "mkdir \(subfolder): error \(errno)")
        }
        return subfolder
    }

    private static let janitor = """
        trap '' INT TERM HUP
        cat > /dev/null
        for environment in $(grep -lsxz "REFLOW_TEST_FOLDER=$1" /proc/[0-9]*/environ); do
            process=${environment#/proc/}
            kill -KILL "${process%/environ}"
        done
        awk -v folder="$1/" 'index($2, folder) == 1 && $3 == "xfs" { print $2 }' /proc/mounts |
            xargs -r -n 1 timeout -s KILL 20 xfs_freeze -u 2> /dev/null
        for attempt in 1 2 3; do
            awk -v folder="$1/" 'index($1, folder) == 1 { print $1 }' /proc/swaps | xargs -r swapoff
            awk -v folder="$1/" 'index($2, folder) == 1 { print $2 }' /proc/mounts | xargs -r umount -l
        done 2> /dev/null
        rm -rf --one-file-system "$1"
        """

    private static func make() -> String {
        let parent = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(parent)/reflow-\(getpid())-XXXXXX".utf8CString)
        guard mkdtemp(&template) != nil else { fatalError("no folder can be made in \(parent)") }
        let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        do {
            let ends = try Tool.channel()
            _ = try Tool.spawn(["sh", "-c", janitor, "janitor", path], input: ends[0])
            close(ends[0])  // the other end stays open as long as this process lives
        } catch {
            fatalError("no janitor: \(error)")
        }
        return path
    }
}
