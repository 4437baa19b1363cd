import DefragTypes
import Glibc
import XFS

/// Finds the regular files beneath a folder that match a pattern, without ever following a symbolic link: names on a
/// shared host change under us, and a link must not lead a search out of the folder.
///
/// What is mounted beneath and is not XFS, nor on the way to XFS, is not asked at all: nothing there can be treated, and NFS or FUSE
/// may never answer. A search needs two descriptors, and memory for the names of the subfolders on its way.
struct FileFinder: Sendable {
    /// Where the search begins; links on the way to it are the operator's own.
    let root: String
    /// Whether to search other file systems, mounted beneath, as well.
    var crossesMounts = true
    /// What is mounted, as far as a search knows.
    var mounts: [Mount] = (try? Mount.all()) ?? []

    /// What a search comes upon.
    enum Find: Equatable {
        /// A file that matches: the root's path and the file's beneath it, joined.
        case file(String)
        /// Something that could not be looked at, in words. A name that is gone meanwhile is none.
        case problem(String)
    }

    /// Calls `found` with each regular file that matches `pattern`, relative to the root, in no particular order; each
    /// at most once, as it is found: nothing is kept.
    ///
    /// - Parameters:
    ///   - pattern: see ``PathPattern``.
    ///   - goOn: asked at every name, also of what does not match; false ends the search.
    ///   - found: called with each find.
    func files(matching pattern: PathPattern, goOn: () -> Bool, found: (Find) -> Void) {
        var search = Search(finder: self, pending: [Place(relative: "", pattern: pattern)])
        do throws(SystemError) {
            var top = try Listing(of: root)
            search.note(mounts, at: top.resolvedPath ?? root)
            guard let place = search.pending.popLast(), search.read(&top, place, goOn, found) else { return }
            while let place = search.pending.popLast() {
                do throws(SystemError) {
                    var folder = try top.folder(place.relative, staysOnMount: !crossesMounts)
                    guard search.read(&folder, place, goOn, found) else { return }
                } catch  where error.errno == ENOENT {
                    // Gone.
                } catch {
                    found(search.problem(place.relative, error))
                }
            }
        } catch {
            found(search.problem("", error))
        }
    }

    /// A folder, and what of the pattern is left there.
    fileprivate struct Place {
        let relative: String
        let pattern: PathPattern
    }
}

/// A search that is under way.
private struct Search {
    let finder: FileFinder
    var pending: [FileFinder.Place]
    /// What is mounted beneath the root, by the bytes of its path from there.
    private var kinds: [PathKey: String] = [:]

    init(finder: FileFinder, pending: [FileFinder.Place]) {
        self.finder = finder
        self.pending = pending
    }

    /// Notes which of `mounts` are beneath `root`, which is a path without links. The last one at a place is what is seen there.
    mutating func note(_ mounts: [Mount], at root: String) {
        for mount in mounts {
            guard let relative = mount.path.path(beneath: root), !relative.isEmpty else { continue }
            kinds[PathKey(relative)] = mount.type
        }
    }

    /// Reads a folder: finds its files, and leaves its folders for later. Returns false when the search is to end.
    mutating func read(
        _ listing: inout Listing, _ place: FileFinder.Place, _ goOn: () -> Bool,
        _ found: (FileFinder.Find) -> Void
    ) -> Bool {
        do throws(SystemError) {
            while let entry = try listing.next() {
                guard goOn() else { return false }
                take(entry, in: place, found)
            }
        } catch {
            found(problem(place.relative, error))
        }
        return true
    }

    private mutating func take(
        _ entry: Listing.Entry, in place: FileFinder.Place, _ found: (FileFinder.Find) -> Void
    ) {
        let relative = place.relative.isEmpty ? entry.name : place.relative + "/" + entry.name
        guard entry.isExact else {
            return found(.problem("\(path(relative)): skipped, its name is not UTF-8"))
        }
        let rest = place.pattern.advanced(by: entry.name)
        let isFile = entry.kind == .regular && rest.isComplete
        let isFolder = entry.kind == .directory && rest.wantsMore
        guard isFile || isFolder else { return }
        if let kind = kinds[PathKey(relative)] {
            if isFolder, !finder.crossesMounts { return }
            guard kind == "xfs" || leadsToXFS(relative) else {
                return found(
                    .problem("\(path(relative)): skipped, what is mounted there (\(kind)) is not XFS"))
            }
        }
        if isFile {
            found(.file(path(relative)))
        } else {
            pending.append(FileFinder.Place(relative: relative, pattern: rest))
        }
    }

    /// Whether XFS is mounted somewhere beneath.
    private func leadsToXFS(_ relative: String) -> Bool {
        let prefix = Array((relative + "/").utf8)
        return kinds.contains { $0.value == "xfs" && $0.key.path.utf8.starts(with: prefix) }
    }

    func problem(_ relative: String, _ error: SystemError) -> FileFinder.Find {
        .problem("\(path(relative)): \(error.meaning)")
    }

    private func path(_ relative: String) -> String {
        let prefix = String(
            decoding: finder.root.utf8.reversed().drop { $0 == UInt8(ascii: "/") }.reversed(), as: UTF8.self)
        return relative.isEmpty ? finder.root : prefix + "/" + relative
    }
}
