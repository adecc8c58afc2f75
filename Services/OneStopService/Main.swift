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
    static let appendOnly =
        [
            "dossier_history", "due_dates", "book_lines", "printed_forms", "closed_books", "closed_book_lines",
            "refused_files", "version_mappings", "linked_sets", "opinion_reports", "dossier_forwards", "deadline_rungs",
            "acted_for", "reassignment_lines", "calendar_moves", "agency_errors", "corrections",
        ] + Migrations.citizensOnlyAdd + SubjectKeys.appendOnly
    static let secrets = ["LIENTHONG_SEALING_KEY", "LIENTHONG_SEALING_PUBLIC"]
    static let settings: [Configuration.Setting] = [
        { _ = try $0.files() }, { _ = try SealingKeys($0) }, { _ = try PublicAddress($0) }, { _ = try $0.scanner() },
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
        CheckMapping.self,
        MapVersions.self,
        ListMappings.self,
        ApplyMapping.self,
        ListMoves.self,
        ReadCalendar.self,
        LoadCalendar.self,
        SaveDraft.self,
        ListMyDrafts.self,
        ReadMyDraft.self,
        DeleteDraft.self,
        SubmitDraft.self,
        UploadToDraft.self,
        UploadToDossier.self,
        SendChunk.self,
        ReadUpload.self,
        AbandonUpload.self,
        WriteLinkedSet.self,
        ListLinkedSets.self,
        PreviewCalendar.self,
        ReadCalendarChange.self,
        ReadLadder.self,
        SetLadder.self,
        OfferMyPapers.self,
        OfferPapers.self,
        ReusePaper.self,
        TakePapers.self,
        ListPapers.self,
        ReadRetention.self,
        SubmitDossier.self,
        ReceiveDossier.self,
        ApplyForLinked.self,
        ReceiveLinked.self,
        DecideLink.self,
        ReadLinks.self,
        ListSlips.self,
        AcceptDossier.self,
        RefuseDossier.self,
        RequestSupplement.self,
        SupplyDossier.self,
        HandOver.self,
        AssignDossier.self,
        ReassignDossiers.self,
        PreviewReassignment.self,
        ReadReassignment.self,
        SendDossier.self,
        SendBack.self,
        ForwardDossier.self,
        RequestOpinion.self,
        AnswerOpinion.self,
        ReadOpinions.self,
        ListOpinions.self,
        ListOverdueOpinions.self,
        HandOnBranch.self,
        AssignBranch.self,
        ReadBranches.self,
        ListBranches.self,
        RequirePayment.self,
        ExemptFees.self,
        WithdrawDemand.self,
        Approve.self,
        FinishDossier.self,
        ReturnResult.self,
        StopDossier.self,
        WithdrawDossier.self,
        ConfirmWithdrawal.self,
        DeclineWithdrawal.self,
        Reappoint.self,
        RecordError.self,
        ReadErrors.self,
        CorrectError.self,
        CountErrors.self,
        AttachPaper.self,
        ListAttachments.self,
        DownloadPaper.self,
        PrintForm.self,
        TakeBundle.self,
        ListBooks.self,
        CloseBooks.self,
        ExportBook.self,
        PrintBook.self,
        ReadDossier.self,
        ListInnerStatuses.self,
        FindDossier.self,
        ReadHistory.self,
        ExplainDueDates.self,
        ReadDeadlines.self,
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
        TrackDossier.self,
        ReadMyChanges.self,
        RateDossier.self,
        ReadRatings.self,
        LodgeComplaint.self,
        ListMyComplaints.self,
        ReadMyComplaint.self,
        LodgeAnonymously.self,
        LookUpComplaint.self,
        ListComplaints.self,
        ReadComplaint.self,
        ReadContact.self,
        AssignComplaint.self,
        AnswerComplaint.self,
        ComplaintLimits.self,
        SetComplaintLimit.self,
        WhoCouldRead.self,
        WhoDidRead.self,
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
    static let timers: [any TimedTask.Type] = [
        LookAtDeadline.self,
        ReassignBatch.self,
        ProjectCalendar.self,
        AppointmentComesUp.self,
        AppointmentMissed.self,
        UploadExpires.self,
        DraftExpires.self,
        MoveNextDossier.self,
        FollowLinks.self,
        ReportOverdueOpinion.self,
        ResumeDeadlines.self,
        CloseBooksOfYear.self,
    ]

    static func resources(
        _ configuration: Configuration, _ database: Database, _ log: Logger
    ) async throws -> [any Sendable] {
        let store = try FileStore(try configuration.files())
        return [
            ProcedureBook(database), CalendarBook(database), LadderBook(database), InboxCounts(database), store,
            FileInspector(store, scanner: try configuration.scanner()),
            try SealingKeys(configuration), try PublicAddress(configuration),
            Workbench("onestop.print", most: Limits.Typesetting.waiting),
            ChangeFeed(database), ReadLedger(database), AnonymousGate(),
        ]
    }

    static func background(_ runtime: Runtime) -> [any Service] {
        let feed = runtime.resource(ChangeFeed.self)
        return [
            WritingReads(runtime: runtime),
            Repeated("numbering changes", every: Limits.Citizen.numbering, log: runtime.log) { try await feed.work() },
        ]
    }
}
