import CLibPQ
import Contracts
import Foundation
import Glibc

/// One libpq connection in pipeline mode. Lives on the reactor's thread only; never blocks.
///
/// What is sent up to a Sync is a segment: one transaction of the server's making. A failure ends its own segment only,
/// and a statement is answered only when its Sync was seen: a deferred constraint fails after the row came back.
final class Connection {
    enum State { case connecting, ready, dead }

    let token: UInt64
    private(set) var state = State.connecting
    private(set) var readyAt: ContinuousClock.Instant?
    private(set) var inFlight: [Sent] = []
    /// Statements of each segment in flight, the oldest first, and how many of the oldest have an answer.
    private var segments: [Int] = []
    private var answered = 0
    private(set) var lease: UInt64?
    /// Its transaction has announced something.
    private var announces = false
    /// BEGIN of the lease, which goes out with the lease's first statement.
    private var begin: String?
    /// Something is in libpq's buffer.
    var isDirty = false
    private let pg: OpaquePointer
    private let loop: Int32
    private var socket: Int32 = -1
    private var interest: UInt32 = 0
    private var prepared: [String: Prepared] = [:]
    private var preparations = 0
    private var notices: [String] = []
    private let canceller: Canceller
    private var cancelledAt: ContinuousClock.Instant?
    let connectDeadline: ContinuousClock.Instant
    private(set) var lastProgress = ContinuousClock.now

    /// A statement that the server has parsed, and the columns of its answers.
    final class Prepared {
        /// Nil: parsed each time.
        let name: String?
        var columns: Rows.Columns?

        init(name: String?) { self.name = name }
    }

    init?(_ configuration: PostgresConfiguration, loop: Int32, token: UInt64) {
        let parameters = configuration.parameters
        var keys: [UnsafePointer<CChar>?] = parameters.map { UnsafePointer(strdup($0.0)) } + [nil]
        var values: [UnsafePointer<CChar>?] = parameters.map { UnsafePointer(strdup($0.1)) } + [nil]
        defer { (keys + values).forEach { free(UnsafeMutablePointer(mutating: $0)) } }
        guard let pg = PQconnectStartParams(&keys, &values, 0) else { return nil }
        self.pg = pg
        self.loop = loop
        self.token = token
        canceller = Canceller()
        connectDeadline = .now + Limits.Postgres.connect
        if PQstatus(pg) == CONNECTION_BAD { state = .dead } else { watch(UInt32(EPOLLOUT.rawValue)) }
        // libpq would print them. The pointer is good: libpq calls only from within our own calls on this thread.
        PQsetNoticeProcessor(
            pg,
            { connection, text in
                guard let connection, let text else { return }
                let notice = String(cString: text).trimmingCharacters(in: .whitespacesAndNewlines)
                Unmanaged<Connection>.fromOpaque(connection).takeUnretainedValue().notices.append(notice)
            }, Unmanaged.passUnretained(self).toOpaque())
    }

    deinit { PQfinish(pg) }

    var message: String {
        String(cString: PQerrorMessage(pg)).trimmingCharacters(in: .whitespacesAndNewlines)
    }

    /// Epoll interest; libpq may change its socket while it connects.
    private func watch(_ events: UInt32) {
        let current = PQsocket(pg)
        guard current >= 0 else { return }
        if current == socket, events == interest { return }
        var event = epoll_event()
        event.events = events
        event.data.u64 = token
        if current != socket, socket >= 0 { epoll_ctl(loop, EPOLL_CTL_DEL, socket, nil) }
        // While it connects, libpq may close a socket and get the same number for the next: then it is not known here.
        if epoll_ctl(loop, EPOLL_CTL_MOD, current, &event) != 0 { epoll_ctl(loop, EPOLL_CTL_ADD, current, &event) }
        socket = current
        interest = events
    }

    /// What the server said beside its answers.
    func takeNotices() -> [String] {
        guard !notices.isEmpty else { return [] }
        defer { notices = [] }
        return notices
    }

