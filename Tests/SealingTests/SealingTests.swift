import Contracts
import Crypto
import Foundation
import Testing

@testable import Sealing

@Suite struct SealingTests {
    let key = SubjectKey()
    let purpose = "onestop.citizen-notice.address"

    @Test(arguments: ["", "a", "nguyen.van.an@example.vn", "Nguyễn Văn An, số 1 phố Huế"])
    func `what is sealed comes back as it was`(_ text: String) throws {
        let sealed = try key.seal(text, for: purpose)
        #expect(sealed.bytes?.count == text.utf8.count + 28)
        #expect(try key.open(sealed, for: purpose) == text)
        let travelled = try Sealed(decoding: JSON(parsing: sealed.jsonBytes), unknown: .refuse)
        #expect(travelled == sealed)
        #expect(!sealed.jsonBytes.contains(subsequence: Array(text.utf8)) || text.utf8.count < 8)
    }

    @Test func `the same text is never sealed the same way twice`() throws {
        let boxes = try Set((0..<1_000).map { _ in try key.seal("a@b.vn", for: purpose).box })
        #expect(boxes.count == 1_000)
    }

    @Test func `another key, another purpose and any changed bit are noticed`() throws {
        let sealed = try key.seal("a@example.vn", for: purpose)
        #expect(throws: SealingFault.otherKey) { try SubjectKey().open(sealed, for: purpose) }
        #expect(throws: SealingFault.unreadable) { try key.open(sealed, for: "another") }
        // The same secret under another name: the name is authenticated.
        let renamed = SubjectKey(id: .new(), secret: key.secret)
        var claimed = sealed
        claimed.key = renamed.id
        #expect(throws: SealingFault.unreadable) { try renamed.open(claimed, for: purpose) }
        let bytes = try #require(sealed.bytes)
        for bit in 0..<bytes.count * 8 {
            var changed = bytes
            changed[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: SealingFault.unreadable) {
                try key.open(Sealed(key: key.id, box: changed), for: purpose)
            }
        }
        for count in [0, 11, 12, 27, bytes.count - 1] {
            #expect(throws: SealingFault.unreadable) {
                try key.open(Sealed(key: key.id, box: Array(bytes.prefix(count))), for: purpose)
            }
        }
    }

    @Test func `what is too long is not sealed`() throws {
        let most = String(repeating: "a", count: Limits.Sealing.textBytes)
        #expect(try key.seal(most, for: purpose).box.utf8.count <= Limits.Sealing.boxLength)
        #expect(throws: SealingFault.tooLong) { try key.seal(most + "a", for: purpose) }
    }

    @Test func `only the addressee unwraps a key`() throws {
        let (mail, onestop) = (ServiceKey(.mail), ServiceKey(.onestop))
        let wrapped = try mail.publicKey.wrap(key)
        let unwrapped = try mail.unwrap(wrapped)
        #expect(try unwrapped.open(key.seal("a@b.vn", for: purpose), for: purpose) == "a@b.vn")
        #expect(throws: SealingFault.unreadable) { try onestop.unwrap(wrapped) }
        #expect(throws: SealingFault.unreadable) {
            try mail.unwrap(WrappedKey(id: .new(), bytes: wrapped.bytes))
        }
        for index in wrapped.bytes.indices {
            var changed = wrapped.bytes
            changed[index] ^= 0x01
            #expect(throws: SealingFault.unreadable) { try mail.unwrap(WrappedKey(id: key.id, bytes: changed)) }
        }
        #expect(throws: SealingFault.unreadable) { try mail.unwrap(WrappedKey(id: key.id, bytes: [1, 2, 3])) }
        #expect(try mail.publicKey.wrap(key).bytes != wrapped.bytes)
    }

    /// The pair that Deploy/local makes with openssl: this one openssl gave.
    @Test func `a public key is what other people's tools say`() throws {
        let alice = try ServiceKey(.mail, hex: "77076d0a7318a57d3c16c17251b26645df4ca8b3b6ef8a9d3d7d1e6e5c7b9a01")
        #expect(alice.publicKey.hex == "b508aee650f00c6ec5b7da554b3f815b55a0323fff318506e9002b68da46e713")
        for text in ["", "00", String(repeating: "g", count: 64), String(repeating: "0", count: 63)] {
            #expect(throws: SealingFault.malformedKey) { try ServiceKey(.mail, hex: text) }
        }
        #expect(throws: SealingFault.malformedKey) { try ServicePublicKey(.mail, hex: "00") }
    }

    /// The package cryptography (PyPI) as the addressee: it unwraps the key by RFC 9180 and opens the text.
    @Test func `other people's cryptography reads what we write`() throws {
        let hex = String(repeating: "5a", count: 32)
        let wrapped = try ServiceKey(.mail, hex: hex).publicKey.wrap(key)
        let sealed = try key.seal("nguyễn.an@example.vn", for: purpose)
        let program = """
            import base64, sys
            from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
            from cryptography.hazmat.primitives.ciphers.aead import AESGCM
            from cryptography.hazmat.primitives.hpke import AEAD, KDF, KEM, Suite
            private, wrapped, box = (bytes.fromhex(text) for text in sys.argv[1:4])
            suite = Suite(KEM.X25519, KDF.HKDF_SHA256, AEAD.AES_256_GCM)
            info = f"lienthong/subject-key/v1\\nmail\\n{sys.argv[4]}".encode()
            secret = suite.decrypt(wrapped, X25519PrivateKey.from_private_bytes(private), info)
            context = f"lienthong/sealed/v1\\n{sys.argv[4]}\\n{sys.argv[5]}".encode()
            print(AESGCM(secret).decrypt(box[:12], box[12:], context).decode())
            """
        let process = Process()
        process.executableURL = URL(
            fileURLWithPath: ProcessInfo.processInfo.environment["LIENTHONG_TEST_PYTHON"] ?? "/usr/bin/python3")
        process.arguments = [
            "-c", program, hex, Hex.encode(wrapped.bytes), Hex.encode(sealed.bytes ?? []), key.id.text, purpose,
        ]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        let said = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(String(decoding: said, as: UTF8.self) == "nguyễn.an@example.vn\n")
    }

    @Test func `no private key is ever shown`() throws {
        let hex = String(repeating: "ab", count: 32)
        let key = try ServiceKey(.mail, hex: hex)
        var dumped = ""
        dump(key, to: &dumped)
        for text in ["\(key)", String(reflecting: key), String(describing: key), dumped] {
            #expect(!text.contains("abab"))
        }
    }
}

extension [UInt8] {
    func contains(subsequence other: [UInt8]) -> Bool {
        guard !other.isEmpty, other.count <= count else { return other.isEmpty }
        return indices.dropLast(other.count - 1).contains { self[$0..<$0 + other.count].elementsEqual(other) }
    }
}
