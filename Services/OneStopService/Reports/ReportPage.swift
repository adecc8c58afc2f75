import Contracts
import Crypto
import Foundation
import ServiceKit

/// The report for people: one page without scripts and without anything from elsewhere, for the screen and for paper.
/// Every figure that counts dossiers is a link to them (os-211).
struct ReportPage {
    var name: String
    var reported: Reported
    var language: Language
    var timeliness: ReportTimeliness.Output
    /// Of quarters and years.
    var indicators: ReportIndicators.Output?
    var index: ReportServiceIndex.Output
    /// Whether the reader leads the agency: complaints are listed for nobody else.
    var leads = false

    private func words(_ vietnamese: String, _ english: String) -> String {
        language == .english ? english : vietnamese
    }

    var html: String {
        let title = words("Báo cáo giải quyết thủ tục hành chính", "Report on administrative procedures")
        let period = reported.period.name(language)
        return """
            <!doctype html>
            <html lang="\(language.rawValue)">
            <head>
            <meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <title>\(title), \(period) – \(BundlePage.escaped(name))</title>
            <style>\(Self.style)</style>
            </head>
            <body>
            <header><p>\(BundlePage.escaped(name)) (\(reported.agency))</p>
            <h1>\(title)<br><small>\(period)</small></h1>
            <p>\(standing)</p></header>
            <main>
            \(balance)
            \(lines)
            \(graded)
            \(indexes)
            </main>
            </body>
            </html>

            """
    }

    private var standing: String {
        let moment = reported.asOf.inTables
        let state =
            reported.isFinal
            ? words("Số liệu đã chốt, không thay đổi nữa.", "The figures are final and do not change any more.")
            : words("Số liệu tạm tính.", "The figures are provisional.")
        return words("Số liệu tính đến trước \(moment).", "As everything stood before \(moment).") + " " + state
    }

    // MARK: - The balance

    private var balance: String {
        let total = timeliness.total
        let came = ReportCell.came.map { part($0, total[$0]) }
        let became = ReportCell.became.map { part($0, total[$0]) }
        let chart = ReportChart(
            title: words("Cân đối hồ sơ trong kỳ", "The balance of the period"),
            bars: [
                .init(
                    title: words("Phải giải quyết", "In hand"), parts: came,
                    note: words("\(total.came) hồ sơ", "\(total.came) dossiers")),
                .init(
                    title: words("Kết quả cuối kỳ", "What became of it"), parts: became,
                    note: words("\(total.became) hồ sơ", "\(total.became) dossiers")),
            ])
        return """
            <section><h2>\(chart.title)</h2>\(chart.svg)\(legend(ReportCell.balance))</section>
            """
    }

    private func part(_ cell: ReportCell, _ value: Int, key: String? = nil) -> ReportChart.Part {
        ReportChart.Part(
            value: value, colour: cell.colour, title: "\(cell.title(language)): \(value)", label: "\(value)",
            address: address(cell, key: key))
    }

    /// Beside this page, under the same period.
    private func address(_ cell: ReportCell, key: String? = nil) -> String {
        let line = key.map { "&by=agency&key=\($0.asQuery)" } ?? ""
        return "dossiers?\(reported.asOfQuery)&cell=\(cell.rawValue)\(line)"
    }

    private func legend(_ cells: [ReportCell]) -> String {
        let items = cells.map { cell in
            """
            <li><svg viewBox="0 0 12 12" width="12" height="12" aria-hidden="true">\
            <rect width="12" height="12" fill="\(cell.colour)"/></svg> \(cell.title(language))</li>
            """
        }
        return "<ul class=\"legend\">\(items.joined())</ul>"
    }

    // MARK: - By agency

    private var lines: String {
        let done: [ReportCell] = [.early, .onTime, .late, .overdue]
        let busiest = timeliness.lines.sorted { ($1.balance.became, $0.key) < ($0.balance.became, $1.key) }
        let bars = busiest.prefix(Limits.Reports.bars).map { line in
            ReportChart.Bar(
                title: line.title(language), parts: done.map { part($0, line.balance[$0], key: line.key) },
                note: share(line.balance))
        }
        let chart = ReportChart(
            title: words("Đúng hạn và quá hạn theo cơ quan", "In time and late by agency"), bars: Array(bars))
        let head = [words("Cơ quan", "Agency")] + ReportCell.balance.map { $0.title(language) }
        let rows = timeliness.lines.map { line in
            row(line.title(language), ReportCell.balance.map { ($0, line.balance[$0]) }, key: line.key)
        }
        let total = row(words("Tổng cộng", "Total"), ReportCell.balance.map { ($0, timeliness.total[$0]) }, key: nil)
        return """
            <section><h2>\(chart.title)</h2>\(bars.isEmpty ? nothing : chart.svg + legend(done))
            \(table(head, rows, foot: total))</section>
            """
    }

    /// Of what has ended or is overdue, how much was in time.
    private func share(_ balance: Balance) -> String {
        let kept = balance[.early] + balance[.onTime]
        let all = kept + balance[.late] + balance[.overdue]
        guard let hundredths = ServiceIndex.hundredths(kept, of: all) else { return "–" }
        return percent(ServiceIndex.written(hundredths)) + words(" đúng hạn", " in time")
    }

