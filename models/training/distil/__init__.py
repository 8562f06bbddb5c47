"""Distillation of the frozen trunk from other networks, without labels."""
