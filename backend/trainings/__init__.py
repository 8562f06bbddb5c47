"""Trainings: cross-validations on a release, fold by fold over all workers."""
