#if DEBUG
    import Foundation
    import Glibc
    import Synchronization

    @testable import Journeys

    /// Between the services and a server: passes bytes on, or does to them what networks do. One thread a direction:
    /// simple, and what one connection suffers no other notices.
    final class Proxy: Sendable {
        enum Way: Sendable, CaseIterable { case toServer, toService }

        struct Weather: Sendable, Equatable {
            /// What goes this way stays on its way until the weather changes: as behind a broken router, where TCP
            /// sends again.
            var held: Way?
            /// Every piece takes this long.
            var latency: Duration = .zero
            /// So many of the next pieces are passed on by half, then the connection ends: inside a frame.
            var cuts = 0
        }

        let port: Int
        private let listener: Int32
        private let target: Int
        private let weather = Mutex(Weather())
        private let pairs = Mutex<[ObjectIdentifier: Pair]>([:])

        /// The two sockets of one connection; closed by whichever thread is the last to leave.
        private final class Pair: Sendable {
            let service: Int32
            let server: Int32
            private let users = Mutex(2)

            init(_ service: Int32, _ server: Int32) { (self.service, self.server) = (service, server) }

            /// Ends both at once, as a machine that loses its connections (RST, not FIN).
            func reset() {
                users.withLock { users in
                    guard users > 0 else { return }
                    for descriptor in [service, server] {
                        var nobody = sockaddr()
                        nobody.sa_family = sa_family_t(AF_UNSPEC)
                        _ = connect(descriptor, &nobody, socklen_t(MemoryLayout<sockaddr>.size))
                        _ = shutdown(descriptor, Int32(SHUT_RDWR))
                    }
                }
            }

            func end() {
                users.withLock { users in
                    guard users > 0 else { return }
                    _ = shutdown(service, Int32(SHUT_RDWR))
                    _ = shutdown(server, Int32(SHUT_RDWR))
                }
            }

            /// True for the last one.
            func leave() -> Bool {
                users.withLock { users in
                    users -= 1
                    if users == 0 {
                        close(service)
                        close(server)
                    }
                    return users == 0
                }
            }
        }

        /// - Parameter port: 0 takes any that is free.
        init(port: Int, to target: Int) throws {
            self.target = target
            let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
            var yes: Int32 = 1
            setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, socklen_t(MemoryLayout<Int32>.size))
            guard Self.withAddress(port, { bind(listener, $0, $1) }) == 0, listen(listener, 256) == 0 else {
                throw Failed("the proxy cannot listen on port \(port): error \(errno)")
            }
            var taken = sockaddr_in()
            var length = socklen_t(MemoryLayout<sockaddr_in>.size)
            _ = withUnsafeMutablePointer(to: &taken) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(listener, $0, &length) }
            }
            self.listener = listener
            self.port = Int(in_port_t(bigEndian: taken.sin_port))
            Thread.detachNewThread { [self] in accept() }
        }

        static func withAddress<T>(_ port: Int, _ body: (UnsafePointer<sockaddr>, socklen_t) -> T) -> T {
            var address = sockaddr_in()
            address.sin_family = sa_family_t(AF_INET)
            address.sin_port = in_port_t(port).bigEndian
            address.sin_addr.s_addr = inet_addr("127.0.0.1")
            return withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
        }

        func set(_ change: (inout Weather) -> Void) { weather.withLock { change(&$0) } }

        /// Ends every connection at once.
        func resetAll() {
            for pair in pairs.withLock({ Array($0.values) }) { pair.reset() }
        }

        var connections: Int { pairs.withLock(\.count) }

        private func accept() {
            while true {
                let service = Glibc.accept(listener, nil, nil)
                guard service >= 0 else {
                    if errno == EINTR || errno == ECONNABORTED { continue }
                    return
                }
                let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
                guard Self.withAddress(target, { connect(server, $0, $1) }) == 0 else {
                    close(server)
                    close(service)
                    continue
                }
                for descriptor in [service, server] {
                    var yes: Int32 = 1
                    setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &yes, socklen_t(MemoryLayout<Int32>.size))
                }
                let pair = Pair(service, server)
                pairs.withLock { $0[ObjectIdentifier(pair)] = pair }
                for way in Way.allCases { Thread.detachNewThread { [self] in carry(pair, way) } }
            }
        }

        private func carry(_ pair: Pair, _ way: Way) {
            let (from, to) = way == .toServer ? (pair.service, pair.server) : (pair.server, pair.service)
            var buffer = [UInt8](repeating: 0, count: 65_536)
            while true {
                let count = read(from, &buffer, buffer.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }
                let isCut = delayed(way, count)
                guard send(buffer, isCut ? count / 2 : count, to) else { break }
                if isCut {
                    pair.reset()
                    break
                }
            }
            pair.end()
            if pair.leave() { pairs.withLock { $0[ObjectIdentifier(pair)] = nil } }
        }

        /// Waits as the weather wants; whether this piece is to be cut.
        private func delayed(_ way: Way, _ count: Int) -> Bool {
            let (latency, isCut) = weather.withLock { weather in
                let isCut = weather.cuts > 0 && count > 1
                if isCut { weather.cuts -= 1 }
                return (weather.latency, isCut)
            }
            if latency > .zero { usleep(UInt32(latency / .microseconds(1))) }
            while weather.withLock({ $0.held == way }) { usleep(5_000) }
            return isCut
        }

        private func send(_ buffer: [UInt8], _ count: Int, _ to: Int32) -> Bool {
            var sent = 0
            while sent < count {
                let more = buffer.withUnsafeBytes {
                    Glibc.send(to, $0.baseAddress?.advanced(by: sent), count - sent, Int32(MSG_NOSIGNAL))
                }
                if more < 0, errno == EINTR { continue }
                guard more > 0 else { return false }
                sent += more
            }
            return true
        }
    }
#endif
