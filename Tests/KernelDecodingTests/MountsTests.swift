import EventModel
import KernelDecoding
import Testing

@Suite("mountinfo")
struct MountsTests {
    static func table(_ text: String) -> MountTable {
        MountTable(mountinfo: Array(text.utf8).span)
    }

    @Test("decodes fields, optional fields and octal escapes")
    func decodesLine() throws {
        let table = Self.table(
            """
            36 35 98:0 /mnt1 /mnt2\\040with\\134slash rw,noatime shared:1 master:2 - ext3 /dev/root rw,errors=no
            40 36 0:33 / /merged rw - overlay overlay rw,lowerdir=/l,upperdir=/u\\054p,workdir=/w
            41 36 0:34 / /x rw - fuse.sshfs  rw

            """)
        try #require(table.entries.count == 3)
        let first = table.entries[0]
        #expect(first.id == 36 && first.parent == 35 && first.major == 98 && first.minor == 0)
        #expect(first.root == "/mnt1" && first.mountPoint == "/mnt2 with\\slash")
        #expect(first.options == "rw,noatime" && first.type == "ext3" && first.source == "/dev/root")
        #expect(first.superOption("errors") == "no")
        #expect(table.entries[1].superOption("upperdir") == "/u,p")
        #expect(table.entries[1].superOption("absent") == nil)
        #expect(table.entries[2].source == "" && table.entries[2].superOptions == "rw")
    }

    @Test(
        "counts bad lines and goes on",
        arguments: [
            ("36 35 98:0 / /a rw shared:1", MountDecodeError.missingSeparator),
            ("36 35 98 / /a rw - ext4 x rw", .badNumber),
            ("36 99999999999 98:0 / /a rw - ext4 x rw", .badNumber),
            ("36 35 98:0 /", .missingField),
        ] as [(String, MountDecodeError)])
    func countsBadLines(line: String, error: MountDecodeError) {
        let table = Self.table("\(line)\n1 1 8:1 / / rw - ext4 /dev/sda1 rw\n")
        #expect(table.entries.count == 1)
        #expect(table.errors == [error: 1])
    }

    @Test("never traps, whatever is cut off")
    func survivesTruncation() {
        let line = Array("36 35 98:0 /a\\040 /m\\13 rw,noatime shared:1 - ext3 /dev/root rw,a=b\\0".utf8)
        for count in 0...line.count {
            let table = MountTable(mountinfo: Array(line[..<count]).span)
            #expect(table.entries.count <= 1)
        }
    }

    @Test("a path is on the deepest, last mounted, uncovered mount")
    func findsMount() {
        let table = Self.table(
            """
            1 1 8:1 / / rw - ext4 /dev/sda1 rw
            2 1 0:5 / /dev rw - devtmpfs dev rw
            3 2 0:6 / /dev/pts rw - devpts dev rw
            4 1 8:2 / /data rw - xfs /dev/sdb rw
            5 1 8:1 /srv /data/srv rw - ext4 /dev/sda1 rw
            6 4 8:3 / /data rw - xfs /dev/sdc rw
            7 3 0:7 / /dev/pts rw - devpts dev rw

            """)
        #expect(table.mount(of: "/etc/passwd")?.id == 1)
        #expect(table.mount(of: "/dev/pts/0")?.id == 7)
        #expect(table.mount(of: "/database")?.id == 1)
        #expect(table.mount(of: "/data/x")?.id == 6)
        #expect(table.visible.map(\.id) == [1, 2, 5, 6, 7])
    }
}
