"""Inference: the artifact on disk, the engine, and the prediction for a recording."""
