#if DEBUG
    import Contracts

    extension Limits {
        /// The fault harness. Its numbers stand with it: no service knows them.
        enum Chaos {
            /// Without CHAOS_KILLS and CHAOS_SECONDS: a run ends within ten minutes, loading included.
            static let kills = 500
            static let seconds = 360
            /// A longer wish is spread over runs of at most this many seconds.
            static let longest = 1_800
            /// Journeys that are under way at once.
            static let journeys = 6
            /// Subscribers of the exchange, and how long after the one before each joins.
            static let integrators = 4
            static let joins: Duration = .seconds(7)
            /// Positions of the past with which a subscription begins, and of one replay with its events a second.
            static let past: Int64 = 5_000
            static let replayed: Int64 = 1_500
            static let replayRate: Int64 = 150
            /// The same of a webhook, and after how many seconds a failed delivery comes again first.
            static let webhookPast: Int64 = 1_000
            static let webhookReplayed: Int64 = 300
            static let webhookReplayRate: Int64 = 50
            static let webhookRetry = 0.2
            /// Until a service that is told to stop must have ended.
            static let stop: Duration = .seconds(45)
            /// Services that are struck at once.
            static let struck = 2
            /// Between two faults of one lane, in milliseconds.
            static let servicePause = 300...2_500
            static let serverPause = 1_500...5_000
            /// How long an armed kill point may take to be passed.
            static let armed: Duration = .seconds(15)
            /// Until a service that was started again answers.
            static let ready: Duration = .seconds(60)
            /// Faults of so long a run have had several turns for each kill point: one that nobody reached is named.
            static let everyPoint: Duration = .seconds(1_200)
            /// A pause of a process, which a lease of 3 s does not outlive; in a long run 60 s.
            static let pause: Duration = .seconds(5)
            static let longPause: Duration = .seconds(60)
            /// Requests in flight when a service is told to stop; in a long run 1,000.
            static let burst = 200
            static let longBurst = 1_000
            /// How long faults of the surroundings last.
            static let held: Duration = .seconds(6)
            static let silent: Duration = .seconds(25)
            /// How long a writer stays open in another database: the first of a run, when the run has so many seconds
            /// at least, and in a long one.
            static let foreignWriter: Duration = .seconds(20)
            static let firstForeignWriter: (from: Int, held: Duration) = (300, .seconds(120))
            static let longForeignWriter: (from: Int, held: Duration) = (1_500, .seconds(600))
            /// How long an intent is repeated, and an effect waited for.
            static let patience: Duration = .seconds(180)
            static let look: Duration = .milliseconds(150)
            /// One request; then it counts as cut off.
            static let request: Duration = .seconds(10)
            /// From the end of the faults to rest.
            static let quiet: Duration = .seconds(180)
            /// The broker's counts of a quorum queue are renewed every five seconds.
            static let countsAge: Duration = .seconds(15)
            /// Business time goes on to the next working day this often.
            static let day: Duration = .seconds(20)
            /// What recovery may take: see issue and `proof.md`.
            static let firstCommit: Duration = .seconds(1)
            static let firstConfirm: Duration = .seconds(2)
            static let cleanLeader: Duration = .seconds(1)
            static let pausedLeader: Duration = .seconds(4)
            /// Bytes of a file that is sent in parts, and of one part.
            static let file = 700_000
            static let part = 250_000
            /// Findings that are listed one by one.
            static let findings = 60
        }
    }
#endif
