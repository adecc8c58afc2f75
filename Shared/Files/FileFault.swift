/// Why a file was not stored or not read.
public enum FileFault: Error, Sendable, Equatable {
    /// More bytes than allowed.
    case tooLarge(limit: Int)
    case empty
    /// The sender announced another size: the upload was cut off or mixed up.
    case wrongSize(declared: Int, actual: Int)
    /// The sender announced another hash: the bytes changed on the way.
    case wrongHash(declared: ContentHash, actual: ContentHash)
    /// A program, a script, or a document that carries one.
    case executable
    /// The content is none of `MediaType`.
    case unknownType
    /// The sender announced a type that we know, and the content is another one.
    case notAsDeclared(declared: MediaType, found: MediaType)
    /// There is no such file.
    case missing(ContentHash)
    /// The stored bytes are no longer those that were stored.
    case damaged(ContentHash)
    /// The stream of bytes ended with an error.
    case interrupted(String)
    /// The file system said no: what was attempted, and its error number.
    case storage(String, errno: Int32)

    /// Whether the sender is at fault and not the store.
    public var isRefusal: Bool {
        switch self {
        case .tooLarge, .empty, .wrongSize, .wrongHash, .executable, .unknownType, .notAsDeclared: true
        case .missing, .damaged, .interrupted, .storage: false
        }
    }
}

extension FileFault: CustomStringConvertible {
    public var description: String {
        switch self {
        case .tooLarge(let limit): "the file has more than \(limit) bytes"
        case .empty: "the file is empty"
        case .wrongSize(let declared, let actual): "announced \(declared) bytes, got \(actual)"
        case .wrongHash(let declared, let actual): "announced SHA-256 \(declared), got \(actual)"
        case .executable: "the file is or carries a program"
        case .unknownType: "the content is of no accepted type"
        case .notAsDeclared(let declared, let found): "announced as \(declared.rawValue), is \(found.rawValue)"
        case .missing(let hash): "there is no file \(hash)"
        case .damaged(let hash): "the stored bytes of \(hash) have changed"
        case .interrupted(let why): "the upload broke off: \(why)"
        case .storage(let attempt, let code): "\(attempt) failed with error number \(code)"
        }
    }
}
