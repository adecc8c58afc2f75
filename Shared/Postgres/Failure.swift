/// Statements that fail on purpose, so that nothing behind them in the same transaction is done.
extension SQL {
    /// An integer whose evaluation fails: a setting of that name does not exist.
    public static func failure(_ name: String) -> SQL { "current_setting('lienthong.\(raw: name)')::int" }
}

extension PostgresError {
    /// Whether it is `SQL.failure` of that name.
    public func isFailure(_ name: String) -> Bool { failure == name }

    /// The name of a `SQL.failure`; the message may be in any language, with any quotes around it.
    public var failure: String? {
        guard sqlState == "42704" else { return nil }
        let words = message.split { !($0.isASCII && ($0.isLetter || $0.isNumber) || $0 == "_" || $0 == ".") }
        return words.first { $0.hasPrefix("lienthong.") }.map { String($0.dropFirst("lienthong.".count)) }
    }
}
