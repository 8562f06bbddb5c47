"""The maps over a frame as screenings and contributions store them."""

from models.inference.screen import Batch
from models.media import overlay


def stored(batch: Batch, place: int) -> bytes | None:
    """The maps over one frame of a batch, by its place in it; None without a sign network."""
    evidence = batch.evidence
    if evidence.signs is None:
        return None
    cams = None if evidence.cams is None else evidence.cams[place]
    return overlay.encode(overlay.to_grey(evidence.signs.maps[place], cams))
