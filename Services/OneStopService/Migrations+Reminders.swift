extension Migrations {
    /// Where a citizen is reminded of an appointment, sealed under the citizen's key, and in which language (os-266).
    static let reminders = """
        ALTER TABLE appointments ADD COLUMN mail jsonb, ADD COLUMN language text CHECK (language IN ('vi', 'en'));
        """
}
