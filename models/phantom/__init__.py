"""Lung ultrasound drawn from the physics of its artefacts, with the truth known at every place."""
