import Contracts

extension Stage {
    /// The result on paper: the officer finds the draft that the approval made, the leader approves it for issue, the
    /// records clerk numbers it; the dossier then finishes by itself.
    func issue(
        _ dossier: String, at agency: String = JudicialRecord.justice, drafted: String, approved: String,
        issued: String, as cast: (officer: String, leader: String, records: String)
    ) async throws {
        let document = try await scene(drafted, "completes the drafted document", as: cast.officer) { [office] in
            try await office.completeDraft(of: dossier, at: agency, as: cast.officer)
        }
        try await scene(approved, "approves it for issue", as: cast.leader) { [office] in
            try await office.post(.documents, "/documents/\(document)/approve", as: cast.leader)
        }
        try await scene(issued, "numbers and issues it", as: cast.records) { [office] in
            try await office.post(.documents, "/documents/\(document)/issue", as: cast.records)
        }
    }
}

extension Office {
    /// Finds the draft that the approval made and names its recipients: the document.
    ///
    /// A `PUT` that was answered to nobody has raised the version; sent once more it is refused with 412, and the draft
    /// read again has its recipients.
    func completeDraft(of dossier: String, at agency: String, as who: String) async throws -> String {
        try await eventually("the draft of \(dossier)") {
            let found = try await read(.documents, "/documents?agency=\(agency)&dossier=\(dossier)", as: who)
            guard let draft = found["documents"]?.array?.first, let content = draft["content"] else { return nil }
            let id = try draft.text("document")
            guard content["recipients"]?.array?.isEmpty != false else { return id }
            do {
                try await put(
                    .documents, "/documents/\(id)/content", ["content": content.with("recipients", ["Người đề nghị"])],
                    over: "\"\(draft["version"]?.integer ?? 1)\"", as: who)
            } catch let said as SaidNo where said.status == 412 { return nil }
            return id
        }
    }
}

extension JSON {
    /// The object with one member set.
    func with(_ name: String, _ value: JSON) -> JSON {
        guard case .object(let members) = self else { return self }
        return .object(members.filter { $0.name != name } + [Member(name, value)])
    }
}
