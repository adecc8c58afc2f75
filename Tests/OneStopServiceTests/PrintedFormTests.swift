import Contracts
import Files
import Foundation
import ServiceKit
import ServiceTestKit
import TestKit
import Testing

@testable import OneStopService

@Suite(.timeLimit(.minutes(5))) struct PrintedFormTests {
    /// A form as PDF, and what is read from it.
    private func form(
        _ number: String, of dossier: String, _ office: Office, as person: PersonID? = nil, name: String? = nil
    ) async throws -> (bytes: [UInt8], seen: SeenPDF) {
        let answer = try await office.get("/dossiers/\(dossier)/forms/\(number)", as: person ?? office.clerk)
        guard answer.status == 200 else { throw Office.Unexpected(answer) }
        #expect(answer.outgoing.header("content-type") == "application/pdf")
        return (answer.body, try SeenPDF(answer.body, name ?? "mau-\(number)"))
    }

    private func attach(
        _ name: String, to dossier: String, _ office: Office, as person: PersonID
    ) async throws -> Int {
        let pdf = Array("%PDF-1.4\n1 0 obj<</Type/Catalog>>endobj\ntrailer<</Root 1 0 R>>\n%%EOF\n".utf8)
        let name = name.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        return try await office.harness.send(
            "POST", "/dossiers/\(dossier)/attachments", as: person, body: pdf,
            headers: [
                ("x-file-name", name), ("x-file-sha256", ContentHash(of: pdf).text),
                ("content-type", "application/pdf"),
            ]
        ).status
    }

    @Test func `os-150: a form says what was true when it was issued, and later prints are the same bytes`()
        async throws
    {
        try await Office.open { office in
            let id = try await office.submit()
            let early = try await office.get("/dossiers/\(id)/forms/01", as: office.clerk)
            #expect((early.status, early.code) == (409, "onestop.form-not-there"))
            let accepted = try await office.done("accept", on: id, as: office.clerk)
            let code = try #require(accepted["code"]?.text)
            let (bytes, seen) = try await form("01", of: id, office)
            for text in [
                "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM", "Độc lập - Tự do - Hạnh phúc", "CƠ QUAN H19.06",
                "BỘ PHẬN TIẾP NHẬN VÀ TRẢ KẾT QUẢ", "Số: 01/TNHS", "Ngày 01 tháng 3 năm 2021",
                "GIẤY TIẾP NHẬN HỒ SƠ VÀ HẸN TRẢ KẾT QUẢ", "Mã hồ sơ: \(code)", "Hồ sơ của: Nguyễn Thị Bích",
                "Địa chỉ: 12 đường Trần Phú", "Số điện thoại: 0900000001", "Xin cấp Phiếu lý lịch tư pháp số 1",
                "10 ngày làm việc", "09 giờ 00 phút, ngày 01 tháng 3 năm 2021",
                "17 giờ 00 phút, ngày 15 tháng 3 năm 2021", "Quyển số: 2021 Số thứ tự: 01", "NGƯỜI NỘP HỒ SƠ",
                "Trần Văn An", "Trang 1/1",
            ] { #expect(seen.text.contains(text), "\(text): \(seen.text)") }
            #expect(seen.hasOwnFonts && seen.size.hasPrefix("419.528 x 595.276 pts") && seen.codes == [code])

            // Neither a later paper nor a later appointment changes it, nor whether it was printed before.
            try await office.set("2021-03-01 09:01")
            #expect(try await attach("thêm.pdf", to: id, office, as: office.clerk) == 201)
            try await office.done("hand-over", on: id, as: office.clerk, ["toOfficer": .string(office.officer.text)])
            try await office.done(
                "reappoint", on: id, as: office.leader, ["dueOn": "2021-03-18", "reasonCode": "x", "reason": "y"])
            #expect(try await form("01", of: id, office, as: office.citizen).bytes == bytes)
            try await office.harness.database.open(office.harness.database.owner).run("DELETE FROM printed_forms")
            #expect(try await form("01", of: id, office).bytes == bytes)
            let rows = try await office.harness.count("SELECT count(*) AS n FROM printed_forms WHERE form = 1")
            #expect(rows == 1)
        }
    }

    @Test func `os-150: first printed after it was forwarded, it says who issued it`() async throws {
        try await Office.open { office in
            let second = try await ForwardTests().establish(office)
            let id = try await office.submit()
            try await office.done("accept", on: id, as: office.clerk)
            try await office.done("forward", on: id, as: office.clerk, ["toAgency": "H19.07", "reason": "x"])
            for number in ["01", "05"] {
                let seen = try await form(number, of: id, office, as: second, name: "mau-\(number)-chuyen").seen
                #expect(seen.text.contains("CƠ QUAN H19.06") && !seen.text.contains("SỞ KHÁC"), "\(seen.text)")
            }
            let dossier = try #require(try await office.harness.database.database.dossier(try DossierID(id)))
            let moves = try await office.harness.database.database.moves(of: dossier)
            let line = try #require(ControlSheet.lines(moves, dossier, try judicialRecord()).first)
            #expect((line.receiver.agency, line.receiver.official) == (Agencies.justice, office.clerk))
        }
    }

    @Test func `os-150: first printed after the dossier moved to a later version, it says what was law then`()
        async throws
    {
        try await Office.open { office in
            let id = try await office.inWork()
            try await VersionMoveTests().publishLater(office) { $0.name = "Cấp Phiếu lý lịch theo quy định mới" }
            let path = "/procedures/\(Office.criminalRecord)/mappings"
            let steps = ["check", "verify", "sign"].map { key -> JSON in ["from": .string(key), "to": .string(key)] }
            let mapping: JSON = [
                "fromVersion": 1, "toVersion": 2, "dueDates": "project", "reason": "x", "steps": .array(steps),
            ]
            let made = try await office.send("POST", path, as: office.administrator, mapping)
            let applied = "\(path)/\(try #require(made.json["id"]?.text))/apply"
            #expect(try await office.send("POST", applied, as: office.administrator).status == 200)
            try await office.fire()
            let view = try await office.get("/dossiers/\(id)", as: office.clerk).json
            #expect((view["procedureVersion"], view["dueAt"]?.text?.prefix(10)) == (2, "2021-03-08"))
            let seen = try await form("01", of: id, office, name: "mau-01-ban-cu").seen
            for text in [
                "Cấp Phiếu lý lịch tư pháp số 1", "10 ngày làm việc", "17 giờ 00 phút, ngày 15 tháng 3 năm 2021",
            ] { #expect(seen.text.contains(text), "\(text): \(seen.text)") }
            #expect(!seen.text.contains("quy định mới"))
        }
    }

    @Test func `the other forms say what the acts said`() async throws {
        try await Office.open(["LIENTHONG_PUBLIC_URL": "https://motcua.dongnai.gov.vn/"]) { office in
            let refused = try await office.submit()
            try await office.done(
                "refuse", on: refused, as: office.clerk, ["reasonCode": "x", "reason": "Không thuộc thẩm quyền."])
            let refusal = try await form("03", of: refused, office, as: office.citizen).seen
            #expect(refusal.text.contains("PHIẾU TỪ CHỐI TIẾP NHẬN GIẢI QUYẾT HỒ SƠ"))
            #expect(refusal.text.contains("Không thuộc thẩm quyền.") && refusal.text.contains("Số: 01/TCHS"))
            #expect(refusal.codes.isEmpty)

            let id = try await office.inWork()
            try await office.done(
                "request-supplement", on: id, as: office.officer, ["missing": "1. Bản sao căn cước.\n2. Tờ khai."])
            let supplement = try await form("02", of: id, office, as: office.citizen).seen
            #expect(supplement.text.contains("PHIẾU YÊU CẦU BỔ SUNG, HOÀN THIỆN HỒ SƠ"))
            #expect(supplement.text.contains("1. Bản sao căn cước. 2. Tờ khai.") && supplement.pages == 1)
            #expect(supplement.codes.first?.hasPrefix("https://motcua.dongnai.gov.vn/public/dossiers/H19.06-") ?? false)
            try await office.done("supply", on: id, as: office.citizen, [:])
            try await office.done(
                "reappoint", on: id, as: office.leader,
                ["dueOn": "2021-03-18", "reasonCode": "x", "reason": "Chờ xác minh án tích."])
            let apology = try await form("04", of: id, office, as: office.citizen).seen
            for text in [
                "PHIẾU XIN LỖI VÀ HẸN LẠI NGÀY TRẢ KẾT QUẢ", "Chờ xác minh án tích.", "ngày 15 tháng 3 năm 2021",
                "17 giờ 00 phút, ngày 18 tháng 3 năm 2021", "THỦ TRƯỞNG CƠ QUAN, TỔ CHỨC", "Số: 01/PXL",
            ] { #expect(apology.text.contains(text), "\(text): \(apology.text)") }
            for (number, person) in [("01", office.stranger), ("05", office.citizen), ("06", office.clerk)] {
                let answer = try await office.get("/dossiers/\(id)/forms/\(number)", as: person)
                #expect(answer.status == (number == "05" ? 403 : 404))
            }
        }
    }

    @Test func `os-151: the receipt names the papers that came by then, and required ones that came on paper`() throws {
        var definition = try judicialRecord()
        definition.parts = ["to-khai", "can-cuoc", "uy-quyen"].map { key in
            var part = Part()
            (part.key, part.name, part.nameEn) = (key, "Giấy \(key)", key)
            (part.required, part.copies) = (key != "uy-quyen", 2)
            return part
        }
        definition.parts[0].kind = .original
        var file = Attachment()
        (file.part, file.name) = ("can-cuoc", "cc.pdf")
        var other = Attachment()
        other.name = "khác.pdf"
        let online = FormFacts.papers([file, other], definition, channel: .online)
        #expect(
            online == [
                .init(name: "Giấy can-cuoc", kind: "Tệp điện tử", count: 1),
                .init(name: "khác.pdf", kind: "Tệp điện tử", count: 1),
            ])
        let counter = FormFacts.papers([file], definition, channel: .counter)
        #expect(
            counter == [
                .init(name: "Giấy to-khai", kind: "Bản chính", count: 2),
                .init(name: "Giấy can-cuoc", kind: "Tệp điện tử", count: 1),
            ])
    }

    @Test func `many papers and long names flow over pages`() async throws {
        try await Office.open { office in
            var definition = try judicialRecord()
            definition.parts = (1...40).map { number in
                var part = Part()
                (part.key, part.nameEn) = ("p\(number)", "p")
                part.name = "Giấy tờ thứ \(number) " + String(repeating: "về quyền sử dụng đất ", count: 5)
                return part
            }
            try await office.publish("2.000777", definition)
            let long = String(repeating: "Công ty Trách nhiệm hữu hạn một thành viên ", count: 6) + "HẾT"
            let submission = Office.submission.with("procedure", "2.000777").with("name", .string(long))
                .with("address", .string("Ấp " + String(repeating: "dài", count: 90)))
            let answer = try await office.send(
                "POST", "/counter/dossiers", as: office.clerk, ["submission": submission, "channel": "counter"])
            let id = try #require(answer.json["id"]?.text)
            try await office.done("accept", on: id, as: office.clerk)
            let seen = try await form("01", of: id, office, name: "mau-01-dai").seen
            #expect(seen.text.replacing(" ", with: "").contains(String(repeating: "dài", count: 90)))
            #expect(seen.pages >= 3 && seen.text.contains("HẾT") && seen.text.contains("Trang 3/\(seen.pages)"))
            for number in 1...40 { #expect(seen.text.contains("Giấy tờ thứ \(number) ")) }
        }
    }

    @Test func `os-152: the control sheet has one line for each hand-over, with who was late`() async throws {
        try await Office.open { office in
            let id = try await office.inWork()
            let before = try await form("05", of: id, office, name: "mau-05-dau").bytes
            try await office.done("hand-over", on: id, as: office.officer, ["toOfficer": .string(office.officer.text)])
            try await office.set("2021-03-05 10:00")
            try await office.done("send", on: id, as: office.officer, ["toAgency": "H19.25", "note": "Xác minh"])
            try await office.done("send-back", on: id, as: office.inspector, ["note": "Không có án tích"])
            let (bytes, seen) = try await form("05", of: id, office)
            #expect(bytes != before)
            for text in [
                "PHIẾU KIỂM SOÁT QUÁ TRÌNH GIẢI QUYẾT HỒ SƠ", "Người nộp: Nguyễn Thị Bích", "Cơ quan H19.25",
                "10:00 05/03/2021", "Trước hạn", "Quá hạn", "Hẹn trả kết quả: 17 giờ 00 phút, ngày 15 tháng 3 năm 2021",
            ] { #expect(seen.text.contains(text), "\(text): \(seen.text)") }
            let dossier = try #require(try await office.harness.database.database.dossier(try DossierID(id)))
            let moves = try await office.harness.database.database.moves(of: dossier)
            let lines = ControlSheet.lines(moves, dossier, try judicialRecord())
            #expect(moves.map(\.what) == ["accepted", "handed-over", "handed-over", "sent", "sent-back"])
            #expect(lines.map(\.outcome) == [nil, .onTime, .early, .late, nil])
            let (justice, police) = (Agencies.justice, Agencies.police)
            #expect(lines.map(\.receiver.agency) == [justice, justice, justice, police, justice])
            #expect(lines[1].receiver.official == office.officer && lines[1].note == "check")
        }
    }

    @Test func `os-152: where the clock stood meanwhile the sheet says so, and not late`() throws {
        let moves = [
            Move(what: "accepted", at: try at("2021-03-01 09:00"), event: ["handOverBy": "2021-03-01T17:00:00+07:00"]),
            Move(what: "handed-over", at: try at("2021-03-01 10:00"), event: ["dueAt": "2021-03-03T17:00:00+07:00"]),
            Move(what: "sent", at: try at("2021-03-08 10:00"), event: [:]),
        ]
        func outcome(_ from: String?, _ until: String? = nil) throws -> ControlLine.Outcome? {
            var stood = try dossier()
            if let from {
                stood.pauses = [Pause(from: try at(from), until: try until.map(at), cause: .awaitingSupplement)]
            }
            let outcomes = ControlSheet.lines(moves, stood, try judicialRecord()).map(\.outcome)
            #expect(outcomes.dropLast() == [nil, .onTime])
            return outcomes.last ?? nil
        }
        #expect(try outcome(nil) == .late)
        #expect(try outcome("2021-03-02 09:00", "2021-03-05 09:00") == .paused)
        #expect(try outcome("2021-03-04 09:00") == .paused, "it stands still")
        // Before this hand-over or after it the clock may stand as it likes.
        #expect(try outcome("2021-03-01 09:10", "2021-03-01 10:00") == .late)
        #expect(try outcome("2021-03-08 10:00") == .late)
    }

    @Test func `os-153: the books of an agency and year count from 01 without a gap, whoever acts at once`()
        async throws
    {
        try await Office.open { office in
            var ids: [String] = []
            for _ in 0..<12 { ids.append(try await office.submit()) }
            try await withThrowingTaskGroup(of: Void.self) { group in
                for (index, id) in ids.enumerated() {
                    group.addTask {
                        let act = index % 3 == 2 ? "refuse" : "accept"
                        let body: JSON = act == "refuse" ? ["reasonCode": "x", "reason": "y"] : [:]
                        try await office.done(act, on: id, as: office.clerk, body)
                    }
                }
                try await group.waitForAll()
            }
            // What is refused by the table of moves takes no number.
            #expect(try await office.act("accept", on: ids[2], as: office.clerk).status == 409)
            try await office.set("2022-01-04 09:00")
            let next = try await office.submit()
            try await office.done("accept", on: next, as: office.clerk)
            let rows = try await office.harness.database.database.run(
                "SELECT series, year, number FROM book_lines ORDER BY series, year, number")
            let numbers = try rows.map { row in
                let series: String = try row("series")
                return "\(series) \(try row("year", as: Int.self)) \(try row("number", as: Int.self))"
            }
            let expected =
                (1...8).map { "accepted 2021 \($0)" } + ["accepted 2022 1"] + (1...4).map { "refusal 2021 \($0)" }
            #expect(numbers == expected)
            #expect(BookSeries.written(7) == "07" && BookSeries.written(100) == "100")
        }
    }
}
