extension Migrations {
    /// The answer to a dossier as files (os-277). What the dossier was when each came is kept with it: a signature from
    /// before papers were supplied counts no more (os-279), and what only led to the answer stays inside (os-281).
    static let resultFiles = """
        CREATE TABLE result_files (
            id uuid PRIMARY KEY,
            dossier uuid NOT NULL REFERENCES dossiers,
            -- In the order of their coming: the last one is the answer.
            number int NOT NULL CHECK (number >= 1),
            name text NOT NULL,
            sha256 text NOT NULL,
            bytes bigint NOT NULL CHECK (bytes > 0),
            media_type text NOT NULL,
            added_by text NOT NULL,
            added_at timestamptz NOT NULL,
            scanned_at timestamptz,
            -- Of a PDF: whether a signature covers all of it.
            signed boolean,
            dossier_version bigint NOT NULL,
            -- 4: on the way to the answer; 9: there was one.
            dossier_status smallint NOT NULL CHECK (dossier_status IN (4, 9)),
            UNIQUE (dossier, number)
        );
        """
}
