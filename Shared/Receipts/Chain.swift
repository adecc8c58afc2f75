/// Statements of one service, one after the other: each names the hash of the one before.
public struct Chain: Sendable, Equatable {
    public let service: String
    public private(set) var last: Seal?

    public init(of service: String, after last: Seal? = nil) { (self.service, self.last) = (service, last) }

    /// Goes on by one statement; answers what is to be known of it, though nothing is wrong.
    @discardableResult
    public mutating func follow(_ seal: Seal) throws(ChainFault) -> String? {
        let number = (last?.number ?? 0) + 1
        guard seal.number == number else { throw .gap(expected: number, found: seal.number) }
        guard seal.previous == (last?.hash ?? .none) else { throw .otherBefore(seal.number) }
        guard seal.service == service else { throw .otherService(seal.number, seal.service) }
        guard let last else {
            self.last = seal
            return nil
        }
        guard seal.epoch >= last.epoch else { throw .epochBack(seal.number) }
        guard seal.firstTick == last.lastTick + 1 else { throw .ticksMissing(seal.number, after: last.lastTick) }
        self.last = seal
        guard seal.epoch > last.epoch else { return nil }
        return "statement \(seal.number) begins epoch \(seal.epoch) after epoch \(last.epoch): the service was"
            + " restored or failed over"
    }
}

/// Why a statement does not continue what is known.
public enum ChainFault: Error, Sendable, Equatable, CustomStringConvertible {
    case gap(expected: Int64, found: Int64)
    case otherBefore(Int64)
    case otherService(Int64, String)
    case epochBack(Int64)
    case ticksMissing(Int64, after: Int64)

    public var description: String {
        switch self {
        case .gap(let expected, let found): "statement \(expected) is missing: the next one is \(found)"
        case .otherBefore(let number):
            "statement \(number) does not name the hash of the one before it: one of the two was replaced"
        case .otherService(let number, let service): "statement \(number) is of another service, \(service)"
        case .epochBack(let number): "statement \(number) goes back to an earlier epoch"
        case .ticksMissing(let number, let tick): "statement \(number) does not begin after tick \(tick)"
        }
    }
}
