import Contracts

/// What somebody outside keeps of a service's statements: a file that only grows, one JSON object a line. A line
/// `{"restoredTo":7}` says that the service lost what came after statement 7 in a restore, and that the keeper took
/// note of it; what follows it goes on from there.
public struct Anchor: Sendable {
    /// The statements that hold, from the first.
    public private(set) var statements: [SignedSeal] = []
    /// Those that a restore has taken back.
    public private(set) var lost: [Seal] = []
    private var seals: [Seal] = []
    private let service: String
    private let keys: [SealKey]

    public var last: Seal? { seals.last }

    /// - Parameter service: whose statements they are, from the first.
    /// - Throws: `AnchorFault.line` for what is no statement, is not signed by a key of the service, or does not
    ///   follow.
    public init(_ text: String, of service: String, keys: [SealKey]) throws(AnchorFault) {
        (self.service, self.keys) = (service, keys)
        for (index, line) in text.split(separator: "\n").enumerated() {
            guard let json = try? JSON(parsing: Array(line.utf8)) else { throw .line(index + 1, "is no JSON") }
            do throws(AnchorFault) {
                if let number = json["restoredTo"]?.integer {
                    try takeBack(to: number)
                } else {
                    guard let signed = try? SignedSeal(decoding: json, unknown: .refuse) else {
                        throw .line(index + 1, "is no signed statement")
                    }
                    try append(signed)
                }
            } catch {
                throw .line(index + 1, "\(error)")
            }
        }
    }

    /// The statement of this number.
    public func seal(_ number: Int64) -> Seal? {
        seals.indices.contains(Int(number) - 1) ? seals[Int(number) - 1] : nil
    }

    public mutating func append(_ signed: SignedSeal) throws(AnchorFault) {
        let seal: Seal
        do throws(SealFault) { seal = try signed.open(keys) } catch { throw .seal(error) }
        var chain = Chain(of: service, after: seals.last)
        do throws(ChainFault) { try chain.follow(seal) } catch { throw .chain(error) }
        seals.append(seal)
        statements.append(signed)
    }

    public mutating func takeBack(to number: Int64) throws(AnchorFault) {
        guard number >= 0, number < Int64(seals.count) else { throw .noSuch(number) }
        lost += seals[Int(number)...]
        seals.removeSubrange(Int(number)...)
        statements.removeSubrange(Int(number)...)
    }

    public static func line(_ signed: SignedSeal) -> String { String(decoding: signed.jsonBytes, as: UTF8.self) + "\n" }
    public static func line(restoredTo number: Int64) -> String { "{\"restoredTo\":\(number)}\n" }
}

/// Why a statement cannot be anchored, or a file is no anchor.
public enum AnchorFault: Error, Sendable, Equatable, CustomStringConvertible {
    case line(Int, String)
    case seal(SealFault)
    case chain(ChainFault)
    case noSuch(Int64)

    public var description: String {
        switch self {
        case .line(let line, let reason): "line \(line): \(reason)"
        case .seal(let fault): fault.description
        case .chain(let fault): fault.description
        case .noSuch(let number): "there is no statement \(number) to go back to"
        }
    }
}
