"""From stored values to pictures as a viewer shows them: 8-bit RGB."""

import numpy as np
import numpy.typing as npt
from pydicom.dataset import FileDataset
from pydicom.pixels.processing import apply_color_lut, apply_modality_lut, apply_voi_lut
from pydicom.uid import ExplicitVRBigEndian

from models.media.dicom.description import MONOCHROME, PALETTE, Description
from models.media.dicom.elements import items, number, numbers, word
from models.media.dicom.header import Header
from models.media.square import Picture

_FAR = 1e12
"""Beyond every window, so that its result is the window's darkest or brightest value."""

_BYTE = 8


class ToPicture:
    """Makes pictures of a file's decoded frames.

    Every stored value of a grey or palette frame has one shade, so that its look-up tables and
    windows are applied once to all possible values, and never to pixels.
    """

    def __init__(self, header: Header, description: Description) -> None:
        self._table: Picture | None = None
        self._lowest = 0
        if description.photometric in MONOCHROME or description.photometric == PALETTE:
            self._table, self._lowest = _table(header, description)

    def __call__(self, values: npt.NDArray[np.generic], photometric: str, bits: int) -> Picture:
        """The picture of a frame.

        Args:
            values: (rows, columns), or (rows, columns, 3) in colour.
            photometric: of these values, which a decoder may have changed.
            bits: in use for each value, 8 to 16.
        """
        if self._table is not None:
            # A bit beyond those in use has no meaning.
            places = np.clip(values.astype(np.int32) - self._lowest, 0, len(self._table) - 1)
            picture = self._table[places]
            if picture.ndim == 2:
                picture = np.repeat(picture[:, :, None], 3, axis=2)
        else:
            colours = values
            if bits > _BYTE:
                colours = values.astype(np.uint16) >> (bits - _BYTE)
            picture = np.clip(colours, 0, 255).astype(np.uint8)
            if photometric.startswith("YBR_PARTIAL"):
                picture = _from_partial_range(picture)
        return np.ascontiguousarray(picture)


def _table(header: Header, description: Description) -> tuple[Picture, int]:
    """The shade of each stored value, (n,) or (n, 3), and the lowest stored value."""
    bits = description.bits_stored
    lowest = -(1 << bits - 1) if description.signed else 0
    stored = np.arange(lowest, lowest + (1 << bits), dtype=np.int32)
    if description.photometric == PALETTE:
        return _palette(header, stored), lowest
    dataset = header.dataset
    shades = _windowed(dataset, np.asarray(apply_modality_lut(stored, dataset)), stored)
    if description.photometric == "MONOCHROME1":
        shades = 255 - shades
    return shades, lowest


def _windowed(
    dataset: FileDataset, modality: npt.NDArray[np.generic], stored: npt.NDArray[np.int32]
) -> Picture:
    """The shades of modality values: by VOI table or window, or else over the whole range."""
    if voi := items(dataset, "VOILUTSequence"):
        values = np.asarray(apply_voi_lut(modality.astype(np.int64), dataset)).astype(np.float64)
        low, high = 0.0, float(2 ** int(numbers(voi[0], "LUTDescriptor")[2]) - 1)
    elif _has_window(dataset):
        ends = np.array([-_FAR, _FAR])
        wide = np.concatenate([modality.astype(np.float64), ends])
        with np.errstate(over="ignore"):  # far from a sigmoid's centre, which is its limit
            windowed = np.asarray(apply_voi_lut(wide, dataset))
        values, (low, high) = windowed[:-2], windowed[-2:]
    elif tables := items(dataset, "ModalityLUTSequence"):
        values = modality.astype(np.float64)
        low, high = 0.0, float(2 ** int(numbers(tables[0], "LUTDescriptor")[2]) - 1)
    else:
        # A rescale alone changes no shade: the darkest stored value is black, or white if it falls.
        falls = (number(dataset, "RescaleSlope") or 1.0) < 0
        values = -stored.astype(np.float64) if falls else stored.astype(np.float64)
        low, high = values.min(), values.max()
    share = (values - low) / (high - low) if high != low else np.zeros_like(values)
    return np.rint(np.clip(share, 0, 1) * 255).astype(np.uint8)


def _has_window(dataset: FileDataset) -> bool:
    """Whether the file has a window that can be applied; some machines write a width of 0."""
    width, centre = number(dataset, "WindowWidth"), number(dataset, "WindowCenter")
    if width is None or centre is None or number(dataset, "BitsStored") is None:
        return False
    function = word(dataset, "VOILUTFunction") or "LINEAR"
    if function not in ("LINEAR", "LINEAR_EXACT", "SIGMOID"):
        return False
    return width > 1 if function == "LINEAR" else width > 0


def _palette(header: Header, stored: npt.NDArray[np.int32]) -> Picture:
    """The colour of each stored value, (n, 3)."""
    dataset = header.dataset
    if header.transfer_syntax == ExplicitVRBigEndian:
        _swap_palette(dataset)
    colours = np.asarray(apply_color_lut(stored, dataset), dtype=np.uint16)[:, :3]
    shift = 8 if colours.max() > 255 else 0
    shown: Picture = np.right_shift(colours, shift).astype(np.uint8)
    return shown


def _swap_palette(dataset: FileDataset) -> None:
    """Turn the words of a big-endian file's palette around: pydicom leaves tables as they are."""
    for colour in ("Red", "Green", "Blue"):
        keyword = f"{colour}PaletteColorLookupTableData"
        if keyword in dataset:
            words = np.frombuffer(dataset[keyword].value, dtype=">u2")
            dataset[keyword].value = words.astype("<u2").tobytes()


def _from_partial_range(picture: Picture) -> Picture:
    """RGB from YCbCr by ITU-R BT.601 with the reduced range of video: luma 16 to 235."""
    luma, blue, red = (picture[:, :, n].astype(np.float32) for n in range(3))
    luma = (luma - 16) * (255 / 219)
    blue, red = (blue - 128) * (255 / 224), (red - 128) * (255 / 224)
    rgb = np.stack(
        [luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red, luma + 1.772 * blue], axis=2
    )
    return np.asarray(np.rint(np.clip(rgb, 0, 255)), dtype=np.uint8)
