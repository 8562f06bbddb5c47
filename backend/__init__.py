"""The web application: HTTP, database, storage, and queueing by task name."""
