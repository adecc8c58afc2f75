import CLibPQ
import CRabbitMQ
import Contracts
import Foundation
import Synchronization

/// The baseline of an effect in another service: a bare program of two threads. One commits a row and publishes it,
/// confirmed; the other consumes it, commits a row and acknowledges. Blocking libpq and librabbitmq, nothing else.
///
/// The first commits at its rate and does not wait for a confirm before it goes on, no more than the writer of ours
/// waits for the broker. If it did, a stall of the machine would hold back the commits too: of all the events that such
/// a stall delays at this rate, one would be counted.
enum BareEffect {
    struct Place: Sendable {
        let database: String
        let amqpPort: Int
        let user: String
        let password: String
        let vhost: String
    }

    static let queue = "operator.bare-effect"

    static func prepare(_ place: Place) throws {
        try Bare.script(
            place.database,
            """
            SET client_min_messages = warning;
            DROP TABLE IF EXISTS bare_source, bare_effect;
            CREATE TABLE bare_source (id bigint PRIMARY KEY, body text NOT NULL);
            CREATE TABLE bare_effect (id bigint PRIMARY KEY);
            """)
    }

    /// `count` events at `rate` a second; afterwards table `bare_source` and `bare_effect` hold them, numbered on from
    /// `after`.
    static func run(_ place: Place, after: Int, count: Int, rate: Double) async throws {
        let consumer = try Bare.Channel(place)
        try consumer.declareAndConsume(queue, key: "bare.effect")
        async let consumed: Void = Bare.onThread { try consume(consumer, place, count) }
        try await Bare.onThread { try produce(place, after, count, rate) }
        try await consumed
    }

    private static func produce(_ place: Place, _ after: Int, _ count: Int, _ rate: Double) throws {
        let insert = try Bare.Statement(place.database, "INSERT INTO bare_source VALUES ($1, $2)")
        let publisher = try BarePublisher(
            port: place.amqpPort, user: place.user, password: place.password, vhost: place.vhost, headers: [])
        let body = String(repeating: "x", count: 400)
        let start = ContinuousClock.now
        for number in 1...count {
            let due = start + .seconds(Double(number) / rate)
            while ContinuousClock.now < due { usleep(50) }
            try insert.run("\(after + number)", body)
            try publisher.publish(
                "bare.effect", messageID: "\(after + number)", body: Array(body.utf8), window: Limits.AMQP.window)
        }
        try publisher.settleAll()
    }

    private static func consume(_ channel: Bare.Channel, _ place: Place, _ count: Int) throws {
        let insert = try Bare.Statement(place.database, "INSERT INTO bare_effect VALUES ($1)")
        for _ in 1...count {
            let (id, tag) = try channel.next()
            try insert.run(id)
            channel.acknowledge(tag)
        }
    }
}

/// Blocking calls of the two libraries, as a program of a page would make them.
enum Bare {
    static func onThread<T: Sendable>(_ body: @escaping @Sendable () throws -> T) async throws -> T {
        try await withCheckedThrowingContinuation { continuation in
            let thread = Thread { continuation.resume(with: Result { try body() }) }
            thread.start()
        }
    }

    static func script(_ database: String, _ sql: String) throws {
        let connection = PQconnectdb(database)
        defer { PQfinish(connection) }
        let result = PQexec(connection, sql)
        defer { PQclear(result) }
        guard PQresultStatus(result) == PGRES_COMMAND_OK else {
            throw BenchFault(String(cString: PQerrorMessage(connection)))
        }
    }

    /// One prepared statement on a connection of its own.
    final class Statement {
        private let connection: OpaquePointer?

        init(_ database: String, _ sql: String) throws {
            connection = PQconnectdb(database)
            let result = PQprepare(connection, "s", sql, 0, nil)
            defer { PQclear(result) }
            guard PQresultStatus(result) == PGRES_COMMAND_OK else {
                throw BenchFault(String(cString: PQerrorMessage(connection)))
            }
        }

        deinit { PQfinish(connection) }

