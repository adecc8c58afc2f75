import Contracts
import ServiceKit

/// A file of the answer to a dossier (kết quả giải quyết; Decrees 45/2020/NĐ-CP and 107/2021/NĐ-CP): a draft of it, the
/// signed answer, the issued document as it was scanned. They are only ever added, and the newest one is the answer.
struct ResultFile: Sendable, Hashable {
    /// What is shown of it.
    var file = Attachment()
    /// Its place among the results of the dossier, from 1 on.
    var number = 1
    /// In which status the dossier was when it came: while the answer was made, or when there was one.
    var status = DossierStatus.processing
    /// Whether papers were supplied since: then it answers another dossier than this one.
    var isOvertaken = false
}

extension ResultFile {
    /// - Parameter issued: SHA-256 of the issued document, hex; nil while nothing was issued, or no hash was announced.
    init(_ row: Row, issued: String?) throws {
        file = try Attachment(row)
        // os-280
        file.issued = issued.map { $0.lowercased() == file.sha256 }
        number = Int(try row("number", as: Int32.self))
        status = try Dossier.status(row, "dossier_status") ?? .processing
        isOvertaken = try row("overtaken")
    }

    /// Officials add it while the answer is made, also when it is approved already, and until it is handed over
    /// (os-277). It has room of its own: papers leave enough for the answer.
    static func decide(
        _ dossier: Dossier, isApplicant: Bool, others: [ResultFile], hash: String, size: Int
    ) throws(Refused) {
        guard !isApplicant else { throw .resultByOffice }
        try dossier.require(.processing, .finished)
        guard others.count < Limits.OneStop.resultFiles else { throw .tooManyResults }
        // An earlier one may come again: after papers were supplied, or to be the newest once more.
        if let last = others.last, last.file.sha256 == hash, !last.isOvertaken { throw .attachedAlready }
        guard others.reduce(size, { $0 + $1.file.size }) <= Limits.OneStop.dossierBytes else {
            throw .dossierTooLarge
        }
    }

    /// The statement that adds a file as the newest one of a dossier whose row is locked.
    static func insert(_ file: Attachment, into dossier: Dossier, by actor: String) -> SQL {
        """
        INSERT INTO result_files
            (id, dossier, number, name, sha256, bytes, media_type, added_by, added_at, scanned_at, signed,
             dossier_version, dossier_status)
        VALUES (\(file.id), \(dossier.id),
                (SELECT coalesce(max(number), 0) + 1 FROM result_files WHERE dossier = \(dossier.id)),
                \(file.name), \(file.sha256), \(file.size), \(file.mediaType), \(actor), \(file.addedAt),
                \(file.scannedAt), \(file.signed), \(dossier.version), \(Int16(dossier.status.number)))
        """
    }
}

extension [ResultFile] {
    /// Whether the answer is signed (os-279): the newest one is, and no papers were supplied since. An older signature
    /// does not count, because what came after it is another answer.
    var isSigned: Bool {
        guard let answer = last else { return false }
        return answer.file.signed == true && !answer.isOvertaken
    }

    /// What a reader sees (os-281): officials all of them; the applicant, once there is an answer, the one that lay
    /// there when it was given, what was issued, and what was added since. Drafts that others took the place of stay
    /// inside, and all of it while what is collected at the return is not paid: to see the file is to have the answer
    /// (os-291; Decree 61/2018/NĐ-CP, Art. 22).
    func shown(to reader: AccountKind?, of dossier: Dossier, _ definition: Definition) -> [Attachment] {
        if let reader, reader != .citizen { return map(\.file) }
        // A stopped dossier is returned too, without an answer.
        guard dossier.finishedAt != nil else { return [] }
        guard dossier.status != .finished || !dossier.owesAtReturn(definition) else { return [] }
        let answer = last { $0.status != .finished }?.number
        return filter { $0.status == .finished || $0.number == answer || $0.file.issued == true }.map(\.file)
    }
}

extension Session {
    /// The results of a dossier, the newest last.
    func results(of dossier: Dossier) async throws -> [ResultFile] {
        let rows = try await run(
            """
            SELECT r.*, \(Part.result)::text AS part, NULL::uuid AS reused_from,
                r.dossier_version < coalesce((SELECT max(h.version) FROM dossier_history h
                    WHERE h.dossier = \(dossier.id) AND h.what = 'supplement-supplied'), 0) AS overtaken
            FROM result_files r WHERE r.dossier = \(dossier.id) ORDER BY r.number
            """)
        return try rows.map { try ResultFile($0, issued: dossier.documentHash) }
    }

    /// Whether the answer is signed; only asked for when one of `guards` wants to know.
    func isSigned(_ dossier: Dossier, guards: [Guard]) async throws -> Bool {
        guard guards.contains(.signed) else { return false }
        return try await results(of: dossier).isSigned
    }
}

extension Part {
    /// What the procedure does not name, and the answer: no paper of a procedure has these keys (os-278).
    static let other = "other"
    static let result = "result"
    static let reserved: Set<String> = [other, result]
}

extension Definition {
    /// Whether a file for this part is one of the answer. A version that was published when the key was free keeps its
    /// own paper of that key.
    func isResult(_ part: String) -> Bool { part == Part.result && self.part(part) == nil }
}

extension Refused {
    static let resultByOffice = Refused(
        "onestop.result-by-office", 403, vi: "Kết quả giải quyết do cơ quan đưa vào hồ sơ.",
        en: "The answer is added by the office.", field: "X-File-Part")
    static let tooManyResults = Refused(
        "onestop.too-many-results", vi: "Hồ sơ đã có \(Limits.OneStop.resultFiles) tệp kết quả.",
        en: "The dossier has \(Limits.OneStop.resultFiles) files of its answer already.")
    static let notSignedYet = Refused(
        "onestop.not-signed-yet",
        vi: """
            Kết quả chưa được ký số: tệp kết quả mới nhất phải là PDF có chữ ký số bao trùm toàn bộ nội dung, được đưa \
            vào sau lần bổ sung giấy tờ.
            """,
        en: """
            The answer is not signed yet: its newest file must be a PDF with a digital signature that covers all of \
            it, added after papers were supplied.
            """)
}
