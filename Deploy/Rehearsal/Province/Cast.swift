import Contracts
import Crypto
import Foundation

/// The people of the demonstration that sign in, by the word that `make token WHO=` takes.
enum Cast {
    /// The first administrator, made by Identity's migration.
    static let administrator = "admin"

    /// Officials by their keys in officials.csv.
    static let officials: [(who: String, key: String)] = [
        ("clerk", "stp-clerk"), ("officer", "stp-officer-1"), ("leader", "stp-leader"),
        ("accountant", "stp-accountant"), ("records", "stp-records"), ("police", "cat-officer-1"),
        ("police-leader", "cat-leader"), ("hr", "snv-hr"),
        ("commune-clerk", "trang-dai-clerk"), ("commune-officer", "trang-dai-officer-1"),
        ("commune-leader", "trang-dai-leader"), ("commune-records", "trang-dai-records"),
        ("district-officer", "bien-hoa-officer-1"), ("district-leader", "bien-hoa-leader"),
        ("district-records", "bien-hoa-records"), ("district-hr", "bien-hoa-hr"),
    ]

    /// Citizens by their keys in citizens.csv, which are their user names too.
    static let citizens: [(who: String, key: String)] = [
        ("citizen", "cong-dan-1"), ("citizen-2", "cong-dan-2"), ("citizen-3", "cong-dan-3"),
        ("citizen-4", "cong-dan-4"),
    ]

    static var names: String { ([administrator] + officials.map(\.who) + citizens.map(\.who)).joined(separator: ", ") }

    /// The identity of a fictitious official: always the same for the same key, so that loading again finds it. A
    /// UUID of version 8 (RFC 9562, 5.8) from the key's SHA-256.
    static func person(_ key: String) -> PersonID {
        var bytes = Array(SHA256.hash(data: Array("lienthong rehearsal official \(key)".utf8)).prefix(16))
        bytes[6] = bytes[6] & 0x0F | 0x80
        bytes[8] = bytes[8] & 0x3F | 0x80
        return PersonID(bytes.withUnsafeBytes { UUID(uuid: $0.loadUnaligned(as: uuid_t.self)) })
    }
}
