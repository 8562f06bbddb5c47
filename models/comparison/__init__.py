"""All networks of the paper, and one that looks at time, on the same folds."""
