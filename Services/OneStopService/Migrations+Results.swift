extension Migrations {
    /// The hash of the document that answers a dossier, as its issuer announced it, and of a result that is taken again
    /// the document with that hash (os-264).
    static let results = """
        ALTER TABLE dossiers ADD COLUMN document_sha256 text;
        ALTER TABLE dossier_papers ADD COLUMN document uuid, ADD COLUMN sha256 text;
        """
}
