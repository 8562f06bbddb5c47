"""The dataset: index, labels, cross-validation folds, duplicates and statistics."""
