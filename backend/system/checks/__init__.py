"""Checks of an installation: what is stored against what it should be, a module for each kind."""
