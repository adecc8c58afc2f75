import Contracts
import ServiceKit

/// `GET /userinfo` (OpenID Connect Core, section 5.3).
enum ReadUserInfo: Endpoint {
    static let route = Route.get("/userinfo")
    static let summary = "Who the token's holder is"
    static let access = Access.signedIn

    struct Output: Record {
        var sub = ""
        var kind = AccountKind.citizen
        var person: PersonID?
        static let fields: [Field<Self>] = [
            .init("sub", \.sub, .text(1...200), "The account"),
            .init("kind", \.kind, .choice, "Whose account it is"),
            .init("person", \.person, .id, "The person behind it"),
        ]
    }

    static func handle(_ input: Nothing, _ call: Call) async throws -> Reply<Output> {
        var output = Output()
        (output.sub, output.kind, output.person) = (call.caller.id, call.caller.kind ?? .citizen, call.caller.person)
        return Reply(output)
    }
}

/// `POST /userinfo`: the same (OpenID Connect Core, section 5.3.1, wants both).
enum ReadUserInfoByPost: Endpoint {
    static let route = Route.post("/userinfo")
    static let summary = "Who the token's holder is, asked by POST"
    static let access = Access.signedIn

    static func handle(_ input: Nothing, _ call: Call) async throws -> Reply<ReadUserInfo.Output> {
        try await ReadUserInfo.handle(input, call)
    }
}
