"""Training the models anew."""