    private func row(_ title: String, _ figures: [(ReportCell, Int)], key: String?) -> String {
        let cells = figures.map { cell, value in
            value == 0 ? "<td>0</td>" : "<td>\(Self.link(address(cell, key: key), "\(value)"))</td>"
        }
        return "<tr><th scope=\"row\">\(BundlePage.escaped(title))</th>\(cells.joined())</tr>"
    }

    private var nothing: String { "<p>\(words("Không phát sinh hồ sơ.", "No dossiers."))</p>" }

    // MARK: - Indicators and indexes

    private var graded: String {
        guard let indicators else { return "" }
        let title = words(
            "Chỉ số đánh giá theo Thông tư 01/2018/TT-VPCP", "Indicators of Circular 01/2018/TT-VPCP")
        let head =
            [words("Cơ quan", "Agency")] + Indicator.allCases.map { "\($0.rawValue). \($0.title(language))" }
            + [words("Tổng (tối đa 18)", "Total (of 18)"), words("Xếp loại", "Grade")]
        let rows = indicators.lines.map { line in
            let scores = Indicator.allCases.map { indicator -> String in
                guard let score = line.scores.first(where: { $0.indicator == indicator.rawValue }) else {
                    return "<td>–</td>"
                }
                guard let address = address(indicator, key: line.key) else {
                    return "<td>\(decimal(score.score))</td>"
                }
                return "<td>\(Self.link(address, decimal(score.score)))</td>"
            }
            return """
                <tr><th scope="row">\(BundlePage.escaped(line.name ?? line.key))</th>\(scores.joined())\
                <td><b>\(line.total.map(decimal) ?? "–")</b></td><td>\(line.grade?.title(language) ?? "–")</td></tr>
                """
        }
        let note = words(
            "Chỉ số không có dữ liệu để trống; tổng điểm được quy về thang đầy đủ theo các chỉ số còn lại.",
            "Indicators without data are left out; the total is brought to the full scale by the others.")
        return """
            <section><h2>\(title)</h2>\(indicators.lines.isEmpty ? nothing : table(head, rows, foot: ""))
            <p class="note">\(note)</p></section>
            """
    }

    /// What is behind the score of an agency; nil where the reader may not see it.
    private func address(_ indicator: Indicator, key: String) -> String? {
        switch indicator {
        case .online: address(ReportCell.online, key: key)
        case .complaints: leads ? complaints + "&key=\(key.asQuery)" : nil
        default: "points?\(reported.asOfQuery)&of=agency&key=\(key.asQuery)&indicator=\(indicator.rawValue)"
        }
    }

    private var complaints: String { "complaints?\(reported.asOfQuery)" }

    private var indexes: String {
        let title = words("Các chỉ số theo Quyết định 766/QĐ-TTg", "Indexes of Decision 766/QĐ-TTg")
        let known = index.indexes.filter { $0.state == .computed }
        let bars = known.map { line -> ReportChart.Bar in
            let cell = line.partCell
            let part = ReportChart.Part(
                value: line.percent.flatMap(Self.whole) ?? 0, colour: cell?.colour ?? "#24568f",
                title: "\(line.index.title(language)): \(percent(line.percent ?? ""))",
                address: cell.map { address($0) })
            return ReportChart.Bar(title: line.index.title(language), parts: [part], note: percent(line.percent ?? ""))
        }
        let chart = ReportChart(title: title, bars: bars, full: 100)
        let head = [
            words("Nhóm", "Group"), words("Chỉ số", "Index"), words("Số lượng", "How many"),
            words("Trên tổng số", "Of how many"), words("Tỷ lệ", "Share"),
        ]
        let rows = index.indexes.map { line in
            let shown = line.state == .computed ? percent(line.percent ?? "") : line.shown(language)
            let whole =
                line.index == .complaintsInTime && leads && line.whole ?? 0 > 0
                ? Self.link(complaints, "\(line.whole ?? 0)") : figure(line.whole, line.wholeCell)
            return """
                <tr><td>\(line.group.title(language))</td><td>\(line.index.title(language))</td>\
                <td>\(figure(line.part, line.partCell))</td><td>\(whole)</td><td>\(shown)</td></tr>
                """
        }
        return """
            <section><h2>\(title)</h2>\(bars.isEmpty ? nothing : chart.svg)
            \(table(head, rows, foot: "", kind: "wide"))</section>
            """
    }

    private func figure(_ value: Int?, _ cell: ReportCell?) -> String {
        guard let value else { return "–" }
        guard let cell, value > 0 else { return "\(value)" }
        return Self.link(address(cell), "\(value)")
    }

    // MARK: - Writing

    private static func whole(_ percent: String) -> Int? { percent.split(separator: ".").first.flatMap { Int($0) } }

    /// As numbers are written in the language.
    private func decimal(_ text: String) -> String {
        language == .english ? text : text.replacing(".", with: ",")
    }

