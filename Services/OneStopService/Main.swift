import Contracts
import Files
import Logging
import Postgres
import ServiceKit
import Typesetting

/// Procedures, dossiers, deadlines and hand-overs between agencies: the one-stop shop (một cửa).
@main enum Main: Microservice {
    static let name = ServiceName.onestop
    static let title = "Một cửa: thủ tục hành chính, hồ sơ, thời hạn"
    static let migrations = Migrations.all
    static let appendOnly = ["dossier_history", "due_dates", "book_lines", "printed_forms"] + SubjectKeys.appendOnly
    static let secrets = ["LIENTHONG_SEALING_KEY", "LIENTHONG_SEALING_PUBLIC"]
    static let settings: [Configuration.Setting] = [
        { _ = try $0.files() }, { _ = try SealingKeys($0) }, { _ = try PublicAddress($0) },
        { _ in
            do throws(TypesettingFault) { try PDF.check() } catch { throw ConfigurationFaults(faults: ["\(error)"]) }
        },
    ]
    static let verbs: [String: @Sendable ([String]) async throws -> Void] = ["simulate": Simulate.main]
    static let endpoints: [any Mountable.Type] = [
        ListProcedures.self,
        ReadProcedure.self,
        ReadDraft.self,
        DraftProcedure.self,
        CheckDraft.self,
        PublishProcedure.self,
        ListVersions.self,
        ExportProcedures.self,
        ImportProcedures.self,
        ReadCalendar.self,
        LoadCalendar.self,
        SubmitDossier.self,
        ReceiveDossier.self,
        AcceptDossier.self,
        RefuseDossier.self,
        RequestSupplement.self,
        SupplyDossier.self,
        HandOver.self,
        AssignDossier.self,
        SendDossier.self,
        SendBack.self,
        RequestOpinion.self,
        AnswerOpinion.self,
        ReadOpinions.self,
        ListOpinions.self,
        HandOnBranch.self,
        ReadBranches.self,
        ListBranches.self,
        RequirePayment.self,
        ExemptFees.self,
        Approve.self,
        FinishDossier.self,
        ReturnResult.self,
        StopDossier.self,
        WithdrawDossier.self,
        ConfirmWithdrawal.self,
        DeclineWithdrawal.self,
        Reappoint.self,
        AttachPaper.self,
        ListAttachments.self,
        DownloadPaper.self,
        PrintForm.self,
        ReadDossier.self,
        FindDossier.self,
        ReadHistory.self,
        ExplainDueDates.self,
        ListInbox.self,
        CountInbox.self,
        ListFilters.self,
        SaveFilter.self,
        ChangeFilter.self,
        DropFilter.self,
        SearchDossiers.self,
        ReadCounterForm.self,
        FindDuplicates.self,
        ListDeskGroups.self,
        OpenDeskGroup.self,
        ChangeDeskGroup.self,
        TakeTicket.self,
        CallNext.self,
        RecallTicket.self,
        CloseTicket.self,
        ShowQueue.self,
        ListSlots.self,
        ListAppointments.self,
        BookAppointment.self,
        MoveAppointment.self,
        CancelAppointment.self,
        ListMyAppointments.self,
        LookUpDossier.self,
        ListMyDossiers.self,
        ReadMyNotifications.self,
        MarkNotificationRead.self,
        ReadSubjectKey.self,
        EraseSubject.self,
    ]
    static let reactions: [any Reaction.Type] = [
        OnFeePaid.self,
        OnFeeRefused.self,
        OnDocumentIssued.self,
        OnHolderTransferred.self,
        OnHolderLeft.self,
    ]

    static let timers: [any TimedTask.Type] = [AppointmentComesUp.self, AppointmentMissed.self]

    static func resources(
        _ configuration: Configuration, _ database: Database, _ log: Logger
    ) async throws -> [any Sendable] {
        [
            ProcedureBook(database), CalendarBook(database), InboxCounts(database),
            try FileStore(try configuration.files()),
            try SealingKeys(configuration), try PublicAddress(configuration),
            Workbench("onestop.print", most: Limits.Typesetting.waiting),
        ]
    }
}
