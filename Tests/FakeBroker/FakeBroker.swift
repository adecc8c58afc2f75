import Foundation
import Glibc
import Synchronization

/// A broker of AMQP 0-9-1 on loopback that does what a test tells it to, the worst included. One queue, one vhost,
/// everybody may sign in. Each connection is served by a thread of its own.
public final class FakeBroker: Sendable {
    public struct Unavailable: Error {}

    struct Stored: Sendable {
        var content: Content
        var redelivered = false
    }

    struct State {
        var behaviour: Behaviour
        var record = Record()
        /// Things to do, by connection.
        var actions: [Int: [Action]] = [:]
        var queue: [Stored] = []
        var isClosed = false
    }

    public let port: Int
    private let listener: Int32
    let state: Mutex<State>

    /// - Parameter port: where it listens; 0: wherever there is room.
    public init(_ behaviour: Behaviour = Behaviour(), port: Int = 0) throws {
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var again: Int32 = 1
        setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &again, socklen_t(MemoryLayout<Int32>.size))
        var address = sockaddr_in()
        address.sin_port = in_port_t(port).bigEndian
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = INADDR_LOOPBACK.bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        // A small window, so that a client that is not read is stopped soon.
        var window: Int32 = 65_536
        setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &window, socklen_t(MemoryLayout<Int32>.size))
        let descriptor = listener
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                bind(descriptor, address, length) == 0 && listen(descriptor, 64) == 0
                    && getsockname(descriptor, address, &length) == 0
            }
        }
        self.port = Int(UInt16(bigEndian: address.sin_port))
        state = Mutex(State(behaviour: behaviour))
        guard isListening else { throw Unavailable() }
        Self.thread("fake-broker") { self.accept() }
    }

    /// Ends every connection and stops listening.
    public func close() {
        state.withLock { $0.isClosed = true }
        // Wakes the thread that accepts, which closes the descriptor.
        shutdown(listener, Int32(SHUT_RDWR))
    }

    public var record: Record { state.withLock(\.record) }
    /// Messages in the queue that are not handed out.
    public var waiting: Int { state.withLock(\.queue.count) }

    public func behave(_ change: (inout Behaviour) -> Void) { state.withLock { change(&$0.behaviour) } }

    /// On every connection that is open now.
    public func perform(_ actions: Action...) {
        state.withLock { state in
            for id in state.actions.keys { state.actions[id, default: []] += actions }
        }
    }

    /// Into the queue.
    public func enqueue(_ contents: [Content]) {
        state.withLock { state in state.queue += contents.map { Stored(content: $0) } }
    }

    static func thread(_ name: String, _ body: @escaping @Sendable () -> Void) {
        let thread = Thread(block: body)
        thread.name = name
        thread.start()
    }

    private func accept() {
        var id = 0
        while true {
            let descriptor = Glibc.accept(listener, nil, nil)
            guard descriptor >= 0, !state.withLock(\.isClosed) else { break }
            id += 1
            let number = id
            state.withLock { state in
                state.record.accepted.append(.now)
                state.actions[number] = []
            }
            Self.thread("fake-broker-\(number)") { Session(self, number, descriptor).run() }
        }
        _ = Glibc.close(listener)
    }
}

/// A connection ended: by the client, or because it was told to.
struct Ended: Error {}

/// The socket of one connection.
struct Wire {
    let descriptor: Int32

    init(_ descriptor: Int32) {
        self.descriptor = descriptor
        var on: Int32 = 1
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
        var limit = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }

    /// Sends everything, in pieces of at most `segment` octets.
    func send(_ bytes: [UInt8], segment: Int?) throws(Ended) {
        var offset = 0
        while offset < bytes.count {
            let most = min(segment ?? .max, bytes.count - offset)
            let sent = bytes.withUnsafeBytes { buffer in
                Glibc.send(descriptor, buffer.baseAddress?.advanced(by: offset), most, Int32(MSG_NOSIGNAL))
            }
            guard sent > 0 else { throw Ended() }
            offset += sent
        }
    }

    /// What came within so many milliseconds; empty for nothing.
    func receive(within milliseconds: Int32) throws(Ended) -> ArraySlice<UInt8> {
        var set = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        guard poll(&set, 1, milliseconds) > 0 else { return [] }
        var buffer = [UInt8](repeating: 0, count: 65_536)
        let count = buffer.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
        guard count > 0 else { throw Ended() }
        return buffer[..<count]
    }

    /// Whether the client ended the connection, without taking anything from it.
    func isGone(within milliseconds: Int32) -> Bool {
        // POLLRDHUP of poll(2), which Glibc's module leaves out.
        var set = pollfd(fd: descriptor, events: 0x2000, revents: 0)
        return poll(&set, 1, milliseconds) > 0
    }

    func close(reset: Bool) {
        if reset {
            var now = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
        }
        _ = Glibc.close(descriptor)
    }
}
