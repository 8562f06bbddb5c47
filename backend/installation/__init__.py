"""The installation as a whole: its one key."""
