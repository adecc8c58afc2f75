import Foundation

/// Every number that bounds something, in one place. A limit names its unit and why it is what it is.
public enum Limits {
    // MARK: - JSON on the wire

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
    /// Requests that wait for one lock and share a transaction, at most.
    public static let commitTogether = 16
    /// How long one of several waits there for a lock that somebody else holds.
    public static let commitTogetherLock: Duration = .milliseconds(500)
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
    /// Of so many persons it is remembered when they last changed something, at least so long: longer than anything is
    /// kept that may hide it.
    public static let ownActs = 10_000
    public static let ownActsKept: Duration = .seconds(2)
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
        /// How long a queue that stands and cannot be used has to come back before it is made again, a service's own or
        /// a subscription's.
        public static let unusable: Duration = .seconds(20)
        /// How long what is done may wait for more of it: each acknowledgement is a command to the broker's log, and
        /// who dies meanwhile gets so much again, which is absorbed.
        public static let acknowledgement: Duration = .milliseconds(10)
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
    /// Sign-ins that wait for one of them: a few seconds' worth; more are refused as busy.
    public static let passwordHashesWaiting = 64
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

extension Limits {
    /// The connections to PostgreSQL.
    public enum Postgres {
        /// Per process; all services together stay far below max_connections.
        public static let connections = 8
        /// Connections that transactions leave to single statements.
        public static let reserved = 2
        /// Rounds of steps of tasks on the connections' thread before it looks at the sockets again.
        public static let steps = 8
        /// Statements on one connection at a time, one behind the other.
        public static let pipeline = 32
        /// Reading statements that share a connection before the next one is used.
        public static let batch = 4
        /// Statements of several callers that commit together.
        public static let shared = 32
        /// What reads one row is answered sooner: nobody else is put behind whatever is not.
        public static let long: Duration = .milliseconds(2)
        /// A connection that has answered nothing for so long is avoided; a transaction stops waiting for a free one.
        public static let slow: Duration = .milliseconds(50)
        /// How often a statement without any effect so far is sent again (lost connection, changed plan).
        public static let resends = 2
        /// Between two requests to the server to end a statement that its caller has given up.
        public static let cancelAgain: Duration = .milliseconds(100)
        /// Statements that wait for a connection; more are refused.
        public static let queue = 4_096
        /// Longest wait for a connection.
        public static let wait: Duration = .seconds(5)
        /// Longest run of one statement, by the server and (a little later) by us.
        public static let statement: Duration = .seconds(30)
        /// How much longer than the server's own time-out we wait for an answer before the connection counts as dead.
        public static let grace: Duration = .seconds(10)
        /// Longest run of one statement of a migration.
        public static let migration: Duration = .seconds(1_800)
        public static let idleInTransaction: Duration = .seconds(60)
        public static let connect: Duration = .seconds(5)
        public static let tcpSilence: Duration = .seconds(20)
        public static let reconnectFirst: Duration = .milliseconds(50)
        /// Half of the second that a first commit may take after PostgreSQL answers again.
        public static let reconnectMost: Duration = .milliseconds(500)
        /// Statements kept prepared on a connection; further texts are parsed each time.
        public static let prepared = 512
        /// Runs of a transaction before 40001 or 40P01 is given to the caller.
        public static let attempts = 8
        /// How long closing waits for what is in flight.
        public static let drain: Duration = .seconds(10)
    }
}

// MARK: - Serving

extension Limits {
    /// The topic exchange of all events: no number, but everybody must agree on it.
    public static let exchange = "lienthong.events"

    /// The HTTP server.
    public enum Server {
        /// Event loops; use cases run beside them.
        public static let loops = 2
        /// Connections that wait to be accepted.
        public static let backlog = 1_024
        /// Bytes of one header field, of all of them, and how many there may be.
        public static let headerFieldBytes = 16_384
        public static let headerBytes = 32_768
        public static let headers = 100
        /// A connection without a request for this long is closed.
        public static let idle: Duration = .seconds(75)
        /// Bytes read and thrown away after a body was too large, so that the caller sees the answer.
        public static let discard = 1_048_576
        /// Bodies above `bodyBytes` that are in memory at once; more callers are told to come again.
        public static let largeBodies = 8
        /// How long a stopping process waits for what is in flight.
        public static let drain: Duration = .seconds(20)
        /// Names of log fields that are remembered as harmless or secret.
        public static let logKeys = 1_000
        /// Pauses between two tries to reach PostgreSQL at start.
        public static let databaseFirst: Duration = .milliseconds(200)
        public static let databaseMost: Duration = .seconds(5)
    }

