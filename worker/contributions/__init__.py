"""Previews for reviewers, and de-identified recordings for the dataset."""
