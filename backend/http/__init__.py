"""What every endpoint shares: dependencies, middleware, problem documents, limits, the server."""
