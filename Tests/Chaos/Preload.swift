#if DEBUG
    import Foundation
    import Glibc

    @testable import Journeys

    /// A library between a program and the system: whatever is started over it (LD_PRELOAD) meets what it does to some
    /// of the system's functions.
    enum Preload {
        /// Builds it with the toolchain's own compiler.
        /// - Parameter program: C; `REAL(type, name, arguments)` within a function makes `real` the system's own.
        /// - Returns: false without a compiler.
        static func build(_ program: String, _ library: String) async throws -> Bool {
            let source = library + ".c"
            try (head + program).write(toFile: source, atomically: true, encoding: .utf8)
            unlink(library)
            let built = try? await Shell.run(
                URL(fileURLWithPath: "/usr/bin/env"),
                ["clang", "-shared", "-fPIC", "-O1", "-o", library, source, "-ldl"], mayFail: true)
            return built?.status == 0
        }

        private static let head = """
            #define _GNU_SOURCE
            #include <dlfcn.h>
            #include <stddef.h>

            #define REAL(type, name, ...) \\
                static type (*real)(__VA_ARGS__); \\
                if (real == NULL) real = (type (*)(__VA_ARGS__)) dlsym(RTLD_NEXT, name)


            """
    }

    /// A clock on the wall that is wrong by so many seconds; the one that only counts stays right.
    struct WrongClock: Sendable {
        private let library: String

        /// Nil without a compiler.
        init?(in folder: URL) async throws {
            library = folder.appendingPathComponent("clock.so").path
            guard try await Preload.build(Self.program, library) else { return nil }
        }

        /// With what a program is started that is to have it.
        func environment(_ seconds: Int) -> [String: String] {
            ["LD_PRELOAD": library, Self.variable: "\(seconds)"]
        }

        private static let variable = "CHAOS_CLOCK_OFF"

        private static let program = """
            #include <stdlib.h>
            #include <sys/time.h>
            #include <time.h>

            static long off(void) {
                const char *text = getenv("\(variable)");
                return text == NULL ? 0 : atol(text);
            }

            int clock_gettime(clockid_t clock, struct timespec *at) {
                REAL(int, "clock_gettime", clockid_t, struct timespec *);
                int result = real(clock, at);
                if (result == 0 && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) at->tv_sec += off();
                return result;
            }
            int gettimeofday(struct timeval *at, void *zone) {
                REAL(int, "gettimeofday", struct timeval *, void *);
                int result = real(at, zone);
                if (result == 0) at->tv_sec += off();
                return result;
            }
            time_t time(time_t *at) {
                REAL(time_t, "time", time_t *);
                time_t now = real(NULL) + off();
                if (at != NULL) *at = now;
                return now;
            }

            """
    }
#endif
