"""Submissions: drafts with defaults, their contributions, and what becomes of them."""
