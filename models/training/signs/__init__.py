"""Training of the sign network on drawings alone."""
