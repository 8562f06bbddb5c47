"""Checks as a worker's task, and the one that decodes pixels."""
