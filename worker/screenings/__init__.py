"""Screening a recording."""
