"""Artifacts: the models that can answer, which of them does, and who decided so."""
