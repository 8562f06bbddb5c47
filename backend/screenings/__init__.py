"""Screenings: asked for over HTTP, answered by a worker."""
