import Foundation

/// `workflow_per_s`: dossiers that were submitted, accepted with a code and a promised date, handed to their one step
/// and finished, by four requests of three people over 64 connections; each answer comes after its commit to the disk.
/// The procedure has one step and no numbered document, so nothing waits for another service.
extension OneStop {
    private static let workflow = "9.000001"

    func workflows() throws -> Figure {
        try publishWorkflow()
        let script = try workflowScript()
        // Prepared statements and connections: not counted.
        _ = try finished(script, seconds: 2)
        try Machine.rest()
        var rates: [Double] = []
        for _ in 1...Self.pairs { rates.append(try finished(workflowScript(), seconds: Self.runSeconds)) }
        let note = rates.map { "\(Int($0))" }.joined(separator: " ")
        return Figure(
            name: "workflow_per_s", value: rates.median, floor: 500, aim: 500, better: .higher,
            note: "finished dossiers per second: \(note)")
    }

    private func finished(_ script: String, seconds: Int) throws -> Double {
        let result = try Wrk.run(url, threads: 1, connections: Self.connections, seconds: seconds, script: script)
        guard result.failures == 0 else { throw BenchFault("workflow: \(result.failures) requests failed") }
        guard let finished = result.counted else { throw BenchFault("workflow: nothing was counted") }
        return Double(finished) / Double(seconds)
    }

    private func publishWorkflow() throws {
        let admin = try token("admin")
        func post(_ path: String, _ body: String) throws {
            try Command.run(
                "curl", "-sS", "--fail-with-body", "-H", "Authorization: Bearer \(admin)", "-H",
                "Content-Type: application/json", "-H", "Idempotency-Key: workflow-\(UUID().uuidString)", "-d", body,
                "\(url)/procedures/\(Self.workflow)/\(path)")
        }
        try post(
            "draft",
            """
            {"validFrom":"2021-01-01","definition":{"name":"Xác nhận một bước","nameEn":"One-step confirmation",\
            "field":"BM","receivers":["department"],"parts":[],"limit":{"amount":1,"unit":"workingDays"},"fees":[],\
            "steps":[{"key":"process","name":"Xử lý","nameEn":"Work","rule":"receiving",\
            "limit":{"amount":1,"unit":"workingDays"}}]}}
            """)
        try post("publish", "{}")
    }

    /// A request belongs to whatever is furthest: what can be finished is finished first. The answer's status says
    /// what became of a dossier.
    private func workflowScript() throws -> String {
        let submission = Self.submission.replacingOccurrences(of: "2.000488", with: Self.workflow)
        return try """
        local tokens = {citizen = "\(token("citizen"))", clerk = "\(token("clerk"))",
            leader = "\(token("leader"))"}
        local submission = [[\(submission)]]
        local next = {submitted = {"accept", "clerk"}, accepted = {"hand-over", "clerk"},
            processing = {"finish", "leader"}}
        local order = {"processing", "accepted", "submitted"}
        local waiting = {processing = {}, accepted = {}, submitted = {}}
        local count = 0
        finished = 0
        local threads = {}
        function setup(thread) table.insert(threads, thread) end

        local function post(path, body, who)
            count = count + 1
            return wrk.format("POST", path, {["Content-Type"] = "application/json",
                ["Authorization"] = "Bearer " .. tokens[who],
                ["Idempotency-Key"] = "workflow-\(UInt32.random(in: 0 ... .max))-" .. count}, body)
        end

        function request()
            for _, status in ipairs(order) do
                local dossier = table.remove(waiting[status], 1)
                if dossier then
                    return post("/dossiers/" .. dossier .. "/" .. next[status][1], "{}", next[status][2])
                end
            end
            return post("/dossiers", submission, "citizen")
        end

        function response(code, headers, body)
            local dossier, status = body:match('"id":"([^"]+)"'), body:match('"status":"([^"]+)"')
            if code >= 300 then io.stderr:write(body .. "\\n") return end
            if status == "finished" then finished = finished + 1
            else table.insert(waiting[status], dossier) end
        end

        function counted() return threads[1]:get("finished") end
        """
    }
}
