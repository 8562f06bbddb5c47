"""The Sequence of Ultrasound Regions (PS3.3, C.8.5.5): where the field is, and its scale."""

from dataclasses import dataclass

from pydicom.dataset import Dataset

from models.contract import Square
from models.media.acquisition import Acquisition
from models.media.dicom.description import Description
from models.media.dicom.elements import items, number, whole
from models.media.formats import MediaError
from models.media.square import SMALLEST_SIDE

_TWO_DIMENSIONAL = 1
_FORMATS = {2: "M-mode", 3: "spectral Doppler", 4: "a waveform", 5: "graphics"}
"""Region Spatial Format; 1 is two-dimensional."""

_TISSUE, _COLOUR_FLOW = 1, 2
"""Region Data Type of a B-mode picture, and of one with colour Doppler in it."""

_CENTIMETRES = 3
"""Physical Units X and Y Direction of a length."""

_MM_PER_CM = 10
_DEEPEST_MM, _SHALLOWEST_MM = 500.0, 1.0


@dataclass(frozen=True, slots=True)
class Region:
    """One region, in pixels of the stored picture: its upper left corner and its size.

    `mm_per_pixel` is its vertical scale, None where the header gives no plausible one.
    """

    x: int
    y: int
    width: int
    height: int
    spatial_format: int
    data_type: int
    mm_per_pixel: float | None

    @property
    def depth_mm(self) -> float | None:
        """How deep the region reaches, in mm."""
        return None if self.mm_per_pixel is None else self.height * self.mm_per_pixel


def find_field(dataset: Dataset, description: Description) -> Acquisition:
    """The two-dimensional field that the regions describe: its square, depth and scale.

    Without regions, the depth of the scan and the scale of the whole picture at most.

    Raises:
        MediaError: `unsupported_type` where all regions are M-mode, Doppler or the like.
    """
    regions = read_regions(dataset, description)
    if not regions:
        return Acquisition(
            depth_mm=_depth_mm(dataset), mm_per_pixel=_spacing_mm(dataset, description.rows)
        )
    flat = [each for each in regions if each.spatial_format == _TWO_DIMENSIONAL]
    if not flat:
        names = sorted({_FORMATS[each.spatial_format] for each in regions})
        raise MediaError(
            "unsupported_type",
            f"This recording shows {' and '.join(names)} only, no two-dimensional picture of the "
            "lung. Record a B-mode clip.",
        )
    main = max(flat, key=lambda each: (each.data_type == _TISSUE, each.width * each.height))
    notes = []
    others = {_FORMATS[each.spatial_format] for each in regions if each not in flat}
    if strips := sorted(others - {"graphics"}):
        notes.append(
            f"The recording also shows {' and '.join(strips)}: the square leaves that out."
        )
    if any(_is_beside(each, main) for each in flat):
        notes.append("The recording shows two pictures beside each other: the larger is proposed.")
    if any(each.data_type == _COLOUR_FLOW for each in flat):
        notes.append("The picture has colour Doppler in it, which the models have not learnt from.")
    depth_mm = _depth_mm(dataset) if main.depth_mm is None else main.depth_mm
    return Acquisition(_square(main, description), depth_mm, main.mm_per_pixel, tuple(notes))


def read_regions(dataset: Dataset, description: Description) -> list[Region]:
    """The regions that lie in the picture, cut at its edge, without those of unknown formats."""
    regions = (_region(item, description) for item in items(dataset, "SequenceOfUltrasoundRegions"))
    return [each for each in regions if each is not None]


def _region(item: Dataset, description: Description) -> Region | None:
    corners = [
        whole(item, f"RegionLocation{name}") for name in ("MinX0", "MinY0", "MaxX1", "MaxY1")
    ]
    spatial_format = whole(item, "RegionSpatialFormat", 0) or 0
    if None in corners or spatial_format not in (_TWO_DIMENSIONAL, *_FORMATS):
        return None
    left, top, right, bottom = (int(each or 0) for each in corners)
    left, top = max(left, 0), max(top, 0)
    # The lower right corner belongs to the region.
    width = min(right + 1, description.columns) - left
    height = min(bottom + 1, description.rows) - top
    if min(width, height) < SMALLEST_SIDE:
        return None
    mm_per_pixel = None
    delta = number(item, "PhysicalDeltaY")
    if whole(item, "PhysicalUnitsYDirection") == _CENTIMETRES and delta:
        mm_per_pixel = abs(delta) * _MM_PER_CM
        if not _is_plausible(mm_per_pixel * height):
            mm_per_pixel = None
    data_type = whole(item, "RegionDataType", 0) or 0
    return Region(left, top, width, height, spatial_format, data_type, mm_per_pixel)


def _is_beside(region: Region, main: Region) -> bool:
    """Whether two regions share no pixel, so that one is no part of the other."""
    apart_x = region.x >= main.x + main.width or main.x >= region.x + region.width
    apart_y = region.y >= main.y + main.height or main.y >= region.y + region.height
    return apart_x or apart_y


def _square(region: Region, description: Description) -> Square:
    """The square around a region, in the picture as shown, inside the picture."""
    width, height = description.shown_width, description.rows
    left = round(region.x * width / description.columns)
    right = round((region.x + region.width) * width / description.columns)
    side = min(max(right - left, region.height), width, height)
    return Square(
        x=_start(left, right, side, width),
        y=_start(region.y, region.y + region.height, side, height),
        size=side,
    )


def _start(low: int, high: int, side: int, limit: int) -> int:
    return max(0, min((low + high - side) // 2, limit - side))


def _depth_mm(dataset: Dataset) -> float | None:
    """The depth of the scan field, where no region tells; in mm."""
    value = number(dataset, "DepthOfScanField")
    return value if value is not None and _is_plausible(value) else None


def _spacing_mm(dataset: Dataset, rows: int) -> float | None:
    """The vertical scale that the whole picture has, where no region tells; mm for each pixel."""
    for keyword in ("PixelSpacing", "NominalScannedPixelSpacing"):
        value = number(dataset, keyword)
        if value is not None and _is_plausible(value * rows):
            return value
    return None


def _is_plausible(depth_mm: float) -> bool:
    """Whether an ultrasound picture can be so deep."""
    return _SHALLOWEST_MM <= depth_mm <= _DEEPEST_MM
