import Contracts

extension Stage {
    /// The result on paper: the officer finds the draft that the approval made, the leader approves it for issue, the
    /// records clerk numbers it; the dossier then finishes by itself.
    func issue(
        _ dossier: String, at agency: String = JudicialRecord.justice, drafted: String, approved: String,
        issued: String, as cast: (officer: String, leader: String, records: String)
    ) async throws {
        let document = try await scene(drafted, "completes the drafted document", as: cast.officer) { [office] in
            let found = try await office.read(
                .documents, "/documents?agency=\(agency)&dossier=\(dossier)", as: cast.officer)
            guard let draft = found["documents"]?.array?.first, let content = draft["content"] else {
                throw Failed("the approval drafted no document")
            }
            let id = try draft.text("document")
            let version = draft["version"]?.integer ?? 1
            try await office.put(
                .documents, "/documents/\(id)/content", ["content": content.with("recipients", ["Người đề nghị"])],
                over: "\"\(version)\"", as: cast.officer)
            return id
        }
        try await scene(approved, "approves it for issue", as: cast.leader) { [office] in
            try await office.post(.documents, "/documents/\(document)/approve", as: cast.leader)
        }
        try await scene(issued, "numbers and issues it", as: cast.records) { [office] in
            try await office.post(.documents, "/documents/\(document)/issue", as: cast.records)
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