        func run(_ values: String...) throws {
            let copies = values.map { strdup($0) }
            defer { copies.forEach { free($0) } }
            let pointers = copies.map { $0.map { UnsafePointer($0) } }
            let result = PQexecPrepared(connection, "s", Int32(values.count), pointers, nil, nil, 0)
            defer { PQclear(result) }
            guard PQresultStatus(result) == PGRES_COMMAND_OK else {
                throw BenchFault(String(cString: PQerrorMessage(connection)))
            }
        }
    }

    /// A consuming channel. Made on one thread and then used by another, never by both at once.
    final class Channel: Sendable {
        private let state: Mutex<UInt>

        init(_ place: BareEffect.Place) throws {
            guard let state = amqp_new_connection(), let socket = amqp_tcp_socket_new(state),
                amqp_socket_open(socket, "127.0.0.1", Int32(place.amqpPort)) == 0,
                lt_login(state, place.vhost, 0, "benchmark", place.user, place.password).reply_type
                    == AMQP_RESPONSE_NORMAL
            else { throw BenchFault("no broker") }
            amqp_channel_open(state, 1)
            self.state = Mutex(UInt(bitPattern: state))
        }

        private func with<T>(_ body: (amqp_connection_state_t) throws -> T) throws -> T {
            guard let state = OpaquePointer(bitPattern: state.withLock { $0 }) else { throw BenchFault("closed") }
            return try body(state)
        }

        /// A fresh queue of the kind that services have: quorum, single active consumer.
        func declareAndConsume(_ name: String, key: String) throws {
            try with { state in
                var type = amqp_table_entry_t()
                type.key = amqp_cstring_bytes(strdup("x-queue-type"))
                type.value.kind = lt_kind_text
                type.value.value.bytes = amqp_cstring_bytes(strdup("quorum"))
                var single = amqp_table_entry_t()
                single.key = amqp_cstring_bytes(strdup("x-single-active-consumer"))
                single.value.kind = lt_kind_boolean
                single.value.value.boolean = 1
                let queue = amqp_cstring_bytes(strdup(name))
                amqp_queue_delete(state, 1, queue, 0, 0)
                var entries = [type, single]
                entries.withUnsafeMutableBufferPointer {
                    _ = amqp_queue_declare(
                        state, 1, queue, 0, 1, 0, 0, amqp_table_t(num_entries: 2, entries: $0.baseAddress))
                }
                amqp_queue_bind(
                    state, 1, queue, amqp_cstring_bytes(strdup("lienthong.events")), amqp_cstring_bytes(strdup(key)),
                    amqp_empty_table)
            }
            try consume(name)
        }

        func consume(_ name: String) throws {
            try with { state in
                amqp_basic_qos(state, 1, 0, 256, 0)
                amqp_basic_consume(
                    state, 1, amqp_cstring_bytes(strdup(name)), amqp_empty_bytes, 0, 0, 0, amqp_empty_table)
                guard amqp_get_rpc_reply(state).reply_type == AMQP_RESPONSE_NORMAL else { throw BenchFault("no queue") }
            }
        }

        func next() throws -> (id: String, tag: UInt64) {
            try with { state in
                var envelope = amqp_envelope_t()
                var limit = timeval(tv_sec: 30, tv_usec: 0)
                amqp_maybe_release_buffers(state)
                guard amqp_consume_message(state, &envelope, &limit, 0).reply_type == AMQP_RESPONSE_NORMAL else {
                    throw BenchFault("nothing came within 30 s")
                }
                defer { amqp_destroy_envelope(&envelope) }
                let id = envelope.message.properties.message_id
                let text = String(decoding: UnsafeRawBufferPointer(start: id.bytes, count: id.len), as: UTF8.self)
                return (text, envelope.delivery_tag)
            }
        }

        /// `multiple`: and every one before it.
        func acknowledge(_ tag: UInt64, multiple: Bool = false) {
            _ = try? with { state in amqp_basic_ack(state, 1, tag, multiple ? 1 : 0) }
        }
    }
}