    /// Verifying access tokens.
    public enum Tokens {
        /// Bytes of a token.
        public static let length = 4_096
        /// Verified tokens kept until they expire.
        public static let kept = 20_000
        /// Keys of one JWK Set.
        public static let keys = 32
        /// How often the keys are fetched, and how soon again after a failure, at first and at most.
        public static let refresh: Duration = .seconds(300)
        public static let retryFirst: Duration = .milliseconds(500)
        public static let retryMost: Duration = .seconds(30)
        /// Least time between two fetches that unknown keys cause.
        public static let unknownKey: Duration = .seconds(5)
        /// How far another machine's clock may be ahead (nbf, iat).
        public static let leeway: Duration = .seconds(5)
        /// A program's own token is replaced this long before it expires.
        public static let renewal: Duration = .seconds(30)
    }

    /// Background reads of other services: feeds, keys, tokens.
    public enum Client {
        public static let connect: Duration = .seconds(2)
        public static let answer: Duration = .seconds(15)
        /// Bytes of an answer's body.
        public static let bodyBytes = 33_554_432
    }
}

extension Limits {
    /// Fees and the ledger.
    public enum Budget {
        /// How far the time that a payment call-back carries may lie from ours, either way.
        public static let callbackAge: Duration = .seconds(300)
        /// Largest body of a payment call-back, in bytes.
        public static let callbackBytes = 16_384
        /// Most that one fee or one payment may be, in đồng: no fee comes near, and sums of a ledger stay far from the
        /// bound of all amounts.
        public static let paymentDong: Int64 = 1_000_000_000_000
        /// Longest reference that a payment gateway gives, in characters.
        public static let referenceLength = 100
        /// Digits of a receipt's number, as on printed receipts (biên lai).
        public static let receiptDigits = 7
        /// Most receipts of one agency, series and year: what the digits can say.
        public static let receiptNumber = 1...9_999_999
        /// Most accounts of one chart.
        public static let accounts = 500
        /// Most lines of one journal entry.
        public static let lines = 100
    }

    /// Mailboxes and what lies in them.
    public enum Mail {
        /// Most recipients of one message.
        public static let recipients = 100
        /// Longest subject and body of a message, in characters.
        public static let subjectLength = 300
        public static let bodyLength = 20_000
        /// Most folders of one mailbox, the four given ones included.
        public static let folders = 100
        /// Longest name of a folder, in characters.
        public static let folderNameLength = 60
        /// Longest mail address, in characters (RFC 5321, section 4.5.3.1.3, without the brackets).
        public static let addressLength = 254
        /// Longest domain of official addresses, in characters; with a local part of 64 an address stays in bounds.
        public static let domainLength = 180
    }
}

extension Limits {
    /// The file stores of the services.
    public enum Files {
        /// Bytes from a file's beginning that its signature is looked for in.
        public static let head = 4_096
        /// Entries of an office document's archive.
        public static let archiveEntries = 4_096
        /// Threads of a store, and so files that are written or read at once.
        public static let atOnce = 4
        /// After this long an unfinished upload is nobody's any more.
        public static let leftoverAge: Duration = .seconds(86_400)
        /// Longest name of a file, in characters.
        public static let nameLength = 200
    }

    /// The virus scanner (clamd).
    public enum Scanner {
        /// Bytes of one piece of a stream to it.
        public static let pieceBytes = 65_536
        /// How long it may take nothing, and how long until it answers: 20 MiB of packed documents take a while.
        public static let send: Duration = .seconds(10)
        public static let answer: Duration = .seconds(60)
        /// Longest answer, in bytes.
        public static let answerBytes = 4_096
    }
}

extension Limits {
    /// The program that loads the province and plays the journeys.
    public enum Rehearsal {
        /// Connections of the reading eye; the role `auditor` has 8 in all.
        public static let connections = 2
        /// Requests at once while loading.
        public static let width = 8
        public static let connect: Duration = .seconds(5)
        /// One request, then it counts as cut off and is repeated.
        public static let request: Duration = .seconds(10)
        /// How long something is repeated or waited for: a broker needs up to 30 s to come back.
        public static let patience: Duration = .seconds(120)
        public static let pause: Duration = .milliseconds(50)
        /// How long a token is used; it lives 300 s.
        public static let tokenKept: Duration = .seconds(200)
    }
}

extension Limits {
    /// Official documents.
    public enum Documents {
        /// Longest abstract, in characters (Decree 30/2020/NĐ-CP, Annex VI).
        public static let subject = 500
        public static let recipients = 50
        public static let copies = 999
        public static let pages = 999
        /// Files of one document.
        public static let attachments = 50
        /// Longest abbreviation of an agency, in characters.
        public static let agencySymbol = 20
        /// Longest abbreviation of a result that the decree does not list, in characters.
        public static let abbreviation = 10
        /// Series apart of one agency, and types in one of them: no more than there are types.
        public static let books = 32
        public static let seriesName = 40
        public static let historyLines = 1_000
        /// Lines of the register that one table takes.
        public static let registerRows = 50_000
    }
}
