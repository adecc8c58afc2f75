import AMQP
import Contracts
import Courier
import Foundation
import Logging
import ServiceKit
import Synchronization

/// RabbitMQ's management API. Every node of a cluster has it and answers for all of them: who does not answer is passed
/// over, beginning with the one that answered last.
final class Management: Sendable {
    static let variable = "LIENTHONG_MANAGEMENT_URL"

    private let addresses: [String]
    private let authorization: String
    private let courier: Courier
    private let log: Logger
    /// Which of the addresses answered last.
    private let answering = Atomic<Int>(0)

    init(_ configuration: Configuration, _ log: Logger) throws(ConfigurationFaults) {
        let amqp = configuration.amqp
        addresses = try Management.addresses(configuration)
        let user = configuration.optional("LIENTHONG_MANAGEMENT_USER") ?? amqp.user
        let password = configuration.optional("LIENTHONG_MANAGEMENT_PASSWORD") ?? amqp.password
        authorization = "Basic \(Data("\(user):\(password)".utf8).base64EncodedString())"
        courier = Courier(
            .unrestricted, authorities: amqp.tls?.authorities, keeps: Limits.Integration.managementBytes)
        self.log = log
    }

    /// One address or several apart by commas; without the variable every node that AMQP names, at the usual port, over
    /// TLS where AMQP is.
    static func addresses(_ configuration: Configuration) throws(ConfigurationFaults) -> [String] {
        let amqp = configuration.amqp
        var found: [String] = []
        guard let list = configuration.optional(variable) else {
            let (scheme, port) = amqp.tls == nil ? ("http", 15_672) : ("https", 15_671)
            for node in amqp.addresses {
                let address = "\(scheme)://\(AMQPAddress(host: node.host, port: port))"
                if !found.contains(address) { found.append(address) }
            }
            return found
        }
        for part in list.split(separator: ",", omittingEmptySubsequences: false) {
            let address = String(part)
            guard AddressPolicy.unrestricted.defect(address) == nil, !address.contains("?") else {
                throw ConfigurationFaults(faults: [
                    "\(variable) must be an http or https address, or a list such as "
                        + "https://mq1.example.vn:15671,https://mq2.example.vn:15671"
                ])
            }
            found.append(address.hasSuffix("/") ? String(address.dropLast()) : address)
        }
        return found
    }

    /// What is asked here may be done twice: an address that gave no answer, or says that the fault is its own, may
    /// have done it all the same before the next one does.
    func send(_ method: String, _ path: String, _ body: JSON?) async throws(CourierFault) -> CourierAnswer {
        let first = answering.load(ordering: .relaxed)
        var outcome = Result<CourierAnswer, CourierFault>.failure(.malformed)
        for step in addresses.indices {
            let place = (first + step) % addresses.count
            outcome = await attempt(addresses[place], method, path, body)
            let reason: String
            switch outcome {
            case .success(let answer):
                guard answer.status >= 500 else {
                    answering.store(place, ordering: .relaxed)
                    return answer
                }
                reason = "HTTP \(answer.status)"
            case .failure(.failed(let fault)): reason = fault
            case .failure(let fault): throw fault
            }
            log.warning(
                "the broker's management does not answer here",
                metadata: ["address": "\(addresses[place])", "error": "\(reason)"])
        }
        return try outcome.get()
    }

    private func attempt(
        _ address: String, _ method: String, _ path: String, _ body: JSON?
    ) async -> Result<CourierAnswer, CourierFault> {
        let request = CourierRequest(
            method, "\(address)/api/\(path)",
            headers: [
                (name: "Authorization", value: authorization), (name: "Content-Type", value: "application/json"),
            ],
            body: body?.bytes)
        do { return .success(try await courier.send(request)) } catch { return .failure(error) }
    }
}