    func die() {
        state = .dead
        if socket >= 0 { epoll_ctl(loop, EPOLL_CTL_DEL, socket, nil) }
        socket = -1
    }

    /// Continues the connection's start.
    func connect() {
        let polled = PQconnectPoll(pg)
        // Whatever libpq did with its socket, it is registered anew.
        interest = 0
        switch polled {
        case PGRES_POLLING_READING: watch(UInt32(EPOLLIN.rawValue))
        case PGRES_POLLING_WRITING: watch(UInt32(EPOLLOUT.rawValue))
        case PGRES_POLLING_OK:
            guard PQsetnonblocking(pg, 1) == 0, PQenterPipelineMode(pg) == 1 else { return die() }
            canceller.set(PQgetCancel(pg))
            state = .ready
            lastProgress = .now
            readyAt = lastProgress
            watch(UInt32(EPOLLIN.rawValue))
        default: die()
        }
    }

    // MARK: Leases

    func lend(to borrower: Borrower) {
        lease = borrower.lease
        begin = borrower.begin
    }

    /// What the server said last: a transaction is open, or has failed and is not ended.
    var isInTransaction: Bool { [PQTRANS_INTRANS, PQTRANS_INERROR].contains(PQtransactionStatus(pg)) }

    /// Whether something that was announced has committed with this statement, which has succeeded.
    func commits(_ flight: Flight) -> Bool {
        guard flight.lease != nil else { return flight.announces }
        if flight.announces { announces = true }
        return flight.isCommit && announces
    }

    func endLease() {
        lease = nil
        announces = false
        begin = nil
    }

    // MARK: Sending

    /// Something that may write is under way.
    var isWriting: Bool { inFlight.contains { !$0.flight.onlyReads } }

    /// The server has parsed it.
    func knows(_ flight: Flight) -> Bool { prepared[flight.text] != nil }

    /// Queues statements that it `knows` and one Sync for all of them, which commits them together.
    func send(together flights: [Flight]) -> Bool {
        var segment: [Sent] = []
        for flight in flights {
            guard let known = prepared[flight.text], execute(known, flight.text, flight.binds) else { return false }
            segment.append(Sent(flight: flight, at: .now, prepared: known))
        }
        return close(segment)
    }

    /// Only what has its Sync counts as sent: of the rest the caller disposes.
    private func close(_ segment: [Sent]) -> Bool {
        guard PQpipelineSync(pg) == 1 else { return false }
        if inFlight.isEmpty { lastProgress = .now }
        inFlight += segment
        segments.append(segment.count)
        return true
    }

    /// Queues one statement, what goes before it, and one Sync in libpq's buffer; `flush` sends. False: the connection
    /// is broken.
    ///
    /// BEGIN shares the Sync of the lease's first statement: when it fails, the server skips the statement, which could
    /// otherwise commit on its own. So does what was posted: COMMIT is skipped when it fails.
    func send(_ flight: Flight) -> Bool {
        let first = [begin, flight.planning].compactMap(\.self).map { SQL(stringLiteral: $0) }
        var sent = Sent(flight: flight, at: .now)
        for sql in first + flight.posted {
            let text = sql.text
            guard let known = prepare(text, sql.binds, &sent), execute(known, text, sql.binds) else { return false }
            sent.preliminaries.append((text, false))
        }
        begin = nil
        guard let known = prepare(flight.text, flight.binds, &sent) else { return false }
        sent.prepared = known.name == nil ? nil : known
        return execute(known, flight.text, flight.binds) && close([sent])
    }

    /// Sees to it that the server knows the statement, while it may know more. Nil: the connection is broken.
    private func prepare(_ text: String, _ binds: [Bind], _ sent: inout Sent) -> Prepared? {
        if let known = prepared[text] { return known }
        guard prepared.count < Limits.Postgres.prepared else { return Prepared(name: nil) }
        preparations += 1
        let fresh = Prepared(name: "s\(preparations)")
        let types = binds.map { $0.oid }
        guard PQsendPrepare(pg, fresh.name, text, Int32(types.count), types) == 1 else { return nil }
        prepared[text] = fresh
        sent.preliminaries.append((text, true))
        return fresh
    }

