import Testing

@testable import Courier

@Suite struct AddressPolicyTests {
    @Test(arguments: [
        "10.1.2.3", "127.0.0.1", "169.254.169.254", "172.20.0.1", "192.168.1.1", "100.64.1.1", "0.0.0.0", "224.0.0.1",
        "255.255.255.255", "::1", "::", "fe80::1", "fc00::1", "ff02::1", "::ffff:10.0.0.1", "::ffff:169.254.169.254",
        "64:ff9b::7f00:1", "2002:7f00:1::", "2001::1", "2001:db8::1", "::127.0.0.1",
    ])
    func `what is not public is refused`(_ text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(!AddressPolicy().allows(address, plain: false))
    }

    @Test(arguments: ["1.1.1.1", "203.113.131.1", "2606:4700::1111", "::ffff:8.8.8.8"])
    func `public addresses are allowed, never in the clear`(_ text: String) throws {
        let address = try #require(IPAddress(text))
        #expect(AddressPolicy().allows(address, plain: false))
        #expect(!AddressPolicy(allowsPlainLoopback: true).allows(address, plain: true))
    }

    @Test func `an operator's networks are allowed and nothing beside them`() throws {
        let network = try #require(Network("10.20.0.0/14"))
        let policy = AddressPolicy(networks: [network])
        for (text, allowed) in [
            ("10.20.0.1", true), ("10.23.255.255", true), ("10.24.0.0", false), ("10.19.9.9", false),
        ] {
            #expect(policy.allows(try #require(IPAddress(text)), plain: false) == allowed, "\(text)")
        }
        #expect(policy.allows(try #require(IPAddress("::ffff:10.20.0.1")), plain: false))
        #expect(Network("10.0.0.0/33") == nil && Network("ten/8") == nil && Network("::/0") != nil)
    }

    @Test func `an address is judged before anything is sent`() {
        let strict = AddressPolicy()
        #expect(strict.defect("https://agency.gov.vn/hook?x=1") == nil)
        #expect(strict.defect("http://agency.gov.vn/") == .scheme)
        #expect(strict.defect("https://127.0.0.1/") == .forbidden)
        #expect(strict.defect("https://[::1]/") == .forbidden)
        #expect(strict.defect("https://169.254.169.254/latest/meta-data") == .forbidden)
        for text in [
            "https://u:p@x.vn/", "https:///x", "https://x.vn/#f", "file:///etc/passwd", "x", "https://x.vn/ a",
        ] {
            #expect(strict.defect(text) != nil, "\(text)")
        }
        let rehearsal = AddressPolicy(networks: [Network("127.0.0.0/8")].compactMap { $0 }, allowsPlainLoopback: true)
        #expect(rehearsal.defect("http://127.0.0.1:9/") == nil)
        #expect(rehearsal.defect("http://10.0.0.1/") == .scheme)
        #expect(rehearsal.defect("http://agency.gov.vn/") == .scheme)
    }
}
