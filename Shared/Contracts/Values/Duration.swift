extension Duration {
    /// Seconds with their fraction, as PostgreSQL's `make_interval` and Prometheus want them.
    public var secondsValue: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1_000_000_000_000_000_000
    }
}
