import Contract
import DefragTypes
import Support
import Testing

@testable import Worker

@Suite("What the roots' file systems say") struct FileSystemFiguresTests {
    @Test("each once; what is gone, no longer")
    func figures() async throws {
        let (one, two) = (try LoopXFS(mebibytes: 320), try LoopXFS(mebibytes: 320))
        try Tool.run("mkdir", one.file("inner"))
        let figures = FileSystemFigures(roots: [one.path, one.file("inner"), two.path, "/nowhere"])
        #expect(figures.latest == [])
        await figures.refresh(within: .seconds(10))
        #expect(figures.latest.map(\.mountPoint) == [one.path, two.path])
        #expect(figures.latest.allSatisfy { $0.free > .mebibytes(200) && $0.free < $0.size })
        try two.unmount()
        await figures.refresh(within: .seconds(10))
        #expect(figures.latest.map(\.mountPoint) == [one.path])
    }
}
