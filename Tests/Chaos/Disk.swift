#if DEBUG
    import Contracts
    import Foundation
    import Postgres
    import Synchronization

    @testable import Journeys

    /// A disk under PostgreSQL that is slow or full when we say so: a library between it and the system (LD_PRELOAD),
    /// which looks for two files. And what the statistics say of rewritten rows, which a crash forgets.
    final class Disk: Sendable {
        let slow: String
        let full: String
        let library: String
        /// PostgreSQL was started over it.
        let isUnderUs: Bool
        private let machines: Machines
        private let rewrites = Mutex<[String: Int64]>([:])

        /// Without a compiler there is no such disk.
        init(_ machines: Machines) async throws {
            self.machines = machines
            let folder = machines.run.appendingPathComponent("harness")
            slow = folder.appendingPathComponent("slow-fsync").path
            full = folder.appendingPathComponent("wal-full").path
            library = machines.disk.path
            isUnderUs = try await Preload.build(Self.program(slow: slow, full: full), library)
            for left in [slow, full] { unlink(left) }
        }

        private static func program(slow: String, full: String) -> String {
            """
            #include <errno.h>
            #include <stdio.h>
            #include <string.h>
            #include <sys/uio.h>
            #include <unistd.h>

            static int is_full(int fd) {
                char name[64], path[512];
                if (access("\(full)", F_OK) != 0) return 0;
                snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
                ssize_t length = readlink(name, path, sizeof path - 1);
                if (length < 0) return 0;
                path[length] = 0;
                if (strstr(path, "/pg_wal/") == NULL) return 0;
                errno = ENOSPC;
                return 1;
            }
            static void wait_a_while(void) { if (access("\(slow)", F_OK) == 0) usleep(250000); }

            int fsync(int fd) { REAL(int, "fsync", int); wait_a_while(); return real(fd); }
            int fdatasync(int fd) { REAL(int, "fdatasync", int); wait_a_while(); return real(fd); }
            ssize_t pwrite(int fd, const void *data, size_t count, off_t at) {
                REAL(ssize_t, "pwrite", int, const void *, size_t, off_t);
                return is_full(fd) ? -1 : real(fd, data, count, at);
            }
            ssize_t pwrite64(int fd, const void *data, size_t count, off64_t at) {
                REAL(ssize_t, "pwrite64", int, const void *, size_t, off64_t);
                return is_full(fd) ? -1 : real(fd, data, count, at);
            }
            ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at) {
                REAL(ssize_t, "pwritev", int, const struct iovec *, int, off_t);
                return is_full(fd) ? -1 : real(fd, parts, count, at);
            }
            ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t at) {
                REAL(ssize_t, "pwritev64", int, const struct iovec *, int, off64_t);
                return is_full(fd) ? -1 : real(fd, parts, count, at);
            }

            """
        }

        /// Before PostgreSQL forgets: rows of event logs that were updated or deleted, which no event log knows.
        func countRewrites() async throws {
            let database = machines.database(connections: 1)
            let rows = try? await database.run(
                """
                SELECT schemaname AS schema, (n_tup_upd + n_tup_del)::bigint AS n FROM pg_stat_user_tables
                WHERE relname = 'event_log' AND n_tup_upd + n_tup_del > 0
                """)
            await database.close()
            guard let rows else { return }
            for row in rows {
                let (schema, count): (String, Int64) = (try row("schema"), try row("n"))
                rewrites.withLock { $0[schema, default: 0] += count }
            }
        }

        /// Seen before crashes; what stands in the statistics now is read by the auditor.
        var rewritten: [String: Int64] { rewrites.withLock { $0 } }
    }

    /// Business time, which goes on from working day to working day.
    final class Days: Sendable {
        private let moment: Mutex<Moment>

        init(_ moment: Moment) { self.moment = Mutex(moment) }

        var now: Moment { moment.withLock { $0 } }

        /// The next working day, nine o'clock, at every service.
        func next(_ office: Office) async throws {
            var day = now.day + 1
            while day.weekday == .saturday || day.weekday == .sunday { day = day + 1 }
            let morning = try Moment("\(day) 09:00")
            moment.withLock { $0 = morning }
            for service in ServiceName.running { try await set(service, morning, office) }
        }

        /// Tokens are not good at a service whose own clock is an hour off: it is asked again until they are.
        func set(_ service: ServiceName, _ moment: Moment, _ office: Office) async throws {
            let deadline = ContinuousClock.now + Limits.Chaos.patience
            while true {
                do {
                    try await office.post(
                        service, "/rehearsal/clock", ["now": .string(moment.wire)], as: Cast.administrator)
                    return
                } catch let no as SaidNo {
                    guard no.status == 401, ContinuousClock.now < deadline else { throw no }
                    try await Task.sleep(for: Limits.Chaos.look)
                }
            }
        }
    }
#endif
