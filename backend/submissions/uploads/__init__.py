"""Uploads: files that are sent in pieces for a submission, until a worker has taken them in."""