    private func execute(_ statement: Prepared, _ text: String, _ binds: [Bind]) -> Bool {
        var buffer: [UInt8] = []
        var offsets: [Int] = []
        for bind in binds {
            offsets.append(buffer.count)
            if let bytes = bind.bytes { buffer += bytes }
            buffer.append(0)
        }
        let lengths = binds.map { Int32($0.bytes?.count ?? 0) }
        let formats = [Int32](repeating: 1, count: binds.count)
        return buffer.withUnsafeBytes { base -> Bool in
            let values = binds.indices.map { index -> UnsafePointer<CChar>? in
                guard binds[index].bytes != nil, let start = base.baseAddress else { return nil }
                return start.advanced(by: offsets[index]).assumingMemoryBound(to: CChar.self)
            }
            if let name = statement.name {
                return PQsendQueryPrepared(pg, name, Int32(binds.count), values, lengths, formats, 1) == 1
            }
            let types = binds.map { $0.oid }
            return PQsendQueryParams(pg, text, Int32(binds.count), types, values, lengths, formats, 1) == 1
        }
    }

    /// Sends what is buffered; asks for writability only while something is left.
    func flush() {
        guard state == .ready else { return }
        let left = PQflush(pg)
        if left < 0 { return die() }
        watch(left == 1 ? UInt32(EPOLLIN.rawValue) | UInt32(EPOLLOUT.rawValue) : UInt32(EPOLLIN.rawValue))
    }

    // MARK: Answers

    /// Reads what has come and hands finished segments to `finished`. What came before the connection broke counts.
    func read(_ finished: ([Sent]) -> Void) {
        let isAlive = PQconsumeInput(pg) == 1
        var empty = 0
        while !inFlight.isEmpty, PQisBusy(pg) == 0, empty <= 2 {
            guard let result = PQgetResult(pg) else {
                empty += 1
                continue
            }
            empty = 0
            lastProgress = .now
            take(result, finished)
            PQclear(result)
        }
        if !isAlive || PQstatus(pg) == CONNECTION_BAD { die() }
    }

    /// Statements of the segment that the server works on, each of which may take its time.
    var executions: Int {
        guard let count = segments.first else { return 1 }
        return inFlight.prefix(count).reduce(0) { $0 + 1 + $1.preliminaries.count { !$0.isPreparation } }
    }

    /// The statement that the server works on, or whose Sync is awaited.
    private var head: Int { min(answered, (segments.first ?? 1) - 1) }

    private func take(_ result: OpaquePointer, _ finished: ([Sent]) -> Void) {
        switch PQresultStatus(result) {
        case PGRES_PIPELINE_SYNC:
            let count = segments.removeFirst()
            let segment = Array(inFlight.prefix(count))
            inFlight.removeFirst(count)
            answered = 0
            finished(segment)
            cancelledAt = nil
            cancelHead()
        case PGRES_COMMAND_OK where !inFlight[head].preliminaries.isEmpty,
            PGRES_TUPLES_OK where !inFlight[head].preliminaries.isEmpty:
            inFlight[head].preliminaries.removeFirst()
        case PGRES_COMMAND_OK, PGRES_TUPLES_OK, PGRES_EMPTY_QUERY:
            inFlight[head].rows = copy(result, of: inFlight[head].prepared)
            // A statement failed and its transaction went on as if nothing were wrong: COMMIT has rolled back.
            if inFlight[head].flight.isCommit, String(cString: PQcmdStatus(result)) != "COMMIT" {
                inFlight[head].fault = PostgresError(
                    .server, "the transaction was rolled back because a statement in it had failed",
                    sqlState: "25P02", attempting: "COMMIT")
            }
            answered += 1
        case PGRES_PIPELINE_ABORTED:
            answered += 1
        default:
            fail(result, inFlight[head], at: head)
            answered += 1
        }
    }

