import Postgres
import TestKit
import Testing

@Suite(.timeLimit(.minutes(5))) struct SchemaDumpTests {
    private let sql = """
        CREATE TYPE mood AS ENUM ('sad', 'glad');
        CREATE DOMAIN percent AS int NOT NULL CONSTRAINT in_range CHECK (value BETWEEN 0 AND 100);
        CREATE SEQUENCE alone START 7;
        CREATE TABLE b (
            id bigint GENERATED ALWAYS AS IDENTITY (CACHE 5) PRIMARY KEY, "Odd name" varchar(9)[] DEFAULT '{}'
        );
        CREATE TABLE a (
            x int NOT NULL REFERENCES b ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED, y text COLLATE "C" UNIQUE,
            z int GENERATED ALWAYS AS (x * 2) STORED, at timestamptz DEFAULT now(), m mood, p percent,
            CONSTRAINT positive CHECK (x > 0), PRIMARY KEY (x, y)
        );
        CREATE UNIQUE INDEX a_lower ON a (lower(y), x DESC) WHERE x > 5;
        CREATE INDEX a_b ON a USING brin (at);
        CREATE VIEW v AS SELECT x FROM a WHERE x > 1;
        CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
        CREATE TRIGGER t AFTER INSERT ON a EXECUTE FUNCTION f();
        """

    @Test func `holds everything, in one order, without the schema's name`() async throws {
        var texts: [String] = []
        for schema in ["one", "two"] { texts.append(try await dump(sql, schema: schema)) }
        #expect(texts[0] == texts[1])
        for line in [
            "CREATE TYPE mood AS ENUM ('sad', 'glad');", "CREATE SEQUENCE alone AS bigint START 7",
            "CREATE DOMAIN percent AS integer NOT NULL CONSTRAINT in_range CHECK (",
            "    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY (CACHE 5)",
            #"    "Odd name" character varying(9)[] DEFAULT '{}'::character varying[]"#,
            #"    y text COLLATE "C" NOT NULL"#, "    z integer GENERATED ALWAYS AS ((x * 2)) STORED",
            "    at timestamp with time zone DEFAULT now()", "    CONSTRAINT a_pkey PRIMARY KEY (x, y)",
            "    CONSTRAINT a_x_fkey FOREIGN KEY (x) REFERENCES b(id) ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED",
            "    CONSTRAINT positive CHECK (x > 0)", "    CONSTRAINT a_y_key UNIQUE (y)",
            "CREATE UNIQUE INDEX a_lower ON a USING btree (lower(y), x DESC) WHERE x > 5;",
            "CREATE INDEX a_b ON a USING brin (at);", "CREATE VIEW v AS",
            "CREATE OR REPLACE FUNCTION f()",
            "CREATE TRIGGER t AFTER INSERT ON a FOR EACH STATEMENT EXECUTE FUNCTION f();",
            "CREATE TABLE migration_history (",
        ] { #expect(texts[0].contains(line), "\(line)\n\(texts[0])") }
        #expect(!texts[0].contains("one.") && !texts[0].contains("b_id_seq"))
    }

    @Test func `every change shows`() async throws {
        let base = try await dump(sql)
        for change in [
            "ALTER TABLE a ADD COLUMN n int", "ALTER TABLE a ALTER at DROP DEFAULT", "DROP INDEX a_b",
            "ALTER TABLE a DROP CONSTRAINT positive", "ALTER TYPE mood ADD VALUE 'angry'", "DROP SEQUENCE alone",
            "ALTER TABLE a ALTER y TYPE varchar(10)", "DROP VIEW v", "DROP TRIGGER t ON a",
            "ALTER TABLE a DISABLE TRIGGER t", "ALTER TABLE b SET (fillfactor = 50)",
            "CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NEW; END $$",
            #"ALTER TABLE b ALTER "Odd name" SET NOT NULL"#,
        ] {
            let changed = try await dump("\(sql)\(change);")
            #expect(changed != base, "\(change)")
        }
    }

    private func dump(_ sql: String, schema: String = "test") async throws -> String {
        try await withDatabase(["s": [Migration(1, "all", sql)]], schema: schema) { room in
            try await SchemaDump.text(in: room.open(room.owner))
        }
    }
}
