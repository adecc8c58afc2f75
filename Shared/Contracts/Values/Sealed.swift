import Foundation

public enum SubjectTag {}
public enum SubjectKeyTag {}
/// Somebody whose data is kept under a key of his or her own: a citizen, or the applicant of one dossier.
public typealias SubjectID = ID<SubjectTag>
public typealias SubjectKeyID = ID<SubjectKeyTag>

/// A text that nobody can read without a subject's key: AES-256-GCM, made and opened by the module Sealing. The key
/// never travels with it; once the key is erased this is noise, wherever it was kept.
public struct Sealed: Record, Hashable {
    public var key = SubjectKeyID()
    /// Nonce (12 bytes), ciphertext, tag (16 bytes), in base64 (RFC 4648, section 4).
    public var box = ""

    public init() {}

    public init(key: SubjectKeyID, box: [UInt8]) {
        self.key = key
        self.box = Data(box).base64EncodedString()
    }

    public var bytes: [UInt8]? { Data(base64Encoded: box).map { Array($0) } }

    public static let fields: [Field<Self>] = [
        .init("key", \.key, .id, "The subject's key; the sender gives it to the addressee until it is erased"),
        .init(
            "box", \.box, .text(1...Limits.Sealing.boxLength, pattern: "^[A-Za-z0-9+/]+={0,2}$"),
            "Nonce, ciphertext and tag (AES-256-GCM), base64"),
    ]
}
