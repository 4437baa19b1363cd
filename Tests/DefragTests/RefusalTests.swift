import DefragTypes
import Glibc
import Support
import Testing
import XFS

@testable import Defrag

/// Each refusal has its own reason, and says what to do.
struct RefusalTests {
    let xfs: LoopXFS
    let path: String

    init() throws {
        xfs = try LoopXFS(mebibytes: 320)
        path = xfs.file("image")
        TestFile(path).fill(0..<1 << 20)
    }

    private func refusal(of path: String) -> Refusal? {
        #expect(throws: Refusal.self) { _ = try openForDefrag(path: path) }
    }

    private func expect(_ reason: Reason, of path: String, says: String) {
        let refusal = refusal(of: path)
        #expect(refusal?.reason == reason)
        #expect(refusal?.message.contains(path) == true)
        #expect(refusal?.message.contains(says) == true, "\(refusal?.message ?? "")")
    }

    @Test func whatIsNoRegularFile() throws {
        expect(.notFound, of: xfs.file("absent"), says: "does not exist")
        expect(.notFound, of: path + "/below", says: "does not exist")
        expect(.notFound, of: "", says: "does not exist")
        expect(.notRegularFile, of: xfs.path, says: "directory")
        try Tool.run("mkfifo", xfs.file("fifo"))
        expect(.notRegularFile, of: xfs.file("fifo"), says: "FIFO")
        try Tool.run("mknod", xfs.file("device"), "c", "1", "3")
        expect(.notRegularFile, of: xfs.file("device"), says: "device")
        try Tool.run("ln", "-s", path, xfs.file("link"))
        expect(.notRegularFile, of: xfs.file("link"), says: "symbolic link")
    }

    @Test func otherFileSystems() throws {
        expect(.notXFS, of: "/proc/version", says: "not on XFS")
        let plain = try LoopXFS(mebibytes: 320, options: ["-m reflink=0"])
        TestFile(plain.file("image")).fill(0..<8192)
        expect(.noReflink, of: plain.file("image"), says: "mkfs.xfs -m reflink=1")
    }

    @Test(arguments: [
        ("chattr +i", Reason.immutable, "chattr -i"), ("chattr +a", .appendOnly, "chattr -a"),
        ("xfs_io -r -c 'chattr +f'", .noDefrag, "chattr -f"),
    ])
    func flags(command: String, reason: Reason, says: String) throws {
        try Tool.run("sh", "-c", "\(command) '\(path)'")
        expect(reason, of: path, says: says)
    }

