"""Comparison of all networks of the paper, and a temporal one, on the same folds."""
