import Testing

@testable import Postgres

@Suite struct ScriptTests {
    @Test func `statements end at semicolons outside of quotes and comments`() {
        let script = """
            -- a; comment
            CREATE TABLE a (b text DEFAULT ';', "c;d" int); /* one; /* inside; */ still; */
            CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1; SELECT 2; $$;
            CREATE FUNCTION g() RETURNS text LANGUAGE sql AS $x1$ SELECT '$$;'; $x1$;
            INSERT INTO a VALUES ('it''s; -- no comment', 1), (E'\\';', 2);;
            SELECT $1; SELECT 'unended
            """
        #expect(
            Script.statements(script) == [
                #"CREATE TABLE a (b text DEFAULT ';', "c;d" int)"#,
                "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ SELECT 1; SELECT 2; $$",
                "CREATE FUNCTION g() RETURNS text LANGUAGE sql AS $x1$ SELECT '$$;'; $x1$",
                #"INSERT INTO a VALUES ('it''s; -- no comment', 1), (E'\';', 2)"#,
                "SELECT $1", "SELECT 'unended",
            ])
        #expect(Script.statements("").isEmpty && Script.statements(" ; -- x\n;").isEmpty)
    }
}

@Suite struct QueueTests {
    @Test func `behaves as an array would`() {
        var random = SystemRandomNumberGenerator()
        var (queue, model) = (Queue<Int>(), [Int]())
        for number in 0..<20_000 {
            switch Int.random(in: 0..<10, using: &random) {
            case 0..<5:
                queue.append(number)
                model.append(number)
            case 5..<8:
                #expect(queue.popFirst() == (model.isEmpty ? nil : model.removeFirst()))
            case 8:
                queue.putBack(number)
                model.insert(number, at: 0)
            default:
                let index = model.firstIndex { $0.isMultiple(of: 7) }
                #expect(queue.remove { $0.isMultiple(of: 7) } == index.map { model.remove(at: $0) })
            }
            #expect(queue.count == model.count && queue.first == model.first)
            if number.isMultiple(of: 4_000) {
                #expect(queue.removeAll() == model)
                model = []
            }
        }
    }
}
