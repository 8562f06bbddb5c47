"""A better frozen trunk, learnt without labels from other networks."""
