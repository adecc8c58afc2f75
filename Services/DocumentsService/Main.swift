import Contracts
import Files
import Logging
import Postgres
import ServiceKit

/// Outgoing official documents: drafted, approved, numbered without gaps and issued; the register.
@main enum Main: Microservice {
    static let name = ServiceName.documents
    static let title = "Văn bản: dự thảo, duyệt, cấp số, phát hành, sổ văn bản đi"
    static let migrations = Migrations.all
    static let appendOnly = ["document_history"]
    static let endpoints: [any Mountable.Type] = [
        DraftDocument.self,
        ListDocuments.self,
        ReadDocument.self,
        ReadHistory.self,
        EditDraft.self,
        AttachFile.self,
        DownloadAttachment.self,
        RemoveAttachment.self,
        ApproveDocument.self,
        IssueDocument.self,
        ReadNumbering.self,
        SetNumbering.self,
        ReadRegister.self,
        ExportRegister.self,
    ]
    static let settings: [Configuration.Setting] = [{ _ = try $0.files() }]
    static let reactions: [any Reaction.Type] = [
        OnDossierApproved.self,
        OnIssuerDissolved.self,
        OnIssuerEstablished.self,
    ]
    static let timers: [any TimedTask.Type] = [
        TakeOverDrafts.self
    ]

    static func resources(
        _ configuration: Configuration, _ database: Database, _ log: Logger
    ) async throws -> [any Sendable] {
        [try FileStore(try configuration.files())]
    }
}
