"""Manifests of artifacts, without the artifacts, for tests of what only reads them."""

from dataclasses import replace
from typing import Any

from models.contract import CLASSES, Manifest

_MANIFEST = Manifest(
    version="pocovidnet-test",
    created="2021-02-01",
    network="pocovidnet",
    folds=5,
    group="patient",
    classes=list(CLASSES),
    preprocessing={"side": 224},
    training={"epochs": 15},
    data={"recordings": {}},
    metrics={},
    licence="for tests",
)


def create_manifest(**changes: Any) -> Manifest:
    """A manifest of five models, with the changes."""
    return replace(_MANIFEST, **changes)
