import CPango
import Contracts

/// Something drawn, from the left edge of what it belongs to and from its top; in points.
enum Mark {
    case line(Lines, Lines.Line, x: Double, y: Double)
    case stroke(x: Double, y: Double, toX: Double, toY: Double)
    case code(QRCode, x: Double, y: Double, size: Double)

    func moved(_ dx: Double, _ dy: Double) -> Mark {
        switch self {
        case .line(let lines, let line, let x, let y): .line(lines, line, x: x + dx, y: y + dy)
        case .stroke(let x, let y, let toX, let toY): .stroke(x: x + dx, y: y + dy, toX: toX + dx, toY: toY + dy)
        case .code(let code, let x, let y, let size): .code(code, x: x + dx, y: y + dy, size: size)
        }
    }
}

/// What no page break goes through.
struct Strip {
    var height: Double
    var marks: [Mark] = []
    /// Of a table: where its upright lines are.
    var edges: [Double] = []
}

/// Strips that stay on one page when they fit on one.
struct Group {
    var strips: [Strip]
    var keeps = true
    /// Of a table: its head, for the pages after.
    var head: [Strip] = []
    /// Of a table: a line above the first and below the last strip.
    var isRow = false

    var height: Double { strips.reduce(0) { $0 + $1.height } }
}

/// Breaks blocks into strips.
struct Setting {
    let fonts: Fonts

    func groups(_ blocks: [Block], width: Double) throws(TypesettingFault) -> [Group] {
        var groups: [Group] = []
        for block in blocks {
            switch block {
            case .text(let paragraph): groups.append(try text(paragraph, width: width))
            case .beside(let sides): groups.append(Group(strips: [try beside(sides, width: width)]))
            case .together(let blocks):
                groups.append(Group(strips: try self.groups(blocks, width: width).flatMap(\.strips)))
            case .table(let table): groups += try rows(table, width: width)
            case .space(let height): groups.append(Group(strips: [Strip(height: height.points)]))
            case .rule(let length):
                let x = (width - length.points) / 2
                let rule = Mark.stroke(x: x, y: 2, toX: x + length.points, toY: 2)
                groups.append(Group(strips: [Strip(height: 3.5, marks: [rule])]))
            case .code(let text, let size):
                let mark = Mark.code(try QRCode(text), x: (width - size.points) / 2, y: 0, size: size.points)
                groups.append(Group(strips: [Strip(height: size.points, marks: [mark])]))
            }
        }
        return groups
    }

    private func text(_ paragraph: Paragraph, width: Double) throws(TypesettingFault) -> Group {
        let lines = try Lines(paragraph, width: width, fonts)
        var strips = lines.lines.map { line in
            Strip(height: line.height, marks: [.line(lines, line, x: line.x, y: line.baseline)])
        }
        if !strips.isEmpty { strips.insert(Strip(height: paragraph.before.points), at: 0) }
        // A few lines of a longer paragraph may stand alone, the only two of a short one may not.
        return Group(strips: strips, keeps: strips.count <= 5)
    }

    /// All that is there, one below the other.
    private func stacked(_ blocks: [Block], width: Double) throws(TypesettingFault) -> Strip {
        var all = Strip(height: 0)
        for strip in try groups(blocks, width: width).flatMap(\.strips) {
            all.marks += strip.marks.map { $0.moved(0, all.height) }
            all.height += strip.height
        }
        return all
    }

    private func beside(_ sides: [Side], width: Double) throws(TypesettingFault) -> Strip {
        let whole = sides.reduce(0) { $0 + $1.share }
        var (all, x) = (Strip(height: 0), 0.0)
        for side in sides {
            let own = width * side.share / whole
            let strip = try stacked(side.blocks, width: own)
            all.marks += strip.marks.map { $0.moved(x, 0) }
            all.height = max(all.height, strip.height)
            x += own
        }
        return all
    }

    private func rows(_ table: Table, width: Double) throws(TypesettingFault) -> [Group] {
        let whole = table.columns.reduce(0) { $0 + $1.share }
        var edges = [0.0]
        for column in table.columns { edges.append((edges.last ?? 0) + width * column.share / whole) }
        let titles = table.columns.map { [Run.bold($0.title)] }
        let head = try row(titles, table, edges, alignment: .center)
        var groups = [Group(strips: head, isRow: true)]
        for cells in table.rows {
            groups.append(Group(strips: try row(cells, table, edges), head: head, isRow: true))
        }
        return groups
    }

