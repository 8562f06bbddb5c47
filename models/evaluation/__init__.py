"""Evaluation of the models: held-out scores, metrics and the report."""
