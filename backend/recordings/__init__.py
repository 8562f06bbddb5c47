"""Recordings: uploaded, previewed, deleted."""
