"""From a finished upload to contributions."""
