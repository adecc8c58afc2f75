import Contracts
import Logging
import Postgres
import ServiceKit

/// A mailbox for every official: letters between them, and notifications of what other services announce.
@main enum Main: Microservice {
    static let name = ServiceName.mail
    static let title = "Thư công vụ: hộp thư, thư nội bộ, thông báo"
    static let migrations = Migrations.all
    static let appendOnly = ["messages", "undeliverable"]
    static let endpoints: [any Mountable.Type] = [
        ReadMailbox.self,
        CreateFolder.self,
        DeleteFolder.self,
        ListMessages.self,
        ReadMessage.self,
        SendMessage.self,
        MarkRead.self,
        MarkUnread.self,
        MoveMessage.self,
        DeleteMessage.self,
        ListUndeliverable.self,
        ListOutsideLetters.self,
    ]
    static let reactions: [any Reaction.Type] = [
        OpenMailboxOnAppointment.self,
        CloseMailboxOnServiceEnd.self,
        TellOfSubmission.self,
        NoteDossierCode.self,
        TellOfHandOver.self,
        NoteSuccessor.self,
        TellOfAssignment.self,
        TellOfOpinionRequest.self,
        TellOfOpinion.self,
        TellOfBranch.self,
        TellOfBranchEnd.self,
        TellOfBranchAssigned.self,
        TellOfOverdueOpinion.self,
        TellOfLinkEnd.self,
        TellOfDeadline.self,
        TellOfAwaitedAnswer.self,
        TellOfSupplement.self,
        TellOfApproval.self,
        TellOfResult.self,
        TellOfReappointment.self,
        TellOfWithdrawal.self,
        TellOfDraft.self,
        TellOfPayment.self,
        WriteOutsideLetter.self,
        WriteReminder.self,
    ]
    static let secrets = ["LIENTHONG_SEALING_KEY"]
    static let settings: [Configuration.Setting] = [
        { _ = try MailDomain($0) },
        { _ = try OutsideRelay($0, try MailDomain($0)) },
        { _ = try SealingKeys($0) },
    ]

    static func resources(
        _ configuration: Configuration, _ database: Database, _ log: Logger
    ) async throws -> [any Sendable] {
        let domain = try MailDomain(configuration)
        return [domain, try OutsideRelay(configuration, domain), try SealingKeys(configuration)]
    }

    static func background(_ runtime: Runtime) -> [any Service] { Postman.background(runtime) }
}
