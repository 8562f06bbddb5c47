"""From files that people send to frames: the one path for training and serving."""
