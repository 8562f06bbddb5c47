"""The dataset: its index, its labels, its folds, and what is known of its recordings."""
