import Contracts
import ServiceKit

/// Horizontal bars as inline SVG: a row for each thing, its parts one after the other, each a link to the dossiers
/// that it counts. Colours are told apart on paper too by their order and their numbers.
struct ReportChart {
    struct Part {
        var value: Int
        var colour: String
        /// What it is, with its figure.
        var title: String
        /// What stands in it where there is room; beyond that the figure is in the title and in the table.
        var label = ""
        /// Where its dossiers are listed; nil where it counts none.
        var address: String?
    }

    struct Bar {
        var title: String
        var parts: [Part]
        /// Beside the bar.
        var note: String

        var sum: Int { parts.reduce(0) { $0 + $1.value } }
    }

    var title: String
    var bars: [Bar]
    /// What the full width stands for; nil is the longest bar.
    var full: Int?

    private static let label = 290
    private static let width = 460
    private static let note = 150
    private static let row = 30
    private static let height = 20

    var svg: String {
        let most = max(1, full ?? bars.map(\.sum).max() ?? 1)
        let total = Self.label + Self.width + Self.note
        let tall = bars.count * Self.row + 6
        let rows = bars.enumerated().map { index, bar in self.row(bar, top: index * Self.row + 4, most: most) }
        return """
            <svg viewBox="0 0 \(total) \(tall)" role="img" aria-label="\(BundlePage.escaped(title))">
            \(rows.joined(separator: "\n"))
            </svg>
            """
    }

    private func row(_ bar: Bar, top: Int, most: Int) -> String {
        var (drawn, done) = ("", 0)
        for part in bar.parts where part.value > 0 {
            let from = Self.label + done * Self.width / most
            done += part.value
            let wide = max(1, Self.label + done * Self.width / most - from)
            drawn += link(part, box(part, from: from, wide: wide, top: top))
        }
        let middle = top + Self.height / 2 + 4
        return """
            <g><title>\(BundlePage.escaped(bar.title))</title>\
            <text x="\(Self.label - 8)" y="\(middle)" text-anchor="end">\
            \(BundlePage.escaped(Self.shortened(bar.title)))</text>\
            <rect x="\(Self.label)" y="\(top)" width="\(Self.width)" height="\(Self.height)" fill="#f0f0ee"/>\
            \(drawn)\
            <text x="\(Self.label + Self.width + 8)" y="\(middle)">\(BundlePage.escaped(bar.note))</text></g>
            """
    }

    private func box(_ part: Part, from: Int, wide: Int, top: Int) -> String {
        let text =
            part.label.count * 8 + 4 <= wide
            ? """
            <text x="\(from + wide / 2)" y="\(top + Self.height / 2 + 4)" text-anchor="middle" fill="#fff">\
            \(part.label)</text>
            """ : ""
        return """
            <g><title>\(BundlePage.escaped(part.title))</title>\
            <rect x="\(from)" y="\(top)" width="\(wide)" height="\(Self.height)" fill="\(part.colour)" \
            stroke="#fff" stroke-width="1"/>\(text)</g>
            """
    }

    private func link(_ part: Part, _ drawn: String) -> String {
        part.address.map { "<a href=\"\(BundlePage.escaped($0))\">\(drawn)</a>" } ?? drawn
    }

    private static func shortened(_ text: String) -> String { text.count <= 40 ? text : String(text.prefix(39)) + "…" }
}

extension ReportCell {
    /// White numbers stand on each of these.
    var colour: String {
        switch self {
        case .opening: "#5b6770"
        case .counter, .received, .inHand, .withPapers, .finished, .paid: "#24568f"
        case .online, .onlineResult, .paidOnline: "#2f7fa8"
        case .postal: "#6b5ca5"
        case .early, .digitised, .reused, .satisfied: "#1d7a4f"
        case .onTime, .met, .rated: "#3f7d1f"
        case .late, .missed, .onlineLate: "#b3261e"
        case .refused: "#6d4c41"
        case .withdrawn: "#7a7a7a"
        case .inTime: "#4a76a8"
        case .overdue, .apologised: "#b05a00"
        }
    }
}
