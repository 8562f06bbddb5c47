"""Accounts: signing up and in, profile, passwords, API tokens."""
