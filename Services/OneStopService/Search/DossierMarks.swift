import Contracts
import ServiceKit

/// By what a dossier is found beside its words: whole marks, a letter before a colon (`Migrations+Finding`). Numbers of
/// people are marks of the search table only; they go into no address and no log.
enum DossierMarks {
    static func nationalID(_ digits: String) -> String { "n:\(digits)" }
    static func account(_ person: PersonID) -> String { "u:\(person)" }
    static func procedure(_ code: String) -> String { "p:\(code)" }

    /// The same number is written `0900…`, `84900…` and `+84900…`.
    static func phone(_ digits: String) -> String {
        let plain = digits.hasPrefix("+") ? String(digits.dropFirst()) : digits
        return "f:\(plain.hasPrefix("84") ? "0" + plain.dropFirst(2) : plain)"
    }

    static func of(_ dossier: Dossier) -> [String] {
        let applicant = dossier.applicant
        return [
            procedure(dossier.procedure), applicant.nationalID.map(nationalID), applicant.phone.map(phone),
            applicant.person.map(account),
        ].compactMap { $0 }
    }

    /// The row of a new dossier, as a step of the flight that writes it.
    static func line(_ dossier: Dossier, procedureName: String) -> (String, SQL) {
        let text = "\(dossier.applicant.name) \(dossier.subject) \(procedureName)"
        return (
            "searched",
            """
            INSERT INTO dossier_search (dossier, words)
            SELECT id, array_to_tsvector(search_words(\(text)) || \(of(dossier) + agencies(dossier))) FROM change
            """
        )
    }

    /// Whoever may read it may find it, from the same commit on (os-114).
    static func line(from before: Dossier, to after: Dossier) -> [(String, SQL)] {
        guard before.agencies != after.agencies else { return [] }
        let sql: SQL = """
            UPDATE dossier_search
            SET words = ts_delete(words, \(agencies(before))) || array_to_tsvector(\(agencies(after)))
            FROM change WHERE dossier = change.id
            """
        return [("searched", sql)]
    }

    /// Those that may read it, and those above them.
    private static func agencies(_ dossier: Dossier) -> [String] {
        Set(dossier.agencies.flatMap { [$0] + $0.ancestors }).map { "a:\($0)" }.sorted()
    }
}
