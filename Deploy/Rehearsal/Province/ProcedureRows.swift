import Contracts

/// A procedure's rows as the one-stop service's definition.
///
/// The files list every step of the way; the service's own steps are those between the counter and the counter: the
/// reception is the acceptance, the return is the return, and an opinion is asked beside the step that is under way.
/// A guard stands in the files at the step that it opens, in the service at the step that it closes.
extension Province {
    func definition(_ procedure: Entry) -> JSON {
        func own(_ rows: [Entry]) -> [Entry] {
            rows.filter { $0["procedure"] == procedure["code"] && $0["version"] == procedure["version"] }
                .sorted { (Int($0["ordinal"]) ?? 0) < (Int($1["ordinal"]) ?? 0) }
        }
        // A default case of 0 says that the procedure is free: so is one without any. The others of 0 are exemptions.
        let fees = own(fees).filter { $0["default"] == "no" || Int64($0["amount"]) ?? 0 > 0 }
        let steps = own(steps)
        return [
            "name": .string(procedure["name"]), "nameEn": .string(procedure["name_en"]),
            "field": .string(procedure["field"]), "receivers": .array(receivers(procedure)),
            "parts": .array(own(parts).map(Self.part)),
            "limit": Self.limit(procedure), "fees": .array(fees.map(Self.fee)),
            "steps": .array(Self.steps(steps, competent: procedure["competent_agency"], owner: procedure["owner"])),
            "supplementClock": .string(procedure["supplement"]),
            "documentType": .string(procedure["result_type"]),
            "onlineLevel": .string(Self.levels[procedure["level"]] ?? "information"),
            "source": .string(procedure["legal_basis"]),
            "verified": .bool(procedure["verified"] == "yes"),
        ]
    }

    /// The kinds of agencies at which it is handed in.
    private func receivers(_ procedure: Entry) -> [JSON] {
        guard procedure["owner"] == "province" else { return [.string(procedure["owner"])] }
        let kind = agencies.first { $0["code"] == procedure["competent_agency"] }?["kind"]
        return [.string(kind ?? "department")]
    }

    /// The levels of Decree 43/2011/NĐ-CP in the service's words.
    private static let levels = ["2": "forms", "3": "partial", "4": "whole"]

    private static func part(_ row: Entry) -> JSON {
        [
            "key": .string("\(row["kind"])-\(row["ordinal"])"), "name": .string(row["name"]),
            "nameEn": .string(row["name_en"]), "required": .bool(row["required"] != "no"),
            "due": row["required"] == "later" ? "acceptance" : "submission",
            "copies": .integer(Int64(row["count"]) ?? 1), "kind": .string(row["kind"]),
        ]
    }

    private static func fee(_ row: Entry) -> JSON {
        let cap = Int64(row["cap"]).map { [("cap", JSON.integer($0))] } ?? []
        return .object(
            optional: [
                ("kind", row["case"]), ("name", row["case_name"]), ("nameEn", row["case_name_en"]), ("per", row["per"]),
            ],
            [("amount", .integer(Int64(row["amount"]) ?? 0)), ("byDefault", .bool(row["default"] == "yes"))] + cap)
    }

    private static func limit(_ row: Entry) -> JSON {
        let unit = row["limit_unit"] == "working-days" ? "workingDays" : row["limit_unit"]
        return ["amount": .integer(Int64(row["limit_amount"]) ?? 1), "unit": .string(unit)]
    }

    static func steps(_ rows: [Entry], competent: String, owner: String) -> [JSON] {
        let inner = rows.filter { ["work", "approve"].contains($0["kind"]) }
        return inner.enumerated().map { index, row in
            var guards: [JSON] = []
            if index == 0, row["guard"] == "paid" { guards.append("fees-paid") }
            if index + 1 < inner.count {
                switch inner[index + 1]["guard"] {
                case "paid": guards.append("fees-paid")
                case "opinions": guards.append("opinions-in")
                default: break
                }
            }
            let (rule, agency) = rule(row["agency"], competent: competent, owner: owner)
            return .object(
                optional: [
                    ("key", row["key"]), ("name", row["name"]), ("nameEn", row["name_en"]), ("rule", rule),
                    ("agency", agency), ("role", row["role"]),
                ], [("limit", limit(row)), ("guards", .array(guards))])
        }
    }

    /// Where the service finds the agency of a step.
    private static func rule(_ word: String, competent: String, owner: String) -> (rule: String, agency: String) {
        switch word {
        case "receiving": ("receiving", "")
        case "parent": ("parent", "")
        case "lead":
            if competent == owner {
                ("receiving", "")
            } else if competent == "district" {
                ("parent", "")
            } else {
                ("named", competent)
            }
        default: ("named", word)
        }
    }
}