    private func percent(_ text: String) -> String { decimal(text) + " %" }

    private func table(_ head: [String], _ rows: [String], foot: String, kind: String = "figures") -> String {
        let titles = head.map { "<th scope=\"col\">\($0)</th>" }.joined()
        return """
            <div class="scroll"><table class="\(kind)"><thead><tr>\(titles)</tr></thead>
            <tbody>\(rows.joined(separator: "\n"))</tbody>\
            \(foot.isEmpty ? "" : "<tfoot>\(foot)</tfoot>")</table></div>
            """
    }

    private static func link(_ address: String, _ text: String) -> String {
        "<a href=\"\(BundlePage.escaped(address))\">\(BundlePage.escaped(text))</a>"
    }

    /// Nothing is loaded and nothing runs; the styles are those of the page, by their hash.
    static let policy: String = {
        let hash = Data(SHA256.hash(data: Array(style.utf8))).base64EncodedString()
        return "default-src 'none'; style-src 'sha256-\(hash)'; base-uri 'none'; form-action 'none'; "
            + "frame-ancestors 'none'"
    }()

    private static let style = """
        body{font:16px/1.45 "Liberation Sans",Arial,sans-serif;color:#1b1b1b;background:#fff;max-width:72rem;
        margin:0 auto;padding:1rem 1.5rem 3rem}
        header{border-bottom:3px solid #8f1d14;margin-bottom:1.5rem}
        header p{margin:.3rem 0;color:#444}
        h1{font-size:1.6rem;line-height:1.25;margin:.4rem 0}
        h1 small{font-size:1.15rem;font-weight:400}
        h2{font-size:1.2rem;margin:1.6rem 0 .6rem}
        svg{font:13px "Liberation Sans",Arial,sans-serif;width:100%;height:auto;display:block}
        .legend{list-style:none;display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;padding:0;margin:.5rem 0 1rem;
        font-size:.9rem}
        .legend svg{display:inline;width:12px;height:12px}
        .scroll{overflow-x:auto}
        table{border-collapse:collapse;width:100%;font-size:.85rem}
        th,td{border:1px solid #bbb;padding:.3rem .4rem;vertical-align:top}
        thead th{background:#f3f1ec;font-weight:600;vertical-align:bottom}
        tbody th{font-weight:400;text-align:left;min-width:11rem}
        .figures td,.wide td:nth-child(n+3){text-align:right;font-variant-numeric:tabular-nums}
        tfoot th,tfoot td{font-weight:700;text-align:right}
        tfoot th{text-align:left}
        a{color:#1a4f8a}
        .note{font-size:.9rem;color:#444}
        @page{size:A4 landscape;margin:12mm}
        @media print{body{max-width:none;padding:0;font-size:12px}a{color:inherit;text-decoration:none}
        h2{break-after:avoid}svg,tr,.legend{break-inside:avoid}thead{display:table-header-group}
        tfoot{display:table-row-group}table{font-size:10px}
        *{print-color-adjust:exact;-webkit-print-color-adjust:exact}}
        """
}

/// `GET /agencies/{agency}/reports/{period}/page`: the whole report of an agency, with charts.
enum ShowReport: RawEndpoint {
    static let route = Route.get("/agencies/{agency}/reports/{period}/page")
    static let summary = "The report of an agency as one page with charts, Vietnamese or English"
    static let access = Access.official(.dossiersRead)
    static let refusals = ReportTimeliness.refusals
    static let operation = ReportTable.operation(ReportServiceIndex.Input.self, "text/html")

    static func handle(_ request: Incoming, _ path: [String: String], _ call: Call) async throws -> Outgoing {
        let asked: ReportServiceIndex.Input = try ReportTable.input(request, path)
        try await call.require(.dossiersRead, at: asked.agency)
        let reported = try Reported(asked.agency, asked.period, asOf: asked.asOf, now: call.now)
        // One moment for all of the page.
        var balance = ReportTimeliness.Input()
        (balance.agency, balance.period, balance.asOf) = (asked.agency, asked.period, reported.asOf)
        var graded = ReportIndicators.Input()
        (graded.agency, graded.period, graded.asOf) = (asked.agency, asked.period, reported.asOf)
        var indexed = asked
        indexed.asOf = reported.asOf
        var indicators: ReportIndicators.Output?
        if asked.period.months > 1 { indicators = try await call.indicators(graded) }
        let page = ReportPage(
            name: try await call.names(of: asked.agency).name, reported: reported, language: call.language,
            timeliness: try await call.timeliness(balance),
            indicators: indicators, index: try await call.serviceIndex(indexed),
            leads: try await call.holds(.dossiersApprove, at: asked.agency))
        var answer = Outgoing.text(200, page.html, type: "text/html; charset=utf-8")
        answer.headers += [
            ("content-security-policy", ReportPage.policy), ("cache-control", "no-store"),
            ("referrer-policy", "same-origin"), ("x-content-type-options", "nosniff"),
            ("content-language", call.language.rawValue), ("vary", "Accept-Language"),
        ]
        return answer
    }
}
