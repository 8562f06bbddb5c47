"""Releases: numbered, immutable versions of the dataset, and what the public sees of them."""