    @Test(
        arguments: [
            (EPERM, .file, .immutable, false), (EPERM, .folder, .immutable, true),
            (EACCES, .folder, .notPermitted, true), (EROFS, .folder, .readOnlyMount, true),
            (EDQUOT, .scratch, .quota, false), (ENOSPC, .file, .lowSpace, false),
            (ETXTBSY, .scratch, .swapFile, false),
            (EIO, .file, nil, false), (EMFILE, .folder, nil, false),
        ] as [(CInt, SystemError.Subject, Reason?, Bool)])
    func errorsOfARun(errno: CInt, subject: SystemError.Subject, reason: Reason?, isRefusal: Bool) {
        switch Halt(SystemError(errno: errno, operation: "call", on: subject)) {
        case .stop(let found, let message):
            #expect(!isRefusal && found == reason && message != nil)
        case .refuse(let refusal):
            #expect(
                isRefusal && refusal.reason == reason
                    && refusal.message.contains("folder of the file") == (errno != EROFS))
        case .fail(let error): #expect(reason == nil && error.errno == errno)
        }
    }

    @Test("the folder is named where it is the folder's flag, by survey, dry run and run alike")
    func anImmutableFolder() throws {
        let folder = xfs.file("vm")
        try Tool.run("mkdir", folder)
        let path = folder + "/image"
        TestFile(path).fill(0..<65536)
        try Tool.run("chattr", "+i", folder)
        defer { _ = try? Tool.run("chattr", "-i", folder) }
        expect(.immutable, of: path, says: "the folder of '\(path)' is immutable")
        let obstacle = try survey(try openForSurvey(path: path), path: path).obstacle
        #expect(obstacle?.reason == .immutable)
        #expect(obstacle?.message == refusal(of: path)?.message)
    }

    @Test("a file that is mounted by itself is refused, by survey, dry run and run alike")
    func aFileMount() throws {
        let other = try LoopXFS(mebibytes: 320)
        let place = other.file("image")
        TestFile(place).fill(0..<4096)
        try Tool.run("mount", "--bind", path, place)
        defer { _ = try? Tool.run("umount", place) }
        expect(.fileMount, of: place, says: "mounted here by itself")
        let obstacle = try survey(try openForSurvey(path: place), path: place).obstacle
        #expect(obstacle?.message == refusal(of: place)?.message)
    }

    @Test("a file of an absurd size is refused, and can be surveyed", arguments: [0, 1, 4095, 4096, 4097])
    func sizesAtTheEnd(less: Int64) throws {
        let hole = xfs.file("hole")
        try Tool.run("truncate", "-s", "\(Int64.max - less)", hole)
        expect(.tooLarge, of: hole, says: "truncate")
        let last = xfs.file("last")
        try Tool.run("xfs_io", "-f", "-c", "pwrite -q \(Int64.max - less - 1) 1", "-c", "fsync", last)
        expect(.tooLarge, of: last, says: "truncate")
        for cells in [1, 1024] {
            let found = try Surveyor(mapCells: cells).look(at: openForSurvey(path: last), path: last)
            #expect(found?.survey.statistics.extents == 1)
            #expect(found?.survey.obstacle?.reason == .tooLarge)
            #expect(found?.map?.cells.last?.written ?? .zero > .zero)
        }
    }

    @Test("a file that grows to an absurd size during a run is left alone from then on")
    func growingToTheEnd() throws {
        try Fragmenter.scatter(path, size: 8 << 20)
        let result = try defragment(path, policy { $0.maxChunk = .kibibytes(256) }) { number, progress in
            if progress.rewritten > .zero {
                try Tool.run("truncate", "-s", "\(Int64.max)", path)
            }
            return nil
        }
        #expect(result.reason == .tooLarge)
        #expect(result.bytes.rewritten > .zero)
    }

    @Test func kernelsThatLoseData() {
        let preflight = Preflight(path: "x")
        let refusal = #expect(throws: Refusal.self) { try preflight.check(KernelRelease("5.10.0-28-amd64")) }
        #expect(refusal?.reason == .unsafeKernel)
        #expect(refusal?.message.contains("Linux 5.13") == true)
        for safe in ["5.4.0-150-generic", "5.15.0-91-generic", "6.1.0-47-amd64", "6.12.9"] {
            #expect(throws: Never.self) { try preflight.check(KernelRelease(safe)) }
        }
    }

    @Test func flagsThatNeedOtherDevices() {
        let preflight = Preflight(path: "x")
        let realtime = #expect(throws: Refusal.self) { try preflight.check(.realtime) }
        #expect(realtime?.reason == .realtime)
        let dax = #expect(throws: Refusal.self) { try preflight.check([.dax, .noDefrag]) }
        #expect(dax?.reason == .dax)
        #expect(throws: Never.self) { try preflight.check(.preallocated) }
    }

    @Test(
        arguments: [
            (EACCES, .file, .notPermitted), (EPERM, .file, .notPermitted), (EROFS, .file, .readOnlyMount),
            (ETXTBSY, .file, .swapFile), (EISDIR, .file, .notRegularFile), (EIO, .file, .ioError),
            (EXDEV, .path, .outsideRoots), (ELOOP, .path, .symbolicLink), (ENOENT, .path, .notFound),
            (EACCES, .path, .notPermitted), (EACCES, .folder, .notPermitted), (EPERM, .folder, .immutable),
            (EXDEV, .scratch, .fileMount), (EFBIG, .file, .tooLarge), (ENOENT, .folder, .ioError),
            (EMFILE, .path, .ioError),
        ] as [(CInt, SystemError.Subject, Reason)])
    func errorsOfOpening(errno: CInt, subject: SystemError.Subject, reason: Reason) {
        let refusal = Preflight(path: "x").refusal(
            SystemError(errno: errno, operation: "open", on: subject))
        #expect(refusal.reason == reason)
        #expect(refusal.message.contains("folder of 'x'") == (subject == .folder && reason != .ioError))
        #expect(refusal.result(path: "x").status == (reason == .ioError ? .failed : .skipped))
    }

    @Test func aReadOnlyMount() throws {
        try xfs.remount(options: "ro")
        expect(.readOnlyMount, of: path, says: "remount")
    }

    @Test func anActiveSwapFile() throws {
        let swap = xfs.file("swap")
        try Tool.run("dd", "if=/dev/zero", "of=\(swap)", "bs=1M", "count=4", "conv=fsync", "status=none")
        try Tool.run("chmod", "600", swap)
        try Tool.run("mkswap", swap)
        try Tool.run("swapon", swap)
        defer { _ = try? Tool.run("swapoff", swap) }
        expect(.swapFile, of: swap, says: "swap file")
    }

    @Test func pathsFromTheNetworkStayBeneathTheirRoot() throws {
        try Tool.run("mkdir", "-p", xfs.file("root/vm"))
        TestFile(xfs.file("root/vm/image")).fill(0..<8192)
        try Tool.run("ln", "-s", "/", xfs.file("root/slash"))
        let root = xfs.file("root")
        _ = try openForDefrag(beneath: root, relative: "vm/image")
        _ = try openForSurvey(beneath: root, relative: "vm/../vm/image")
        let escapes: [(String, Reason)] = [
            ("../image", .outsideRoots), ("vm/../../image", .outsideRoots), (path, .outsideRoots),
            ("slash/etc/passwd", .symbolicLink),
        ]
        for (escape, reason) in escapes {
            let refusal = #expect(throws: Refusal.self) {
                _ = try openForDefrag(beneath: root, relative: escape)
            }
            #expect(refusal?.reason == reason)
        }
        let absent = #expect(throws: Refusal.self) {
            _ = try openForDefrag(beneath: root, relative: "vm/none")
        }
        #expect(absent?.reason == .notFound)
    }

    @Test(
        "what the machine lacks is not blamed on the device",
        arguments: [
            (EMFILE, "ulimit -n"), (ENFILE, "fs.file-max"), (ENOMEM, "memory"), (EUCLEAN, "xfs_repair"),
            (EBADMSG, "xfs_repair"), (EIO, "check the device"),
        ])
    func remedies(errno: CInt, says: String) {
        let error = SystemError(errno: errno, operation: "open", on: .scratch)
        let result = Account(from: 0, isDryRun: false).ending(Halt(error), path: "x")
        #expect(result.status == .failed)
        for message in [result.message, Preflight(path: "x").refusal(error).message] {
            #expect(message?.contains(says) == true, "\(message ?? "")")
            #expect(message?.contains("device") == (errno == EIO))
        }
    }
}
