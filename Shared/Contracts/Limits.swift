import Foundation

/// Every number that bounds something, in one place. A limit names its unit and why it is what it is.
public enum Limits {}

// MARK: - JSON on the wire

extension Limits {
    /// Longest text form of a value such as a date, a code or an id, in bytes of UTF-8.
    public static let wireTextLength = 200
    /// Deepest nesting of a JSON body.
    public static let jsonDepth = 32
    /// Most members of one JSON object.
    public static let jsonMembers = 1_000
    /// Longest JSON number, in characters.
    public static let jsonNumberDigits = 40
}

// MARK: - HTTP

extension Limits {
    /// Largest JSON body, in bytes.
    public static let bodyBytes = 262_144
    /// Largest uploaded file, in bytes.
    public static let fileBytes = 20_971_520
    /// Longest Idempotency-Key, in characters.
    public static let idempotencyKeyLength = 255
    /// How long an answer is kept for repetitions.
    public static let idempotencyKept: Duration = .seconds(86_400)
    public static let idempotencyCleaning: Duration = .seconds(3_600)
    /// Rows of a page, when nothing is asked and at most.
    public static let pageDefault = 50
    public static let pageMaximum = 200
    /// Longest page cursor, in characters.
    public static let cursorLength = 500
    /// Longest name of a person, agency or procedure, in characters.
    public static let nameLength = 300
    /// Longest free text (a reason, a note), in characters.
    public static let noteLength = 2_000
}

// MARK: - Rights

extension Limits {
    /// How long the rights of a person are kept in memory.
    public static let rightsKept: Duration = .seconds(1)
    /// Persons whose rights are kept at once.
    public static let rightsPersons = 10_000
}

// MARK: - Audit

extension Limits {
    /// Findings that one audit lists; all are counted.
    public static let auditFindings = 1_000
}

// MARK: - Values

extension Limits {
    /// Years that a calendar date may have as text: what four digits can say.
    public static let years = 1...9_999
    /// Longest agency code, in characters (Decision 20/2020/QĐ-TTg).
    public static let agencyCodeLength = 35
    /// Serial of a dossier within a day and agency: four digits by law, up to seven seen in practice.
    public static let dossierSerial = 1...9_999_999
    /// Fewest digits of the serial in a dossier code (Decree 61/2018/NĐ-CP, Art. 26).
    public static let dossierSerialDigits = 4
    /// Number of an official document within its series and year.
    public static let documentNumber = 1...9_999_999
    /// Years that a document number of the form number/year/symbol may carry.
    public static let documentYears = 1_945...2_999
    /// Longest symbol of an official document, in characters. Annex VI of Decree 30/2020 gives 30 for what is sent;
    /// what others send is longer at times.
    public static let documentSymbolLength = 60
    /// Longest number with symbol: `1234567/2026/` and the symbol, in characters.
    public static let documentNumberLength = 73
    /// Most that one amount may be, in đồng, either sign: above any provincial budget, far from overflow.
    public static let moneyDong: Int64 = 1_000_000_000_000_000_000
}

extension Limits {
    /// The connection to RabbitMQ.
    public enum AMQP {
        /// Agreed with the broker; twice this without progress ends a connection.
        public static let heartbeat: Duration = .seconds(10)
        /// Opening the socket, TLS included.
        public static let connect: Duration = .seconds(5)
        /// From the socket's opening to a usable connection.
        public static let handshake: Duration = .seconds(10)
        /// One question to the broker (declare, bind, consume).
        public static let call: Duration = .seconds(10)
        /// Saying good-bye properly; after that the socket is just closed.
        public static let farewell: Duration = .seconds(2)
        /// Unsent or unacknowledged data after which the kernel gives the connection up (TCP_USER_TIMEOUT).
        public static let tcpSilence: Duration = .seconds(20)
        public static let reconnectFirst: Duration = .milliseconds(50)
        public static let reconnectMost: Duration = .seconds(1)
        /// Published and not yet confirmed messages of one connection; beyond about 200 nothing is gained.
        public static let window = 256
        /// Messages published between two looks at what the broker says.
        public static let burst = 64
        /// Messages that wait for the window, over all batches of one publisher.
        public static let waiting = 65_536
        /// A batch that makes no progress for this long fails.
        public static let patience: Duration = .seconds(30)
        /// Unacknowledged deliveries of one consumer.
        public static let prefetch = 256
        /// How long a stopping publisher or consumer waits for what is in flight.
        public static let drain: Duration = .seconds(10)
        /// Bytes of a short string (AMQP 0-9-1 section 4.2.5.3).
        public static let shortString = 255
        /// Bytes of a header's name; more is not portable between clients.
        public static let headerName = 128
        public static let headers = 64
        /// Bytes of all header names and values; together with the properties they must fit one frame of 128 KiB.
        public static let headerBytes = 65_536
        /// Bytes of a message body. Events carry hashes and links, not files.
        public static let bodyBytes = 16_777_216
    }
}

// MARK: - Accounts

extension Limits {
    /// Argon2id as RFC 9106 and OWASP advise for servers: 19 MiB, two passes.
    public static let argonKibibytes: UInt32 = 19_456
    public static let argonPasses: UInt32 = 2
    public static let passwordHashesAtOnce = 2
    /// Characters of a password.
    public static let password = 12...200
    /// Failures in a row after which an account is locked, and for how long.
    public static let signInFailures = 5
    public static let signInLock: Duration = .seconds(900)
    /// Life of an access token, a refresh token, an authorization code, a browser session, a one-time link.
    public static let accessToken: Duration = .seconds(300)
    public static let refreshToken: Duration = .seconds(43_200)
    public static let authorizationCode: Duration = .seconds(60)
    public static let browserSession: Duration = .seconds(28_800)
    public static let oneTimeLink: Duration = .seconds(259_200)
    /// A signing key signs for this long, and verifies for twice that.
    public static let signingKey: Duration = .seconds(2_592_000)
}

// MARK: - Legal time limits

extension Limits {
    /// Most days that one due date may lie after receipt, rest and suspensions included: ten years.
    public static let countedDays = 3_660
    /// Longest limit in working hours, in working or calendar days, and in months.
    public static let limitHours = 2_000
    public static let limitDays = 1_000
    public static let limitMonths = 36
    /// Most suspensions of one dossier.
    public static let suspensions = 100
    /// Most days of one row of the working calendar.
    public static let specialDays = 31
    /// After this clock time a received dossier goes to the unit on the next working day (Decree 61/2018, Art. 18), in
    /// minutes after midnight.
    public static let handOverCutOff = 15 * 60
}
