extension Migrations {
    static let accompanied = """
        -- Whether a branch, an opinion or a link stands or stood beside a dossier, or it is the dossier of a link: of
        -- all others none is looked for.
        ALTER TABLE dossiers ADD COLUMN accompanied boolean NOT NULL DEFAULT false;
        UPDATE dossiers SET accompanied = true WHERE id IN (
            SELECT dossier FROM branches UNION SELECT dossier FROM opinions UNION SELECT parent FROM linked_cases
            UNION SELECT parent FROM slips UNION SELECT child FROM slips WHERE child IS NOT NULL);
        CREATE FUNCTION accompany() RETURNS trigger LANGUAGE plpgsql AS $body$
        BEGIN
            UPDATE dossiers SET accompanied = true
            WHERE id = (to_jsonb(NEW) ->> TG_ARGV[0])::uuid AND NOT accompanied;
            RETURN NULL;
        END
        $body$;
        CREATE TRIGGER branches_accompany AFTER INSERT ON branches
            FOR EACH ROW EXECUTE FUNCTION accompany('dossier');
        CREATE TRIGGER opinions_accompany AFTER INSERT ON opinions
            FOR EACH ROW EXECUTE FUNCTION accompany('dossier');
        CREATE TRIGGER linked_cases_accompany AFTER INSERT ON linked_cases
            FOR EACH ROW EXECUTE FUNCTION accompany('parent');
        CREATE TRIGGER slips_accompany AFTER INSERT ON slips
            FOR EACH ROW EXECUTE FUNCTION accompany('child');
        """
}
