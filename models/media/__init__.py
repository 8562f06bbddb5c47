"""From uploaded files to frames: one path for training and inference."""
