extension Limits {
    /// The exchange of commands: no number, but everybody must agree on it.
    public static let commandExchange = "lienthong.commands"

    /// Personal data under keys of its subjects.
    public enum Sealing {
        /// Bytes of a text before it is sealed.
        public static let textBytes = 4_096
        /// Characters of a sealed text: nonce, tag and base64 added.
        public static let boxLength = 5_600
        /// Most erasures of one subject that are told of.
        public static let erasures = 100
    }

    /// Letters to citizens outside of the system.
    public enum OutboundMail {
        /// How often letters that are due are looked for when nobody rings.
        public static let look: Duration = .seconds(1)
        /// Letters on their way at once, of one process.
        public static let atOnce = 2
        /// How long one process has a letter for itself; longer than one sending can take.
        public static let claim: Duration = .seconds(120)
        public static let connect: Duration = .seconds(10)
        /// One sending, from connecting to the server's last answer.
        public static let sending: Duration = .seconds(60)
        /// Wait after the first failure; doubles up to the most.
        public static let retryFirst: Duration = .seconds(10)
        public static let retryMost: Duration = .seconds(3_600)
        /// Failures after which a letter is given up: five days, as mail servers do (RFC 5321, section 4.5.4.1).
        public static let attempts = 130
        /// Wait while no relay is configured, or the key's owner is away, before the letter is looked at again.
        public static let away: Duration = .seconds(30)
        /// Octets of a line of base64 (RFC 2045, section 6.8), and of the text in one encoded word (RFC 2047).
        public static let line = 76
        public static let encodedWordBytes = 42
    }
}
