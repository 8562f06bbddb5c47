"""How good the models are: scores on held-out folds, and the report."""
