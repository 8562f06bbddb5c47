"""Training of POCOVID-Net: frozen trunk, folds, checkpoints, and training from a release."""
