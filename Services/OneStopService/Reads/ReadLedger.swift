import Contracts
import Postgres
import ServiceKit
import Synchronization

/// Who read what about whom, where people can ask for it (`dossier_reads`). A read does not wait for a commit of its
/// own: it is put here, and within half a second all that came together is one statement.
///
/// os-132: every read is in the log of the process before it is answered, and in the ledger within a second. A kill
/// loses at most that second of the ledger, none of the log, which says the same; a process that is told to stop writes
/// everything. While the database takes nothing the reads wait, up to `Limits.Citizen.readsWaiting`; what does not fit
/// then is counted (`lienthong_reads_unwritten_total`), and stays in the log.
final class ReadLedger: KeepsReads {
    private let database: Database
    private let state = Mutex(State())

    private struct State {
        var waiting = Waiting()
        var unwritten = 0

        mutating func keep(_ line: Line) {
            if !waiting.add(line, most: Limits.Citizen.readsWaiting) { unwritten += line.times }
        }
    }

    init(_ database: Database) { self.database = database }

    func note(_ read: PersonalRead) { state.withLock { $0.keep(Line(read: read)) } }

    var unwritten: Int { state.withLock { $0.unwritten } }

    /// Writes what waits. What cannot be written waits on, in its place.
    func write() async throws {
        while true {
            let lines = state.withLock { $0.waiting.take(Limits.Citizen.readsAtOnce) }
            guard !lines.isEmpty else { return }
            do { try await database.run(Self.insert(lines)) } catch {
                // Of an unknown outcome some may stand twice: that says too much, never too little.
                state.withLock { state in
                    let later = state.waiting.take(.max)
                    for line in lines + later { state.keep(line) }
                }
                throw error
            }
        }
    }

    struct Line: Equatable {
        var read: PersonalRead
        var times = 1
    }

    /// Lines in the order of their first read. What the same caller read of the same thing for the same purpose is one
    /// line, with the first moment and trace; it is put together as it comes, not for all of them at once.
    struct Waiting {
        private struct Key: Hashable {
            let kind: String
            let id: String
            let purpose: String
            let caller: String
        }

        private(set) var lines: [Line] = []
        private var places: [Key: Int] = [:]

        /// False: it would be a line more than there may be.
        mutating func add(_ line: Line, most: Int) -> Bool {
            let read = line.read
            let key = Key(kind: read.kind, id: read.id, purpose: read.purpose, caller: read.caller.id)
            if let place = places[key] {
                lines[place].times += line.times
                return true
            }
            guard lines.count < most else { return false }
            places[key] = lines.count
            lines.append(line)
            return true
        }

        mutating func take(_ count: Int) -> [Line] {
            let taken = Array(lines.prefix(count))
            let rest = Array(lines.dropFirst(count))
            self = Waiting()
            for line in rest { _ = add(line, most: .max) }
            return taken
        }
    }

    /// With the post that the reader held on that day.
    private static func insert(_ lines: [Line]) -> SQL {
        let reads = lines.map(\.read)
        return """
            INSERT INTO dossier_reads (dossier, what, about, purpose, at, times, caller, caller_kind, person, trace,
                                       post, agency, unit, role)
            SELECT CASE WHEN r.what = 'dossier' THEN r.about::uuid END, r.what, r.about, r.purpose, r.at, r.times,
                   r.caller, r.kind, nullif(r.person, '')::uuid, r.trace, p.post, p.agency, p.unit, p.role
            FROM unnest(\(reads.map(\.kind)), \(reads.map(\.id)), \(reads.map(\.purpose)), \(reads.map(\.at)),
                        \(lines.map { Int32($0.times) }), \(reads.map(\.caller.id)),
                        \(reads.map { $0.caller.kind?.rawValue ?? "program" }),
                        \(reads.map { $0.caller.person?.text ?? "" }), \(reads.map { Day($0.at) }),
                        \(reads.map(\.trace)))
                WITH ORDINALITY AS r (what, about, purpose, at, times, caller, kind, person, day, trace, place)
            LEFT JOIN LATERAL (
                SELECT post, agency, unit, role FROM directory_posts
                WHERE person = nullif(r.person, '')::uuid AND valid_from <= r.day
                  AND (valid_to IS NULL OR valid_to >= r.day)
                ORDER BY valid_from DESC LIMIT 1) p ON true
            ORDER BY r.place
            """
    }
}

/// Writes the ledger for as long as the service lives, and what is left when it stops.
struct WritingReads: Service {
    let runtime: Runtime

    func run() async throws {
        let ledger = runtime.resource(ReadLedger.self)
        runtime.metrics.observe {
            [
                Metrics.Sample(
                    "lienthong_reads_unwritten_total", Double(ledger.unwritten), isCounter: true,
                    help: "Reads of personal data that are in the log and not in the ledger")
            ]
        }
        try await Repeated("writing reads", every: Limits.Citizen.readsWritten, log: runtime.log) {
            try await ledger.write()
        }.run()
        try await ledger.write()
    }
}
