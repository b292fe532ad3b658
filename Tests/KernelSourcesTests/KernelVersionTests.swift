import KernelSources
import Testing

@Suite struct KernelVersionTests {
    @Test(arguments: [
        ("6.1.0-56-cloud-amd64", 6, 1), ("5.15", 5, 15), ("6.18.44-fc-v669", 6, 18), ("7", 7, 0), ("", 0, 0),
    ])
    func readsARelease(_ release: String, _ major: Int, _ minor: Int) {
        #expect(KernelVersion(release: release) == KernelVersion(major, minor))
    }

    @Test func ordersByNumberAndNotByText() {
        #expect(KernelVersion(6, 5) > KernelVersion(6, 1) && KernelVersion(6, 12) > KernelVersion(6, 5))
        #expect(KernelVersion(5, 19) < KernelVersion(6, 0))
    }
}
