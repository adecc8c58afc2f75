extension Limits {
    /// Procedures, dossiers and their calendar.
    public enum OneStop {
        /// Most versions of one procedure.
        public static let procedureVersions = 9_999
        /// Most papers, fees and steps of one procedure.
        public static let parts = 50
        public static let fees = 20
        public static let steps = 30
        /// Most ways on from one step, and most steps worked on side by side that one of them leads to.
        public static let ways = 8
        public static let branches = 8
        /// Most states of a procedure's steps: they are all looked at before it is published.
        public static let graphStates = 20_000
        /// Most steps of a way that a finding names, and most agencies.
        public static let path = 40
        public static let namedAgencies = 10
        /// Most findings of one check.
        public static let findings = 200
        /// Most kinds of results of one procedure, and longest code of one, in characters.
        public static let results = 20
        public static let resultCode = 60
        /// Most members, nesting and choices of an electronic form, and longest name of a member, in characters.
        public static let formMembers = 200
        public static let formDepth = 8
        public static let formChoices = 200
        public static let formName = 60
        /// Most faults of one form that are named at once.
        public static let formFaults = 50
        /// Largest file of procedures, in bytes, and most rows of it.
        public static let procedureFile = 16_777_216
        public static let procedureRows = 4_000
        /// Longest code of a field of procedures (lĩnh vực), in characters.
        public static let field = 40
        /// Longest code of a case of the fees, and longest word for what its amount is for, in characters.
        public static let feeKind = 40
        public static let feePer = 60
        /// Most of one case in one copy (pages, say), and most copies, in one demand.
        public static let feeQuantity = 10_000
        public static let feeCopies = 1_000
        /// Most fees of one dossier over its life.
        public static let dossierFees = 40
        /// Most of a limit in any unit; each unit has its own bound beside.
        public static let limitAmount = 2_000
        /// Most working weeks of a calendar, all agencies together, and most rows of days that differ.
        public static let calendarWeeks = 400
        public static let calendarDays = 500
        /// How long published procedures, kinds of agencies and the calendar are kept in memory, and how many of each.
        public static let bookKept: Duration = .seconds(10)
        public static let bookEntries = 4_000
        /// Most agencies that one dossier is away from at a time (sent on to another level, again and again).
        public static let levels = 8
        /// Most steps done beside the leading one that are shown of one dossier.
        public static let branchesOfDossier = 400
        /// Most opinions asked for on one dossier.
        public static let opinions = 20
        /// Up to here an inbox counts exactly: open dossiers together, and those of each closed status.
        public static let countedOpen = 1_000
        public static let countedClosed = 200
        /// How long counts are kept while nothing changes here, and while others change something; how far apart in
        /// business time (seconds); and for how many.
        public static let countsKept: Duration = .seconds(1)
        public static let countsShared: Duration = .milliseconds(100)
        public static let countsApart = 1.0
        public static let countsHolders = 4_000
        /// Most rungs of one ladder, and farthest from the date, in working hours.
        public static let rungs = 40
        public static let rungHours = 400
        /// Most deadlines of one dossier that are shown at once.
        public static let deadlines = 500
        /// After how long a deadline whose dossier stands is looked at again, in business time (seconds).
        public static let standingLook = 86_400.0
        /// The same of a deadline with a rung that no calendar counts yet; another calendar is looked at once.
        public static let uncountedLook = 2_592_000.0
        /// Most officials among whom dossiers are shared out, dossiers moved in one transaction, and dossiers that a
        /// preview counts.
        public static let reassignOfficers = 20
        public static let reassignBatch = 50
        public static let reassignPreview = 20_000
        /// Up to here a list counts what is still open at a dissolved agency, of each kind.
        public static let successionCounted = 200
        /// Dossiers whose dates are counted anew in one transaction after the calendar changed, and most that a preview
        /// of a change looks at.
        public static let calendarBatch = 100
        public static let calendarPreview = 2_000
        /// Most errors recorded of one dossier, and lines of a count of them.
        public static let errors = 50
        public static let errorLines = 2_000
        /// Most changes of one due date that are explained at once.
        public static let explainedDates = 200
        /// Most files of one dossier, and most bytes of all of them together.
        /// Lines of a yearly book that are read at once, that one table takes, and that one print does.
        public static let bookBatch = 1_000
        public static let bookLines = 100_000
        public static let bookPrint = 1_000
        /// Most files of one dossier.
        public static let attachments = 100
        /// Most files of the answer to one dossier, beside those.
        public static let resultFiles = 50
        /// Most bytes of its papers together, and of its answer.
        public static let dossierBytes = 209_715_200
        /// Most drafts of one person, and how long one is kept after it was saved.
        public static let drafts = 50
        public static let draftKept: Duration = .seconds(2_592_000)
        /// Largest part of a file that is sent in parts, in bytes.
        public static let chunkBytes = 4_194_304
        /// How long a file that is not whole is kept after its last part, and most of them for one dossier.
        public static let uploadKept: Duration = .seconds(259_200)
        public static let uploads = 20
        /// Whole files that are looked at at once, each in memory; more callers are told to come again.
        public static let inspections = 4
        /// Most things that a draft is said to lack at once.
        public static let openPoints = 200
        /// Most lines of papers handed in of one dossier, and most pieces in one line.
        public static let paperLines = 200
        public static let paperCount = 1_000
        /// Earlier papers, and results, that are looked at for an offer, the newest; and dossiers for what was said.
        public static let offers = 200
        public static let formsLookedAt = 20
    }
}
