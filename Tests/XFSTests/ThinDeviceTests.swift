import Support
import Testing

@testable import XFS

/// What sysfs says about the devices beneath a file system, from trees of the same form, and from this machine's.
@Suite("Devices that grow") struct ThinDeviceTests {
    /// A tree with these files, and links from each device's `slaves`.
    private func tree(
        _ files: [String: String], slaves: [(device: String, beneath: String)] = []
    ) throws -> String {
        let root = try RunFolder.subfolder("sysfs")
        for (path, text) in files {
            try Tool.run(
                "sh", "-c", "mkdir -p \"${1%/*}\" && printf '%s' \"$2\" > \"$1\"", "sh", "\(root)/\(path)",
                text)
        }
        for (device, beneath) in slaves {
            try Tool.run("mkdir", "-p", "\(root)/dev/block/\(device)/slaves")
            try Tool.run(
                "ln", "-s", "../../\(beneath)",
                "\(root)/dev/block/\(device)/slaves/dm-\(beneath.dropFirst(4))")
        }
        return root
    }

    @Test(
        "of LVM, by what its hidden volumes are called",
        arguments: [
            ("LVM-abc-tpool", .thinVolume), ("LVM-abc-vpool", .thinVolume), ("LVM-abc-real", .snapshotOrigin),
            ("LVM-abc-cow", .snapshot), ("LVM-abc", nil), ("CRYPT-LUKS2-abc-tpool", nil),
        ] as [(String, ThinDevice?)])
    func lvm(uuid: String, device: ThinDevice?) throws {
        let root = try tree(
            ["dev/block/253:1/dm/uuid": uuid + "\n", "dev/block/253:2/dm/uuid": "LVM-top\n"],
            slaves: [("253:2", "253:1")])
        #expect(ThinDevice.find(beneath: "253:2", sysfs: root) == device)
    }

    @Test("beneath a device that is none, and behind one that lies on itself")
    func nested() throws {
        let root = try tree(
            [
                "dev/block/253:1/dm/uuid": "LVM-abc-tpool\n", "dev/block/253:2/dm/uuid": "LVM-abc\n",
                "dev/block/253:3/dm/uuid": "CRYPT-x\n", "dev/block/253:4/dm/uuid": "odd\n",
            ], slaves: [("253:3", "253:2"), ("253:2", "253:1"), ("253:4", "253:4")])
        #expect(ThinDevice.find(beneath: "253:3", sysfs: root) == .thinVolume)
        #expect(ThinDevice.find(beneath: "253:4", sysfs: root) == nil)
        #expect(ThinDevice.find(beneath: "253:5", sysfs: root) == nil)
    }

    @Test("a disk that says so", arguments: ["1\n": ThinDevice.thinDisk, "0\n": nil])
    func disk(text: String, device: ThinDevice?) throws {
        let root = try tree(["dev/block/8:0/device/scsi_disk/0:0:0:0/thin_provisioning": text])
        #expect(ThinDevice.find(beneath: "8:0", sysfs: root) == device)
    }

    @Test("a loop device, by whether its file has holes")
    func loop() throws {
        let sparse = try LoopXFS(mebibytes: 320)
        let number = try Location(path: sparse.path).status().deviceName
        #expect(ThinDevice.find(beneath: number) == .sparseFile(sparse.image))
        let full = try RunFolder.subfolder("full") + "/image"
        try Tool.run("sh", "-c", "head -c 65536 /dev/zero > \"$1\"", "sh", full)
        let root = try tree(["dev/block/7:9/loop/backing_file": full + "\n"])
        #expect(ThinDevice.find(beneath: "7:9", sysfs: root) == nil)
    }
}
