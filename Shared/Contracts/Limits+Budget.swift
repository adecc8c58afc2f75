extension Limits.Budget {
    /// Most refunds of one demand, refused ones included: they are read at once.
    public static let refunds = 100
    /// Most payments that the post hands over in one sum, and longest name of a collecting post office, in characters.
    public static let handedOver = 500
    public static let collectorLength = 120
    /// Largest statement of a bank or gateway, in bytes, and most lines of one.
    public static let statementBytes = 4_194_304
    public static let statementRows = 20_000
    /// Longest period that one statement covers, in days: a quarter, with room.
    public static let statementDays = 100
    /// Most bad rows of a statement that are named at once.
    public static let statementFaults = 200
    /// Most settlements of one agency that are listed: four a year.
    public static let settlements = 400
    /// Share of phí that may be kept (Law 97/2015/QH13, Art. 12), in percent.
    public static let keptPercent = 0...100
    /// Seconds after a quarter's end before it can be closed: nothing of it is still being written.
    public static let settlementGrace = 3_600.0
}
