"""What a file says of how its pictures were made, beside the pictures themselves."""

from dataclasses import dataclass

from models.contract import Square


@dataclass(frozen=True, slots=True)
class Acquisition:
    """What the machine wrote down; all of it is missing from formats that are not medical.

    `square` is the square around the ultrasound field, `depth_mm` how deep the field reaches,
    `mm_per_pixel` the vertical scale of the upright picture. `notes` are sentences for people about
    what was missing or is unusual; none quotes the file.
    """

    square: Square | None = None
    depth_mm: float | None = None
    mm_per_pixel: float | None = None
    notes: tuple[str, ...] = ()
