extension Limits {
    /// What travels beside an event's data, in characters. The same for the broker, for feeds and for parking: what one
    /// of them lets in, the others must be able to keep.
    public enum Envelope {
        public static let source = 40
        public static let aggregateType = 60
        public static let actor = 200
        public static let traceparent = 60
    }
}
