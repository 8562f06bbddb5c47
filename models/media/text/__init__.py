"""Text that is burned into the pictures of a recording: where it is, and whether it may name."""
