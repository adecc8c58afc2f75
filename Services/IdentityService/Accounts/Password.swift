import Contracts
import Foundation
import ServiceKit

/// A password as it was typed. Only its Argon2id hash is ever stored.
struct Password: Sendable {
    /// One spelling for what looks alike (RFC 8265, OpaqueString): keyboards differ in how they compose Vietnamese.
    private let text: String

    init(_ typed: String) { text = typed.precomposedStringWithCanonicalMapping }

    var isPossible: Bool { text.unicodeScalars.count <= Limits.password.upperBound }

    func hash() async throws -> String { try await PasswordHash.make(text) }

    /// A nil hash takes as long as a real one and never matches.
    func matches(_ hash: String?) async throws -> Bool { try await PasswordHash.matches(text, hash) }

    enum Fault: Error { case length, sameCharacters, containsLogin, repetition }

    /// What NIST SP 800-63B asks of a chosen password: length, and nothing that anybody would guess first.
    func check(for login: String, repeated: String? = nil) throws(Fault) {
        guard Limits.password.contains(text.unicodeScalars.count) else { throw .length }
        guard Set(text).count >= Limits.SignIn.differentCharacters else { throw .sameCharacters }
        guard login.isEmpty || !text.lowercased().contains(login.lowercased()) else { throw .containsLogin }
        if let repeated, Password(repeated).text != text { throw .repetition }
    }
}

extension Password.Fault {
    func text(_ words: Words) -> String {
        switch self {
        case .length:
            words(
                "Mật khẩu phải có từ \(Limits.password.lowerBound) đến \(Limits.password.upperBound) ký tự.",
                "The password must have \(Limits.password.lowerBound) to \(Limits.password.upperBound) characters.")
        case .sameCharacters:
            words(
                "Mật khẩu phải có ít nhất \(Limits.SignIn.differentCharacters) ký tự khác nhau.",
                "The password must have at least \(Limits.SignIn.differentCharacters) different characters.")
        case .containsLogin:
            words("Mật khẩu không được chứa tên đăng nhập.", "The password must not contain the user name.")
        case .repetition:
            words("Hai lần nhập mật khẩu không giống nhau.", "The two entries of the password differ.")
        }
    }
}
