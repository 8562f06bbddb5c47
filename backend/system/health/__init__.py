"""What the service says about itself: its health and its limits."""
