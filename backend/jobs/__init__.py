"""Slow work: rows that wait for a worker, and the Celery messages that announce them."""
