import Contracts
import Foundation
import TestKit
import Testing

@testable import IntegrationService

/// The queue read by clients that other people wrote.
@Suite struct OtherClientsTests {
    @Test(.timeLimit(.minutes(5)))
    func `pika and the package cloudevents read what was announced`() async throws {
        try await Hall.open { hall in
            let id = try await hall.subscribe(["kind": "queue", "types": ["onestop.#"], "agency": "H19.12"])
            let dossier = DossierID.new()
            try await hall.submit(to: "H19.30")
            try await hall.submit(dossier)
            let client = try hall.client(
                """
                import os, pika
                from cloudevents.core.bindings.amqp import AMQPMessage, from_binary_event
                login = pika.PlainCredentials(os.environ["USER_NAME"], os.environ["PASSWORD"])
                connection = pika.BlockingConnection(pika.ConnectionParameters(
                    os.environ["HOST"], int(os.environ["PORT"]), os.environ["VHOST"], login))
                channel = connection.channel()
                for method, properties, body in channel.consume(os.environ["QUEUE"], inactivity_timeout=20):
                    event = from_binary_event(AMQPMessage(
                        {"content-type": properties.content_type}, properties.headers, body))
                    print(event.get_id(), event.get_source(), event.get_type(), event.get_subject(),
                          event.get_extension("agency"), event.get_extension("subscriptionnumber"),
                          event.get_data()["procedure"], event.get_time().isoformat(), flush=True)
                    channel.basic_ack(method.delivery_tag)
                    break
                """, try await hall.credentials(id))
            defer { client.stop() }
            try await eventually("the event is there: \(client.text)") { !client.lines.isEmpty }
            let words = try #require(client.lines.first).split(separator: " ").map(String.init)
            #expect(
                words.dropFirst().prefix(6) == [
                    "onestop", DossierSubmitted.type, dossier.text, "H19.12", "1", "2.000488",
                ])
        }
    }

    @Test(.timeLimit(.minutes(5)))
    func `aio-pika reads the queue, and its user may do nothing else`() async throws {
        try await Hall.open { hall in
            let id = try await hall.subscribe(["kind": "queue"])
            let other = try await hall.subscribe(["kind": "queue"])
            try await hall.submit(3)
            let client = try hall.client(
                """
                import asyncio, os, aio_pika
                async def attempt(connection, what, act):
                    channel = await connection.channel()
                    try:
                        await act(channel)
                        print(what, "allowed", flush=True)
                    except Exception as error:
                        print(what, type(error).__name__, flush=True)
                async def main():
                    connection = await aio_pika.connect(
                        host=os.environ["HOST"], port=int(os.environ["PORT"]), login=os.environ["USER_NAME"],
                        password=os.environ["PASSWORD"], virtualhost=os.environ["VHOST"])
                    channel = await connection.channel()
                    queue = await channel.get_queue(os.environ["QUEUE"])
                    async with queue.iterator() as messages:
                        async for message in messages:
                            async with message.process():
                                print("number", message.headers["cloudEvents:subscriptionnumber"], flush=True)
                            if message.headers["cloudEvents:subscriptionnumber"] == 3:
                                break
                    await attempt(connection, "declare", lambda c: c.declare_queue("mine"))
                    await attempt(connection, "bind", lambda c: bind(c))
                    await attempt(connection, "read", lambda c: read(c))
                    await attempt(connection, "publish", lambda c: publish(c))
                    print("end", flush=True)
                async def bind(channel):
                    queue = await channel.get_queue(os.environ["QUEUE"])
                    await queue.bind("lienthong.events", "#")
                async def read(channel):
                    queue = await channel.get_queue(os.environ["OTHER"], ensure=False)
                    await queue.get(timeout=5)
                async def publish(channel):
                    exchange = await channel.get_exchange("lienthong.events", ensure=False)
                    await exchange.publish(aio_pika.Message(b"{}"), "onestop.dossier.submitted.v1", timeout=5)
                asyncio.run(main())
                """, try await hall.credentials(id),
                ["OTHER": Subscription.queue(of: try SubscriptionID(other))])
            defer { client.stop() }
            try await eventually("it is through: \(client.text)") { client.lines.contains("end") }
            #expect(client.lines.prefix(3) == ["number 1", "number 2", "number 3"])
            for act in ["declare", "bind", "read", "publish"] {
                let line = client.lines.first { $0.hasPrefix("\(act) ") } ?? ""
                #expect(!line.isEmpty && !line.hasSuffix("allowed"), "\(client.text)")
            }
        }
    }

    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/amqp-consume")), .timeLimit(.minutes(5)))
    func `amqp-consume of Debian reads the queue`() async throws {
        try await Hall.open { hall in
            let id = try await hall.subscribe(["kind": "queue"])
            try await hall.submit(2)
            let credentials = try await hall.credentials(id)
            let arguments = [
                "--server=127.0.0.1", "--port=\(hall.room.configuration.port)", "--vhost=\(hall.room.vhost)",
                "--username=\(credentials["user"]?.text ?? "")", "--password=\(credentials["password"]?.text ?? "")",
                "--queue=\(credentials["queue"]?.text ?? "")", "--count=2", "--prefetch-count=1",
                "cat",
            ]
            let program = try Program("", program: "/usr/bin/amqp-consume", arguments: arguments)
            defer { program.stop() }
            try await eventually("both are there") {
                program.text.ranges(of: #""procedure":"2.000488""#).count == 2
            }
            try await eventually("it ends after two") { !program.isRunning }
        }
    }
}
