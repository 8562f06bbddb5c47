"""What the header says of the pixels, checked before any of them is read."""

from dataclasses import dataclass

from models.media import limits
from models.media.dicom.elements import numbers, whole, word
from models.media.dicom.header import Header
from models.media.formats import MediaError
from models.media.limits import check_size, too_many_frames

MONOCHROME = ("MONOCHROME1", "MONOCHROME2")
PALETTE = "PALETTE COLOR"
COLOUR = (
    "RGB",
    "YBR_FULL",
    "YBR_FULL_422",
    "YBR_PARTIAL_422",
    "YBR_PARTIAL_420",
    "YBR_ICT",
    "YBR_RCT",
)
HALF_CHROMA = ("YBR_FULL_422", "YBR_PARTIAL_422")
"""Two samples for each pixel where the pixels are not compressed (PS3.3, C.7.6.3.1.2)."""

_DEPTHS = (8, 16)
_FEWEST_BITS = 8
"""With fewer in use, most of a picture of 8 bits would be cut off, which leaves noise."""

_LARGEST_ASPECT = 16
_NEARLY_SQUARE = 0.005


@dataclass(frozen=True, slots=True)
class Description:
    """The Image Pixel module: sizes in pixels, bits for each value, and the number of frames.

    `aspect` is a pixel's width over its height, 1 where it is missing or nearly so.
    """

    rows: int
    columns: int
    frames: int
    samples: int
    photometric: str
    bits_allocated: int
    bits_stored: int
    signed: bool
    planar: int
    aspect: float

    @property
    def frame_bytes(self) -> int:
        """Bytes of one uncompressed frame."""
        values = self.rows * self.columns * self.samples
        if self.photometric in HALF_CHROMA:
            values = self.rows * self.columns * 2
        return values * self.bits_allocated // 8

    @property
    def shown_width(self) -> int:
        """The width of the picture in square pixels."""
        return max(1, round(self.columns * self.aspect))


def describe(header: Header, *, is_video: bool) -> Description:
    """The description of a file's pixels; a stream of video tells its own sizes and bits.

    Raises:
        MediaError: `unreadable_file` where something is missing or has a value that cannot be
            read here; `too_many_pixels`, `too_small` or `too_many_frames`.
    """
    dataset = header.dataset
    rows, columns = whole(dataset, "Rows"), whole(dataset, "Columns")
    frames = whole(dataset, "NumberOfFrames", 1)
    if not rows or not columns or rows < 0 or columns < 0 or frames is None or frames < 0:
        raise _unreadable("its header gives no size or number of frames that makes sense")
    frames = frames or 1
    if frames > limits.LIMITS.frames:
        raise too_many_frames()
    description = Description(
        rows=rows,
        columns=columns,
        frames=frames,
        samples=whole(dataset, "SamplesPerPixel", 1) or 0,
        photometric=word(dataset, "PhotometricInterpretation"),
        bits_allocated=whole(dataset, "BitsAllocated", 8) or 0,
        bits_stored=whole(dataset, "BitsStored", whole(dataset, "BitsAllocated", 8)) or 0,
        signed=whole(dataset, "PixelRepresentation", 0) == 1,
        planar=1 if whole(dataset, "PlanarConfiguration", 0) == 1 else 0,
        aspect=_aspect(numbers(dataset, "PixelAspectRatio")),
    )
    largest = limits.LIMITS.image_pixels if frames == 1 else limits.LIMITS.video_pixels
    check_size(columns, rows, largest)
    check_size(description.shown_width, rows, largest)
    if not is_video:
        _check_pixels(header, description)
    return description


def _check_pixels(header: Header, description: Description) -> None:
    photometric = description.photometric
    if header.pixels is None or header.pixels.keyword != "PixelData":
        raise _unreadable("its pixels are stored as fractions")
    if photometric in COLOUR:
        if description.samples != 3:
            raise _unreadable("its header contradicts itself about colours")
    elif photometric in MONOCHROME or photometric == PALETTE:
        if description.samples != 1:
            raise _unreadable("its header contradicts itself about colours")
    else:
        raise _unreadable("its colours are described in a way that is not known here")
    if (
        description.bits_allocated not in _DEPTHS
        or not _FEWEST_BITS <= description.bits_stored <= description.bits_allocated
    ):
        raise _unreadable("it does not have 8 to 16 bits for each value")


def _aspect(ratio: list[float]) -> float:
    """Width over height of a pixel, from the ratio that DICOM gives as height and width."""
    if len(ratio) != 2 or min(ratio) <= 0:
        return 1.0
    aspect = ratio[1] / ratio[0]
    if not 1 / _LARGEST_ASPECT <= aspect <= _LARGEST_ASPECT or abs(aspect - 1) < _NEARLY_SQUARE:
        return 1.0
    return aspect


def _unreadable(reason: str) -> MediaError:
    return MediaError(
        "unreadable_file",
        f"This DICOM file cannot be read: {reason}. Export it again, or export the picture as PNG "
        "or the clip as MP4.",
    )
