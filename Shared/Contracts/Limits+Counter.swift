extension Limits {
    /// Finding dossiers: inbox and search.
    public enum Finding {
        /// Most dossiers of an index range that one page looks at; what lies behind is the next page's.
        public static let walk = 5_000
        /// Most dossiers of one person that an inbox looks at, the newest first.
        public static let ofPerson = 1_000
        /// Most days ahead that an inbox asks for.
        public static let withinDays = 366
        /// Most filters that one official keeps, and longest name of one, in characters.
        public static let filters = 50
        public static let filterName = 80
        /// Most procedures and steps that are counted apart.
        public static let countedGroups = 100
        /// Longest text that is searched for, in characters, and most words of it.
        public static let text = 200
        public static let words = 12
        /// The newest dossiers that a search looks at before it asks the index of words.
        public static let newest = 1_000
        /// Most hits of the index that are sorted; where there are more the newest are walked through.
        public static let hits = 5_000
        /// Most readings of one text as a code, and most agencies whose serial of today is looked for.
        public static let codes = 200
        public static let agencies = 200
    }
}

extension Limits {
    /// The counter: duplicates, tickets and appointments.
    public enum Counter {
        /// For so many days after its end a dossier of the same person and procedure is shown as a duplicate, and how
        /// many are shown.
        public static let duplicateDays = 90
        public static let duplicates = 20
        /// Most members of a counter form.
        public static let fields = 400
        /// Groups of desks of one agency, desks of one group, and kinds of priority.
        public static let groups = 50
        public static let desks = 100
        public static let priorities = 10
        /// Letters before a ticket's number.
        public static let prefix = 3
        /// Places that a ticket goes ahead.
        public static let ahead = 0...9_999
        /// Tickets of one group and day.
        public static let tickets = 99_999
        /// Minutes of one person at a desk, and of one slot of appointments.
        public static let minutes = 1...240
        /// Persons in one slot.
        public static let capacity = 500
        /// Slots of one day.
        public static let slots = 1_440
        /// Days ahead that appointments are made for, at most.
        public static let bookAhead = 90
        /// Appointments of one citizen that lie ahead.
        public static let booked = 10
        /// Called tickets that a display shows, and served ones that an estimate is made of.
        public static let shown = 20
        public static let measured = 20
        /// A desk that has called nobody for so long (seconds) is not counted as open.
        public static let deskIdle = 1_800.0
        /// How long before its time a citizen is reminded of an appointment, and how long after the end of its slot it
        /// is missed (seconds).
        public static let reminder = 86_400.0
        public static let grace = 1_800.0
    }
}
