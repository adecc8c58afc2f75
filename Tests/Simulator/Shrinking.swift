#if DEBUG
    /// Makes a failing plan smaller for as long as the same promise stays broken.
    enum Shrinking {
        /// What kind of promise it is: the text up to the colon.
        static func kind(_ violation: String) -> Substring { violation.prefix { $0 != ":" } }

        static func shrink(_ plan: Plan, _ violation: String) -> (plan: Plan, runs: Int) {
            let kind = kind(violation)
            var plan = plan
            var runs = 0
            func stillFails(_ smaller: Plan) -> Bool {
                runs += 1
                return Run.judge(smaller).violation.map { self.kind($0) == kind } ?? false
            }
            var size = max(1, plan.items.count / 2)
            while size >= 1, runs < 2_000 {
                var isSmaller = false
                var start = 0
                while start < plan.items.count {
                    var smaller = plan
                    smaller.items.removeSubrange(start..<min(start + size, smaller.items.count))
                    if stillFails(smaller) {
                        plan = smaller
                        isSmaller = true
                    } else {
                        start += size
                    }
                }
                if !isSmaller || size > plan.items.count { size = size == 1 && !isSmaller ? 0 : max(1, size / 2) }
            }
            // A shorter time until the faults are over.
            while plan.quiet > 1_000, runs < 2_000 {
                var smaller = plan
                smaller.quiet /= 2
                guard smaller.quiet > plan.items.last?.at ?? 0, stillFails(smaller) else { break }
                plan = smaller
            }
            return (plan, runs)
        }
    }
#endif
