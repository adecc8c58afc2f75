import Contracts
import LegalClock
import ServiceKit

/// A heap: the least comes first.
struct Heap<Element: Comparable & Sendable>: Sendable {
    private(set) var items: [Element] = []

    var first: Element? { items.first }
    var isEmpty: Bool { items.isEmpty }

    mutating func insert(_ item: Element) {
        items.append(item)
        var child = items.count - 1
        while child > 0 {
            let parent = (child - 1) / 2
            guard items[child] < items[parent] else { return }
            items.swapAt(child, parent)
            child = parent
        }
    }

    mutating func removeFirst() -> Element? {
        guard let first = items.first, let last = items.popLast() else { return nil }
        guard !items.isEmpty else { return first }
        items[0] = last
        var parent = 0
        while true {
            var least = 2 * parent + 1
            guard least < items.count else { return first }
            if least + 1 < items.count, items[least + 1] < items[least] { least += 1 }
            guard items[least] < items[parent] else { return first }
            items.swapAt(parent, least)
            parent = least
        }
    }

    mutating func removeAll() -> [Element] {
        defer { items = [] }
        return items.sorted()
    }
}

/// Something that an official has to do about a dossier, here or elsewhere.
struct Job: Comparable, Sendable {
    enum Kind: UInt8, Sendable { case receive, step, opinion, branch, elsewhere, issue, giveBack, confirm }

    var kind: Kind
    var role: PostRole
    /// The agency that has the dossier, its place there, and which of its jobs this is.
    var home: Int16
    var slot: Int32
    var ticket: UInt32
    var procedure: Int16
    /// Working minutes, and when it should be done: the most urgent is taken first.
    var minutes: Int32
    var due: Int32
    var arrived: Int32 = 0

    static func < (left: Job, right: Job) -> Bool {
        (left.due, left.home, left.ticket) < (right.due, right.home, right.ticket)
    }
}

/// What one agency tells another: in its hands at the next quarter of an hour.
struct Message: Sendable {
    enum Content: Sendable {
        case job(Job)
        /// An official there took it.
        case taken(Job, post: Int)
        case done(Job)
    }

    var to: Int
    var from: Int
    var content: Content
}

/// What happens at an agency, and when.
struct Happening: Comparable, Sendable {
    enum Kind: UInt8, Sendable {
        case day, arrival, worked, supply, giveUp, pay, refusePayment, withdraw, eve, collect, retry
    }

    var at: Int32
    var order: UInt32
    var kind: Kind
    var place: Int32
    var serial: UInt32

    static func < (left: Happening, right: Happening) -> Bool { (left.at, left.order) < (right.at, right.order) }
}

/// An official at work.
struct Worker: Sendable {
    let post: SimulatedPost
    var queue = Heap<Job>()
    var current: Job?
    var turn: UInt32 = 0
    var startedAt: Int32 = 0
    /// Minutes that wait, the one in hand among them.
    var backlog: Int32 = 0
    var busy: Int64 = 0

    init(_ post: SimulatedPost) { self.post = post }
}

/// How the work of a role went.
struct Effort: Sendable {
    var jobs = 0
    var late = 0
    var busy: Int64 = 0
    var waited: Int64 = 0
    var longest = 0
    var posts = 0
    /// Working minutes of those who were there.
    var present: Int64 = 0

    static func += (left: inout Effort, right: Effort) {
        (left.jobs, left.late, left.busy) = (left.jobs + right.jobs, left.late + right.late, left.busy + right.busy)
        (left.waited, left.longest) = (left.waited + right.waited, max(left.longest, right.longest))
        (left.posts, left.present) = (left.posts + right.posts, left.present + right.present)
    }
}

/// One agency as it works through the year: its people, what waits for them, and the dossiers that it received. It
/// knows the others by messages alone, so that any number of agencies may be worked on at a time.
struct Station: Sendable {
    let world: SimulatedWorld
    let number: Int
    let agency: ProvinceFile.Agency
    let calendar: WorkCalendar
    let time: WorkTime
    var workers: [Worker]
    var happenings = Heap<Happening>()
    var inbox: [Message] = []
    var outbox: [Message] = []
    var now: Int32 = 0
    private var order: UInt32 = 0
    private var lastTicket: UInt32 = 0
    private var pools: [Int: [Int]] = [:]
    // The dossiers that it received, at places that are used again.
    var cases: [Case] = []
    var free: [Int] = []
    var lastSerial: UInt32 = 0
    var serials = 0
    var serialDay = -1
    /// What became of each dossier, in the order in which the base has them.
    var outcomes: [Outcome] = []
    var tallies: [Tally]
    var efforts: [PostRole: Effort] = [:]
    var refusals: [String: Int] = [:]
    var money = Sums()
    var digest: UInt64 = 0xCBF2_9CE4_8422_2325

    init(_ world: SimulatedWorld, _ number: Int) {
        (self.world, self.number) = (world, number)
        let place = world.places[number]
        (agency, calendar, time) = (place.agency, place.calendar, place.time)
        workers = place.posts.map(Worker.init)
        for worker in workers where !worker.post.isReserve {
            efforts[worker.post.official.role, default: Effort()].posts += 1
        }
        tallies = [Tally](repeating: Tally(), count: world.procedures.count)
        plan(.day, at: 0)
    }

    mutating func ticket() -> UInt32 {
        lastTicket += 1
        return lastTicket
    }

    mutating func plan(_ kind: Happening.Kind, at minute: Int32, place: Int = 0, serial: UInt32 = 0) {
        order += 1
        happenings.insert(
            Happening(at: max(minute, now), order: order, kind: kind, place: Int32(place), serial: serial))
    }