    /// Line by line, so that a row that is longer than a page can be divided.
    private func row(
        _ cells: [[Run]], _ table: Table, _ edges: [Double], alignment: Paragraph.Alignment? = nil
    ) throws(TypesettingFault) -> [Strip] {
        precondition(cells.count == table.columns.count, "a row has a cell for each column")
        let (side, above) = (1.2.points, 0.5.points)
        var strips: [Strip] = []
        for (index, runs) in cells.enumerated() {
            var paragraph = Paragraph(size: table.size, alignment: alignment ?? table.columns[index].alignment)
            paragraph.runs = runs
            let lines = try Lines(paragraph, width: edges[index + 1] - edges[index] - 2 * side, fonts)
            for (number, line) in lines.lines.enumerated() {
                if number == strips.count { strips.append(Strip(height: 0, edges: edges)) }
                strips[number].height = max(strips[number].height, line.height)
                strips[number].marks.append(.line(lines, line, x: edges[index] + side + line.x, y: line.baseline))
            }
        }
        let space = Strip(height: above, edges: edges)
        return [space] + strips + [space]
    }
}

/// Puts strips on pages.
struct Pages {
    private let paper: Paper
    private(set) var pages: [[Mark]] = []
    private var y = 0.0
    private var bottom: Double { (paper.height - paper.margin.bottom).points }
    private var left: Double { paper.margin.left.points }
    private var top: Double { paper.margin.top.points }

    init(_ document: Document, _ fonts: Fonts) throws(TypesettingFault) {
        paper = document.paper
        let width = (paper.width - paper.margin.left - paper.margin.right).points
        let setting = Setting(fonts: fonts)
        try turn()
        for group in try setting.groups(document.blocks, width: width) { try place(group) }
        try foot(document, width: width, setting)
    }

    private mutating func turn() throws(TypesettingFault) {
        guard pages.count < Limits.Typesetting.pages else { throw .tooLong }
        pages.append([])
        y = top
    }

    private mutating func place(_ group: Group) throws(TypesettingFault) {
        let head = group.head.reduce(0) { $0 + $1.height }
        if group.keeps, y + group.height > bottom, top + head + group.height <= bottom { try begin(group) }
        if group.isRow { across(group.strips[0]) }
        for strip in group.strips {
            if y + strip.height > bottom {
                if group.isRow { across(strip) }
                try begin(group)
                if group.isRow { across(strip) }
                // The room above a paragraph is not needed at the top of a page.
                if strip.marks.isEmpty, !group.isRow { continue }
            }
            put(strip)
        }
        if let last = group.strips.last, group.isRow { across(last) }
    }

    /// A new page, which begins with the head of the table.
    private mutating func begin(_ group: Group) throws(TypesettingFault) {
        try turn()
        guard let first = group.head.first else { return }
        across(first)
        for strip in group.head { put(strip) }
    }

    private mutating func put(_ strip: Strip) {
        pages[pages.count - 1] += strip.marks.map { $0.moved(left, y) }
        for x in strip.edges {
            pages[pages.count - 1].append(.stroke(x: left + x, y: y, toX: left + x, toY: y + strip.height))
        }
        y += strip.height
    }

    /// A line over the width of a table.
    private mutating func across(_ strip: Strip) {
        guard let first = strip.edges.first, let last = strip.edges.last else { return }
        pages[pages.count - 1].append(.stroke(x: left + first, y: y, toX: left + last, toY: y))
    }

    private mutating func foot(_ document: Document, width: Double, _ setting: Setting) throws(TypesettingFault) {
        for index in pages.indices {
            let number = "Trang \(index + 1)/\(pages.count)"
            let strips = try setting.groups(
                [
                    .beside([
                        Side(3, [.text(Paragraph(.italic(document.foot), size: 8, alignment: .left))]),
                        Side(1, [.text(Paragraph(.italic(number), size: 8, alignment: .right))]),
                    ])
                ], width: width
            ).flatMap(\.strips)
            pages[index] += strips.flatMap(\.marks).map { $0.moved(left, bottom + 2.5.points) }
        }
    }
}
