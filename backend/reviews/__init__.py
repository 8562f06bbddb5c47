"""Reviews: who looks at which contribution, what they say, and what follows from it."""