    /// Works up to a moment, beginning with what others have told.
    mutating func work(until end: Int32, from start: Int32) {
        let told = inbox
        inbox = []
        if !told.isEmpty { now = max(now, start) }
        for message in told {
            switch message.content {
            case .job(let job): take(job)
            case .taken(let job, let post): taken(job, by: world.places[message.from].posts[post].official)
            case .done(let job): finished(job)
            }
        }
        while let next = happenings.first, next.at < end {
            _ = happenings.removeFirst()
            now = next.at
            happen(next)
        }
    }

    private mutating func happen(_ what: Happening) {
        switch what.kind {
        case .day: beginDay(Int(what.at / 1_440))
        case .arrival: arrive(Int(what.place))
        case .worked:
            let worker = Int(what.place)
            guard workers[worker].turn == what.serial, let job = workers[worker].current else { return }
            stopWork(worker)
            begin(worker)
            if Int(job.home) == number { finished(job) } else { tell(.done(job), to: Int(job.home)) }
        case .supply, .giveUp, .pay, .refusePayment, .withdraw, .eve, .collect, .retry:
            remember(what.kind, Int(what.place), what.serial)
        }
    }

    mutating func tell(_ content: Message.Content, to other: Int) {
        outbox.append(Message(to: other, from: number, content: content))
    }

    // MARK: - People

    /// A job that came here goes to the official of its role and field who has least before it.
    mutating func take(_ job: Job) {
        var job = job
        job.arrived = now
        give(job, to: choose(job))
    }

    mutating func give(_ job: Job, to worker: Int) {
        workers[worker].queue.insert(job)
        workers[worker].backlog += job.minutes
        efforts[job.role, default: Effort()].longest = max(
            efforts[job.role]?.longest ?? 0, workers[worker].queue.items.count)
        if job.kind == .step, Int(job.home) != number { tell(.taken(job, post: worker), to: Int(job.home)) }
        begin(worker)
    }

    func isAway(_ worker: Int, _ day: Int32) -> Bool { workers[worker].post.away.contains(Int(day)) }

    mutating func choose(_ job: Job, but absent: Int? = nil) -> Int {
        let pool = pool(job.role, Int(job.procedure))
        let today = now / 1_440
        var best: (worker: Int, rank: Int, backlog: Int32)?
        for worker in pool where worker != absent || pool.count == 1 {
            // Whoever is there, then the reserve, then whoever comes back.
            let rank = isAway(worker, today) ? 2 : workers[worker].post.isReserve ? 1 : 0
            let backlog = workers[worker].backlog
            if let known = best, (known.rank, known.backlog) <= (rank, backlog) { continue }
            best = (worker, rank, backlog)
        }
        return best?.worker ?? pool.first ?? 0
    }

    /// Those who may work on it; a leader stands in where there is nobody.
    private mutating func pool(_ role: PostRole, _ procedure: Int) -> [Int] {
        let key = procedure * 8 + (role == .clerk ? 0 : role == .leader ? 1 : 2)
        if let known = pools[key] { return known }
        let field = world.procedures[procedure].definition.field
        func fitting(_ role: PostRole) -> [Int] {
            workers.indices.filter { index in
                let official = workers[index].post.official
                return official.role == role && official.fields.contain(field)
            }
        }
        let wanted: PostRole = role == .clerk || role == .leader ? role : .officer
        var found = fitting(wanted)
        if found.isEmpty { found = fitting(.leader) }
        pools[key] = found
        return found
    }

    /// Takes the most urgent in hand.
    private mutating func begin(_ worker: Int) {
        guard workers[worker].current == nil, let job = workers[worker].queue.removeFirst() else { return }
        workers[worker].current = job
        workers[worker].turn += 1
        let start = time.after(now, working: 0, away: workers[worker].post.away)
        workers[worker].startedAt = start
        efforts[job.role, default: Effort()].waited += Int64(start - job.arrived)
        let end = time.after(now, working: job.minutes, away: workers[worker].post.away)
        plan(.worked, at: end, place: worker, serial: workers[worker].turn)
    }

    private mutating func stopWork(_ worker: Int) {
        guard let job = workers[worker].current else { return }
        workers[worker].current = nil
        workers[worker].backlog -= job.minutes
        var effort = efforts[job.role] ?? Effort()
        effort.jobs += 1
        effort.busy += Int64(job.minutes)
        if now > job.due { effort.late += 1 }
        efforts[job.role] = effort
    }

    /// The day's dossiers; and what lies with those who are away from today for some days goes to others.
    private mutating func beginDay(_ day: Int) {
        let year = world.year
        if day + 1 < year.days { plan(.day, at: Int32(day + 1) * 1_440) }
        let minutes = Int64(time.minutes(on: day))
        for worker in workers.indices {
            let away = workers[worker].post.away
            guard away.contains(day) else {
                if minutes > 0, !workers[worker].post.isReserve {
                    efforts[workers[worker].post.official.role, default: Effort()].present += minutes
                }
                continue
            }
            guard day == 0 || !away.contains(day - 1), away.contains(day + 1), away.contains(day + 2) else { continue }
            var left = workers[worker].queue.removeAll()
            if let job = workers[worker].current {
                workers[worker].current = nil
                workers[worker].turn += 1
                left.insert(job, at: 0)
            }
            workers[worker].backlog = 0
            for job in left { pass(job, from: worker) }
        }
        expect(day)
    }

    private mutating func pass(_ job: Job, from absent: Int) {
        let worker = choose(job, but: absent)
        if job.kind == .step, Int(job.home) == number { taken(job, by: workers[worker].post.official) }
        give(job, to: worker)
    }
}
