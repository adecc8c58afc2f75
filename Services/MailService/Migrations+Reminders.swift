extension Migrations {
    /// Letters that are about no dossier: reminders of appointments.
    static let reminders = "ALTER TABLE outside_letters ALTER COLUMN dossier DROP NOT NULL"
}