    private func fail(_ result: OpaquePointer, _ sent: Sent, at index: Int) {
        func field(_ code: Character) -> String? {
            code.asciiValue.flatMap { PQresultErrorField(result, Int32($0)) }.map { String(cString: $0) }
        }
        // PG_DIAG_SEVERITY_NONLOCALIZED V, SQLSTATE C, MESSAGE_PRIMARY M, CONSTRAINT_NAME n are character macros.
        inFlight[index].isFatal = sent.isFatal || ["FATAL", "PANIC"].contains(field("V"))
        let state = field("C")
        if sent.fault == nil {
            inFlight[index].fault = PostgresError(
                .server, field("M") ?? String(cString: PQresultErrorMessage(result)), sqlState: state,
                constraint: field("n"), attempting: sent.preliminaries.first?.text ?? sent.flight.text)
        }
        // These were not prepared, or must be prepared again.
        for (text, isPreparation) in sent.preliminaries where isPreparation { prepared[text] = nil }
        if state == "26000" {
            prepared.removeAll()
        } else if state == "0A000" {
            prepared[sent.preliminaries.first?.text ?? sent.flight.text] = nil
        }
    }

    private func copy(_ result: OpaquePointer, of prepared: Prepared?) -> Rows {
        let count = Int(PQntuples(result))
        let width = Int(PQnfields(result))
        let affected = Int(String(cString: PQcmdTuples(result))) ?? 0
        guard width > 0 else { return Rows(storage: nil, count: 0, affected: affected) }
        let columns = describe(result, width, prepared)
        var bytes: [UInt8] = []
        var starts: [Int32] = []
        var lengths: [Int32] = []
        starts.reserveCapacity(count * width)
        lengths.reserveCapacity(count * width)
        for row in 0..<Int32(count) {
            for column in 0..<Int32(width) {
                starts.append(Int32(bytes.count))
                guard PQgetisnull(result, row, column) == 0 else {
                    lengths.append(-1)
                    continue
                }
                let length = PQgetlength(result, row, column)
                lengths.append(length)
                bytes.append(
                    contentsOf: UnsafeRawBufferPointer(start: PQgetvalue(result, row, column), count: Int(length)))
            }
        }
        let storage = Rows.Storage(columns: columns, bytes: bytes, starts: starts, lengths: lengths)
        return Rows(storage: storage, count: count, affected: affected)
    }

    private func describe(_ result: OpaquePointer, _ width: Int, _ prepared: Prepared?) -> Rows.Columns {
        if let known = prepared?.columns, known.names.count == width { return known }
        let fresh = Rows.Columns(
            names: (0..<Int32(width)).map { String(cString: PQfname(result, $0)) },
            oids: (0..<Int32(width)).map { PQftype(result, $0) })
        prepared?.columns = fresh
        return fresh
    }

    /// The segments that were sent and not answered when the connection died.
    func abandon() -> [[Sent]] {
        defer {
            inFlight.removeAll()
            segments.removeAll()
        }
        var rest = inFlight[...]
        return segments.map { count in
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
    }

    // MARK: Cancelling

    /// The caller of this statement has given up. True when it is on this connection.
    func cancel(_ id: UInt64) -> Bool {
        guard let index = inFlight.firstIndex(where: { $0.flight.id == id }) else { return false }
        inFlight[index].cancelled = true
        cancelHead()
        return true
    }

    var hasCancelledHead: Bool { !inFlight.isEmpty && inFlight[head].cancelled }

    /// Asks the server to end the statement that runs now, when nobody wants it. The request can come too early to be
    /// noticed, so it is repeated; it can come too late, so that it hits the next statement: see `ReactorLoop.finish`.
    func cancelHead() {
        guard hasCancelledHead else { return }
        let now = ContinuousClock.now
        if let cancelledAt, now - cancelledAt < Limits.Postgres.cancelAgain { return }
        cancelledAt = now
        canceller.cancel()
    }
}
