extension Limits {
    /// Signing in, and what is left of it.
    public enum SignIn {
        /// Fewest different characters of a password.
        public static let differentCharacters = 5
        /// Longest user name, in characters.
        public static let login = 200
        /// What S256 makes of a code verifier, and how long the verifier may be, in characters (RFC 7636, 4.1 and 4.2).
        public static let codeChallenge = 43
        public static let codeVerifier = 43...128
        /// How long links, codes, sessions and refresh tokens are kept after their end, so that reuse is recognised.
        public static let spentKept: Duration = .seconds(2_592_000)
        public static let cleaning: Duration = .seconds(3_600)
        /// How often a process looks for the keys of others, and whether its own has signed long enough.
        public static let keyLook: Duration = .seconds(60)
    }

    /// Agencies, officials and decisions on them.
    public enum Personnel {
        /// Longest name of an official, in characters: what the events carry.
        public static let fullName = 200
        /// Most days between a decision and its effect: one with a wrong year would block its official for ever.
        public static let daysAhead = 366
        /// Longest delegation and absence, in days: what lasts longer is an appointment's matter.
        public static let delegationDays = 366
        public static let absenceDays = 366
        /// Most delegations and absences of one official that are shown at once, and that may not be over.
        public static let standIns = 100
        /// Most seats of one position, and its longest title, in characters: what the events carry.
        public static let seats = 9999
        public static let title = 200
        /// Most fields of procedures that one position is limited to.
        public static let fields = 50
        /// Longest code of a position in its unit, in characters: with agency and unit it is the event's identity,
        /// which has `Limits.Events.aggregateID`.
        public static let positionCode = 23
    }
}
