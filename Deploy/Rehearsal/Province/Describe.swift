import Contracts

extension Province {
    /// The province in one piece, as `OneStopService simulate` reads it: what the service itself would have.
    var described: JSON {
        [
            "agencies": .array(
                agencies.map { row in
                    ["code": .string(row["code"]), "name": .string(row["name"]), "kind": .string(row["kind"])]
                }), "calendar": workingCalendar,
            "procedures": .array(
                procedures.map { row in
                    .object(
                        optional: [
                            ("code", row["code"]), ("validFrom", row["valid_from"]), ("validTo", row["valid_to"]),
                        ],
                        [("definition", definition(row))])
                }),
        ]
    }
}
