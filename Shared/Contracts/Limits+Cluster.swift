extension Limits {
    /// Several copies of a service, and what is measured on them.
    public enum Copies {
        /// How soon another copy of a service hears of the time that a rehearsal has set.
        public static let clockLook: Duration = .milliseconds(100)
        /// Answers in a row, through a balancer, that are those of all copies of a service.
        public static let asked = 8
        /// Dossiers at once in a crowd.
        public static let crowd = 4
    }
}

extension Limits.AMQP {
    /// Published messages of which none is answered for this long: the connection is given up for the next node's.
    /// Twice as long after each such try, at most `patience`.
    public static let confirm: Duration = .seconds(5)
    /// A connection that refuses messages is given up for another, once more after this long, then twice as long, up to
    /// the most.
    public static let reopenFirst: Duration = .seconds(1)
    public static let reopenMost: Duration = .seconds(60)
}
