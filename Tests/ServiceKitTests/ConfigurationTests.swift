import AMQP
import Contracts
import Foundation
import Logging
import Postgres
import Testing

@testable import ServiceKit

@Suite struct ConfigurationTests {
    private static let good = [
        "LIENTHONG_PG_USER": "hr", "LIENTHONG_PG_PASSWORD": "pg-secret", "LIENTHONG_PG_OWNER": "hr_owner",
        "LIENTHONG_PG_OWNER_PASSWORD": "owner-secret", "LIENTHONG_PG_PORT": "5433", "LIENTHONG_PG_CONNECTIONS": "3",
        "LIENTHONG_AMQP_USER": "hr", "LIENTHONG_AMQP_PASSWORD": "amqp-secret", "LIENTHONG_HTTP_PORT": "8101",
        "LIENTHONG_IDENTITY_URL": "http://127.0.0.1:8100/", "LIENTHONG_CLIENT_SECRET": "client-secret",
        "LIENTHONG_FEEDS": "identity=http://127.0.0.1:8100,mail=http://10.0.0.4:8104", "LIENTHONG_REHEARSAL": "1",
        "LIENTHONG_LOG_LEVEL": "debug", "LIENTHONG_FILES_DIR": "files", "LIENTHONG_KEY_SECRET": "key-secret",
    ]

    @Test func `it reads what the environment says`() throws {
        let configuration = try Configuration(service: .hr, environment: Self.good, for: .serve)
        #expect(configuration.postgres.user == "hr" && configuration.postgres.password == "pg-secret")
        #expect(configuration.postgres.port == 5_433 && configuration.postgres.connections == 3)
        #expect(configuration.postgres.schema == "hr")
        #expect(configuration.amqp.password == "amqp-secret" && configuration.amqp.vhost == "lienthong")
        #expect(configuration.httpPort == 8_101)
        #expect(configuration.identityURL == "http://127.0.0.1:8100")
        #expect(configuration.address(of: .mail) == "http://10.0.0.4:8104")
        #expect(configuration.rehearsal && configuration.logLevel == .debug)
        #expect(configuration.clientSecret.value == "client-secret")
        #expect(try configuration.secret("LIENTHONG_KEY_SECRET").value == "key-secret")
        #expect(configuration.optional("LIENTHONG_REDIRECT_URIS") == nil)
        let owner = try Configuration(service: .hr, environment: Self.good, for: .migrate).postgresOwner
        #expect(owner.user == "hr_owner" && owner.password == "owner-secret" && owner.schema == "hr")
    }

    @Test func `migrate needs the database only`() throws {
        let some = Self.good.filter { $0.key.hasPrefix("LIENTHONG_PG_") && $0.key != "LIENTHONG_PG_PASSWORD" }
        #expect(try Configuration(service: .hr, environment: some, for: .migrate).postgres.user == "hr")
    }

    @Test func `all faults come at once and show no value`() throws {
        var bad = Self.good
        bad["LIENTHONG_PG_PASSWORD"] = ""
        bad["LIENTHONG_PG_PORT"] = "70000"
        bad["LIENTHONG_AMQP_USER"] = nil
        bad["LIENTHONG_HTTP_PORT"] = "pg-secret"
        bad["LIENTHONG_IDENTITY_URL"] = "ftp://user:url-secret@host"
        bad["LIENTHONG_FEEDS"] = "nobody=http://127.0.0.1:1,mail"
        bad["LIENTHONG_REHEARSAL"] = "perhaps"
        bad["LIENTHONG_LOG_LEVEL"] = "loud"
        bad["LIENTHONG_KEY_SECRET"] = nil
        bad["LIENTHONG_FILES_DIR"] = ""
        bad["LIENTHONG_RECEIPT_KEY"] = "pg-secret"
        do throws(ConfigurationFaults) {
            _ = try Configuration(
                service: .hr, environment: bad, for: .serve, requiring: ["LIENTHONG_KEY_SECRET"],
                trying: [{ _ = try $0.files() }, { _ = try $0.secret("LIENTHONG_KEY_SECRET") }])
            Issue.record("it was taken")
        } catch {
            let names = [
                "PG_PASSWORD", "PG_PORT", "AMQP_USER", "HTTP_PORT", "IDENTITY_URL", "FEEDS", "REHEARSAL", "LOG_LEVEL",
                "KEY_SECRET", "FILES_DIR", "RECEIPT_KEY",
            ]
            #expect(error.faults.count == names.count, "\(error.faults)")
            for name in names {
                #expect(error.faults.contains { $0.hasPrefix("LIENTHONG_\(name) ") }, "\(name)")
            }
            #expect(!"\(error)".contains("secret") && !"\(error)".contains("70000"))
        }
    }

