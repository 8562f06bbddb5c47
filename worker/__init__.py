"""The slow work: Celery tasks that claim a row by its id, do it, and record the outcome."""
