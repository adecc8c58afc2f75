import Contracts
import ServiceKit

/// `GET /balances`: what stands on every account of an agency at the end of a day.
enum ReadBalances: Endpoint {
    static let route = Route.get("/balances")
    static let summary = "Balances of an agency's accounts at the end of a day"
    static let access = Access.official(.ledgerRead)

    struct Input: Record {
        var agency = AgencyCode.none
        var on: Day?
        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "Whose ledger", in: .query),
            .init("on", \.on, .day, "The day; today when absent", in: .query),
        ]
    }

    struct Balance: Record {
        var chart = ""
        var account = ""
        var name = ""
        var isOffBalance = false
        var debit = Money.zero
        var credit = Money.zero
        var balance = Money.zero

        static let fields: [Field<Self>] = [
            .init("chart", \.chart, .text(1...40), "The chart of accounts"),
            .init("account", \.account, .text(3...10), "The account"),
            .init("name", \.name, .text(1...Limits.nameLength), "Its name in the language asked for"),
            .init("isOffBalance", \.isOffBalance, .bool, "Outside of the balance: posted on one side only"),
            .init("debit", \.debit, .money, "Sum of debits (Nợ) so far"),
            .init("credit", \.credit, .money, "Sum of credits (Có) so far"),
            .init("balance", \.balance, .money, "Debits less credits; below zero the credit side is the greater"),
        ]
    }

    struct Output: Record {
        var agency = AgencyCode.none
        var on = Day.none
        var accounts: [Balance] = []
        static let fields: [Field<Self>] = [
            .init("agency", \.agency, .agency, "Whose ledger"),
            .init("on", \.on, .day, "At the end of this day"),
            .init("accounts", \.accounts, .list(.record, 0...Limits.Budget.accounts), "Accounts with postings"),
        ]
    }

    static func handle(_ input: Input, _ call: Call) async throws -> Reply<Output> {
        try await call.require(.ledgerRead, inChargeOf: input.agency)
        var output = Output()
        (output.agency, output.on) = (input.agency, input.on ?? call.today)
        let rows = try await call.run(
            """
            SELECT s.chart, s.account, a.name, a.name_en, a.off_balance, s.debit, s.credit
            FROM (
                SELECT chart, account, coalesce(sum(amount) FILTER (WHERE side = 'debit'), 0)::bigint AS debit,
                       coalesce(sum(amount) FILTER (WHERE side = 'credit'), 0)::bigint AS credit
                FROM journal_lines WHERE agency = \(output.agency) AND day <= \(output.on) GROUP BY chart, account
            ) s JOIN chart_accounts a ON a.chart = s.chart AND a.code = s.account
            ORDER BY s.chart, s.account LIMIT \(Limits.Budget.accounts)
            """)
        output.accounts = try rows.map { row in
            var balance = Balance()
            balance.chart = try row("chart")
            balance.account = try row("account")
            balance.name = try row(call.language == .english ? "name_en" : "name")
            balance.isOffBalance = try row("off_balance")
            balance.debit = try row("debit")
            balance.credit = try row("credit")
            balance.balance = try balance.debit - balance.credit
            return balance
        }
        return Reply(output)
    }
}
