"""Scheduled duties: what was lost is queued again, what is past its time is deleted."""
