"""People: what administrators do with the accounts of others."""
