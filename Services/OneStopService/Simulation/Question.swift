import Contracts

/// What is asked beside how it goes: one or more changes of the province, `officer+1@H19.12 limit-1@2.000488`.
struct Question: Sendable, CustomStringConvertible {
    struct Staff: Sendable {
        var role: PostRole
        var number: Int
        var agency: AgencyCode
        /// The field for which the post works; the busiest where none is named.
        var field: String?
    }

    struct Load: Sendable {
        var share: Double
        /// There and below; everywhere where none is named.
        var agency: AgencyCode?
    }

    struct Wrong: Error, CustomStringConvertible {
        let part: Substring
        var description: String {
            """
            “\(part)” is no question. Known are: officer+1@H19.12 or officer-1@H19.12/LLTP (also clerk, leader), \
            limit-1@2.000488, load+10% or load+10%@H19.30, failures-off; several with a space between.
            """
        }
    }

    let text: String
    var staff: [Staff] = []
    var limits: [String: Int] = [:]
    var loads: [Load] = []
    var withoutFailures = false

    var description: String { text }

    init() { text = "" }

    init(_ text: String) throws(Wrong) {
        self.text = text
        for part in text.split(whereSeparator: { $0 == " " || $0 == "," }) { try add(part) }
    }

    private mutating func add(_ part: Substring) throws(Wrong) {
        if part == "failures-off" {
            withoutFailures = true
            return
        }
        let halves = part.split(separator: "@", maxSplits: 1)
        guard let first = halves.first, let sign = first.firstIndex(where: { $0 == "+" || $0 == "-" }) else {
            throw Wrong(part: part)
        }
        let place = halves.dropFirst().first.map(String.init)
        let (word, amount) = (first[..<sign], first[sign...])
        switch word {
        case "limit":
            guard let number = Int(amount), number != 0, let place else { throw Wrong(part: part) }
            limits[place, default: 0] += number
        case "load":
            let agency = place.flatMap { try? AgencyCode($0) }
            guard amount.last == "%", let number = Int(amount.dropLast()), number > -100,
                abs(number) <= Limits.Simulation.loadPercent, (agency == nil) == (place == nil)
            else { throw Wrong(part: part) }
            loads.append(Load(share: Double(number) / 100, agency: agency))
        case "officer", "clerk", "leader":
            let parts = (place ?? "").split(separator: "/", maxSplits: 1).map(String.init)
            guard let role = PostRole(rawValue: String(word)), let number = Int(amount), number != 0,
                abs(number) <= Limits.Simulation.posts, let code = parts.first, let agency = try? AgencyCode(code)
            else { throw Wrong(part: part) }
            staff.append(Staff(role: role, number: number, agency: agency, field: parts.dropFirst().first))
        default: throw Wrong(part: part)
        }
    }

    /// How much more or less comes to an agency.
    func load(_ agency: AgencyCode) -> Double {
        loads.filter { load in load.agency.map { $0 == agency || agency.ancestors.contains($0) } ?? true }
            .reduce(0) { $0 + $1.share }
    }
}