    @Test func `other services are reached over plain http, Identity too when its public address is https`() throws {
        func fault(_ changed: [String: String]) -> [String] {
            do throws(ConfigurationFaults) {
                _ = try Configuration(
                    service: .hr, environment: Self.good.merging(changed) { $1 }, for: .serve)
                return []
            } catch { return error.faults }
        }
        let secure = ["LIENTHONG_IDENTITY_URL": "https://id.example.vn"]
        #expect(fault(secure).isEmpty)
        for feeds in ["mail=https://10.0.0.4:8104", "identity=https://id.example.vn"] {
            let faults = fault(["LIENTHONG_FEEDS": feeds])
            #expect(faults.count == 1 && faults[0].hasPrefix("LIENTHONG_FEEDS must hold http addresses"), "\(faults)")
        }
        let absent = fault(secure.merging(["LIENTHONG_FEEDS": "mail=http://10.0.0.4:8104"]) { $1 })
        #expect(absent.count == 1 && absent[0].hasPrefix("LIENTHONG_FEEDS must name identity"), "\(absent)")
    }

    @Test func `several database servers and broker nodes are a list`() throws {
        var several = Self.good
        several["LIENTHONG_PG_HOST"] = "10.0.0.1:5432,10.0.0.2,[fd00::3]:5434,fd00::4"
        several["LIENTHONG_AMQP_HOST"] = "10.0.0.1:5671,10.0.0.2"
        let configuration = try Configuration(service: .hr, environment: several, for: .serve)
        let servers = [
            PostgresAddress(host: "10.0.0.2", port: 5_433), PostgresAddress(host: "fd00::3", port: 5_434),
            PostgresAddress(host: "fd00::4", port: 5_433),
        ]
        #expect(configuration.postgres.host == "10.0.0.1" && configuration.postgres.port == 5_432)
        #expect(configuration.postgres.further == servers)
        #expect("\(configuration.postgres)".contains("10.0.0.1:5432,10.0.0.2:5433,[fd00::3]:5434"))
        #expect(configuration.amqp.host == "10.0.0.1" && configuration.amqp.port == 5_671)
        #expect(configuration.amqp.further == [AMQPAddress(host: "10.0.0.2", port: 5_672)])
        for bad in ["10.0.0.1:0", "10.0.0.1,,10.0.0.2", "10.0.0.1:99999", "[fd00::1", "a b", "[fd00::1]x", "host:"] {
            several["LIENTHONG_PG_HOST"] = bad
            let faults = #expect(throws: ConfigurationFaults.self) {
                try Configuration(service: .hr, environment: several, for: .serve)
            }
            #expect(faults?.faults.count == 1 && faults?.faults[0].hasPrefix("LIENTHONG_PG_HOST ") == true, "\(bad)")
        }
    }

    @Test func `no description shows a secret`() throws {
        let configuration = try Configuration(service: .hr, environment: Self.good, for: .serve)
        var dumped = ""
        dump(configuration, to: &dumped)
        dump(configuration.clientSecret, to: &dumped)
        let texts = ["\(configuration)", String(reflecting: configuration), "\(configuration.clientSecret)", dumped]
        for text in texts { #expect(!text.contains("secret"), "\(text)") }
        #expect("\([configuration.clientSecret])" == "[***]")
    }
}

@Suite struct JSONLogTests {
    @Test func `a line is one JSON object with service, trace and metadata, and hides what is named a secret`() throws {
        let log = LogLines()
        var logger = log.logger()
        logger[metadataKey: "trace"] = "abc"
        logger.notice(
            "one \"quoted\"\nline", metadata: ["password": "p1", "accessToken": "t1", "count": "3", "level": "own"])
        let line = try #require(log.lines.first)
        #expect(!line.contains("\n"))
        let json = try JSON(parsing: Array(line.utf8))
        #expect(json["message"] == "one \"quoted\"\nline")
        #expect(json["service"] == "hr" && json["trace"] == "abc" && json["level"] == "notice")
        #expect(json["level_"] == "own" && json["count"] == "3")
        #expect(json["password"] == "***" && json["accessToken"] == "***")
        #expect(json["time"]?.text.flatMap { Instant.read($0) } != nil)
    }
}
