extension Migrations {
    /// Several demands of one dossier, each of a kind and collected at a moment; one may be taken back.
    static let demands = """
        ALTER TABLE fee_demands
            ADD COLUMN nature text CHECK (nature IN ('fee', 'charge')),
            ADD COLUMN moment text CHECK (moment IN ('reception', 'supplement', 'return')),
            DROP CONSTRAINT fee_demands_state_check, DROP CONSTRAINT fee_demands_check,
            ADD CHECK (state IN ('open', 'paid', 'refused', 'cancelled')),
            ADD CHECK ((reason_code IS NOT NULL) = (state IN ('refused', 'cancelled')));
        """
}
