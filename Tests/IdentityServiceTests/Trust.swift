import Contracts

@testable import ServiceKit

/// From now on exactly these keys verify tokens at this service, as if it had fetched them.
func trust(_ keys: [JSON], at runtime: Runtime) throws { try runtime.tokens.use(keys) }
