#if DEBUG
    /// Microseconds since the beginning.
    typealias Time = Int

    extension Time {
        static func milliseconds(_ count: Int) -> Time { count * 1_000 }
        static func seconds(_ count: Int) -> Time { count * 1_000_000 }

        init(_ duration: Duration) {
            let parts = duration.components
            self = Int(parts.seconds) * 1_000_000 + Int(parts.attoseconds / 1_000_000_000_000)
        }
    }

    /// Time, and what happens next: one thing after another, the same from the same seed.
    final class World {
        /// Nothing that is counted by reference: it is moved about much.
        private struct Happening {
            let at: Time
            let number: Int
            /// Of its body.
            let place: Int

            func isBefore(_ other: Happening) -> Bool { at < other.at || at == other.at && number < other.number }
        }

        private(set) var now: Time = 0
        private(set) var happened = 0
        private var heap: [Happening] = []
        private var bodies: [(() -> Void)?] = []
        private var freePlaces: [Int] = []
        private var count = 0
        let isTracing: Bool
        private(set) var trace: [String] = []
        /// What was promised and did not hold; the run ends at the first.
        private(set) var violation: String?

        init(isTracing: Bool) {
            self.isTracing = isTracing
            heap.reserveCapacity(256)
        }

        func after(_ delay: Time, _ body: @escaping () -> Void) {
            count += 1
            let place = freePlaces.popLast() ?? bodies.count
            if place == bodies.count { bodies.append(body) } else { bodies[place] = body }
            heap.append(Happening(at: now + max(0, delay), number: count, place: place))
            var child = heap.count - 1
            while child > 0 {
                let parent = (child - 1) / 2
                guard heap[child].isBefore(heap[parent]) else { break }
                heap.swapAt(child, parent)
                child = parent
            }
        }

        /// Lets things happen until then, or until a promise is broken.
        func run(until end: Time) {
            while violation == nil, let first = heap.first, first.at <= end {
                let last = heap.removeLast()
                if !heap.isEmpty {
                    heap[0] = last
                    sink()
                }
                now = first.at
                happened += 1
                let body = bodies[first.place]
                bodies[first.place] = nil
                freePlaces.append(first.place)
                body?()
            }
            now = max(now, end)
        }

        /// The run is over: nothing holds on to anything.
        func end() { (heap, bodies, freePlaces) = ([], [], []) }

        private func sink() {
            var parent = 0
            while true {
                var least = parent
                for child in 2 * parent + 1...2 * parent + 2
                where child < heap.count && heap[child].isBefore(heap[least]) { least = child }
                guard least != parent else { return }
                heap.swapAt(parent, least)
                parent = least
            }
        }

        func note(_ who: String, _ what: @autoclosure () -> String) {
            guard isTracing else { return }
            let milliseconds = String(now / 1_000)
            let micro = String(now % 1_000)
            let padded = String(repeating: " ", count: max(0, 7 - milliseconds.count)) + milliseconds
            trace.append("\(padded).\(String(repeating: "0", count: 3 - micro.count))\(micro)  \(who)  \(what())")
        }

        func broken(_ promise: @autoclosure () -> String) {
            guard violation == nil else { return }
            let promise = promise()
            violation = promise
            note("ORACLE", promise)
        }
    }

    /// A process: it may be killed or stand still between any two of its steps.
    final class Process {
        let name: String
        unowned let world: World
        var random: Random
        private(set) var life = 0
        private(set) var isUp = false
        private(set) var isPaused = false
        private var held: [() -> Void] = []
        private var steps = 0
        /// It dies when it takes this step.
        var lastStep: Int?
        /// What begins and ends with it.
        var onStart: () -> Void = {}
        var onDeath: () -> Void = {}

        init(_ name: String, _ world: World, _ random: Random) {
            self.name = name
            self.world = world
            self.random = random
        }

        func start() {
            guard !isUp else { return }
            isUp = true
            world.note(name, "starts")
            onStart()
        }

        /// Everything that it holds in memory is gone.
        func kill(for absence: Time) {
            guard isUp else { return }
            world.note(name, "is killed")
            life += 1
            isUp = false
            isPaused = false
            held = []
            onDeath()
            world.after(absence) { self.start() }
        }

        func die(inSteps count: Int) { if isUp { lastStep = steps + count } }

        func pause(for length: Time) {
            guard isUp, !isPaused else { return }
            world.note(name, "stands still")
            isPaused = true
            let life = life
            world.after(length) {
                guard self.life == life, self.isPaused else { return }
                self.world.note(self.name, "goes on")
                self.isPaused = false
                let held = self.held
                self.held = []
                for body in held { self.world.after(0, body) }
            }
        }

        /// The run is over: nothing holds on to anything.
        func end() {
            held = []
            (onStart, onDeath) = ({}, {})
        }

        /// A step of this process later; not if it is dead by then.
        func after(_ delay: Time, _ body: @escaping () -> Void) { after(delay, life: life, body) }

        /// A step of one life of it.
        func after(_ delay: Time, life: Int, _ body: @escaping () -> Void) {
            world.after(delay) { self.step(life, body) }
        }

        private func step(_ life: Int, _ body: @escaping () -> Void) {
            guard self.life == life, isUp else { return }
            guard !isPaused else {
                held.append { self.step(life, body) }
                return
            }
            steps += 1
            if steps == lastStep { return kill(for: random.within(.milliseconds(50), .milliseconds(800))) }
            body()
        }
    }
#endif
