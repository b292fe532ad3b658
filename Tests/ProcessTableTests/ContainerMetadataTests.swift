import EventModel
import Testing

@testable import ProcessTable

@Suite("names of pods and containers")
struct ContainerMetadataTests {
    static let uid = "8f3a2b1c-0d4e-4f56-9a7b-1234567890ab"
    static let staticUID = "0123456789abcdef0123456789abcdef"

    @Test("a directory of logs names the pod", arguments: [uid, staticUID])
    func readsLogDirectories(uid: String) throws {
        let directory = try #require(PodLogDirectory(ByteString("kube-system_coredns-5d78c.x_\(uid)")))
        #expect(
            directory.namespace == "kube-system" && directory.name == "coredns-5d78c.x"
                && directory.uid == uid)
        let container = ContainerIdentity(runtime: "containerd", id: "1", podUID: uid).named(by: directory)
        #expect(container.podName == "coredns-5d78c.x" && container.podNamespace == "kube-system")
        let stranger = ContainerIdentity(runtime: "containerd", id: "1", podUID: "other")
        #expect(stranger.named(by: directory) == stranger)
    }

    @Test(
        "other directories name nobody",
        arguments: [
            "", "_", "__", "a_b", "a_b_c", "a_b_\(uid)0", "a_b_c_\(uid)", "_b_\(uid)", "A_b_\(uid)",
            "a_b/c_\(uid)",
            "a_b_\(uid.uppercased())",
        ])
    func refusesOthers(name: String) {
        #expect(PodLogDirectory(ByteString(name)) == nil)
    }

    static let json = #"""
        {"StreamConfig":{},"State":{"Running":true,"Pid":42,"Error":"a \"}\" b"},"ID":"0123","Managed":false,
         "Config":{"Hostname":"h","Env":["A={","B=\\"],"Cmd":null,"Labels":{"Image":"no","Name":"no"},
          "Image":"registry:5000/web:1.2","Volumes":null },
         "Image":"sha256:0123","NetworkSettings":{"Networks":{"none":{"Name":"no"}}},"Name":"\/web\u00e9\ud83d\ude00"}
        """#

    @Test("Docker's file tells the container's name and the image as it was asked for")
    func readsDocker() {
        let configuration = DockerConfiguration(json: ByteString(Self.json))
        #expect(configuration.name == "webé😀")
        #expect(configuration.image == "registry:5000/web:1.2")
        let container = ContainerIdentity(runtime: "docker", id: "1").described(by: configuration)
        #expect(container.image == "registry:5000/web:1.2")
    }

    @Test("a file that was cut off gives nothing, or what is whole")
    func survivesTruncation() {
        let bytes = Array(Self.json.utf8)
        for count in 0..<bytes.count {
            let configuration = DockerConfiguration(json: ByteString(Array(bytes[..<count])))
            #expect(configuration.name == nil || configuration.name == "webé😀")
            #expect(configuration.image == nil || configuration.image == "registry:5000/web:1.2")
        }
    }

    @Test(
        "what is not such a file gives nothing",
        arguments: [
            "", "null", "[]", "{}", "{{{{", #"{"Name":1,"Config":2}"#, #"{"Name""#, #"{"Name":"\"#,
            #"{"Name":"\u"#,
            #"{"Config":{"Image":{"Image":"x"}}}"#, "{]", #"{"a":}"#, #"{"Name" "x"}"#,
            String(repeating: "{\"a\":", count: 100_000), String(repeating: "[", count: 100_000),
        ])
    func survivesNonsense(text: String) {
        #expect(DockerConfiguration(json: ByteString(text)) == DockerConfiguration(json: ""))
    }
}
