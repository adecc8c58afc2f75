extension Migrations {
    /// Each agency has its own bank, and its post office: two of them may give the same reference. The gateway's is one
    /// for all, and in cash it is the payment's own id. Statements are compared by agency, channel and day.
    static let references = """
        ALTER TABLE payments DROP CONSTRAINT payments_reference;
        CREATE UNIQUE INDEX payments_reference ON payments (channel, reference) WHERE channel IN ('gateway', 'counter');
        CREATE UNIQUE INDEX payments_reference_there ON payments (agency, channel, reference);
        CREATE INDEX payments_days ON payments (agency, channel, paid_at);
        """
}
