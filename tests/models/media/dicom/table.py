"""The table of instances that are read: each is compared with DCMTK's decoding of it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from pydicom.dataset import Dataset, FileDataset
from pydicom.uid import (
    JPEG2000,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000Lossless,
)

from tests.models.media.dicom.instances import (
    CAPTURE,
    CAPTURE_BYTE,
    CAPTURE_COLOUR,
    CAPTURE_WORD,
    FRAMES,
    PYDICOM,
    US_CLIP,
    US_CLIP_RETIRED,
    US_IMAGE,
    US_IMAGE_RETIRED,
    Instance,
    Values,
    colours,
    dataset,
    dcmtk,
    grey,
    padded,
    saved,
    stream,
    video_dataset,
)

Make = Callable[[Path], Path]


def plain(values: Values, sop_class: str = US_CLIP, **elements: Any) -> Make:
    return lambda path: saved(dataset(values, sop_class, **elements), path)


def bare(values: Values, syntax: Any) -> Make:
    def make(path: Path) -> Path:
        made = dataset(values)
        if syntax == ExplicitVRBigEndian:
            made = swapped(made)
        return saved(made, path, whole=False, syntax=syntax)

    return make


def swapped(made: FileDataset) -> FileDataset:
    """The same with the big end of its words first; bytes in OW go in pairs."""
    if made["PixelData"].VR == "OW":
        made.PixelData = np.frombuffer(made.PixelData, "<u2").astype(">u2").tobytes()
    return made


def converted(values: Values, option: str, **elements: Any) -> Make:
    """Uncompressed in another way, by dcmconv."""

    def make(path: Path) -> Path:
        saved(dataset(values, **elements), path.with_suffix(".first"))
        dcmtk("dcmconv", option, path.with_suffix(".first"), path)
        return path

    return make


def compressed(program: str, *options: str, values: Values, **elements: Any) -> Make:
    """Compressed by a program of DCMTK."""

    def make(path: Path) -> Path:
        saved(dataset(values, **elements), path.with_suffix(".first"))
        dcmtk(program, *options, path.with_suffix(".first"), path)
        return path

    return make


def jpeg2000(values: Values, syntax: Any, **elements: Any) -> Make:
    """Compressed by OpenJPEG; DCMTK has no JPEG 2000."""

    def make(path: Path) -> Path:
        photometric = elements.pop("PhotometricInterpretation", None)
        made = dataset(values, **elements)
        saved(made, path.with_suffix(".first"))
        if photometric:
            made.PhotometricInterpretation = photometric
        settings: dict[str, Any] = {} if syntax == JPEG2000Lossless else {"j2k_psnr": [45]}
        made.compress(syntax, encoding_plugin="pylibjpeg", generate_instance_uid=False, **settings)
        return saved(made, path)

    return make


def from_bitmap(form: str) -> Make:
    """A Secondary Capture made of a picture by img2dcm."""

    def make(path: Path) -> Path:
        from PIL import Image

        picture = path.with_suffix(f".{form.lower()}")
        Image.fromarray(colours(1)[0]).save(picture, form)
        dcmtk("img2dcm", "-i", form, picture, path)
        return path

    return make


def from_pydicom(name: str) -> Make:
    return lambda _: PYDICOM / name


def video(codec: str, form: str, syntax: str, pieces: int = 1, **options: Any) -> Make:
    return lambda path: saved(
        video_dataset(stream(codec, form, **options), syntax, pieces=pieces), path
    )


def palette(depth: int, entries: int = 256, first: int = 0) -> dict[str, Any]:
    """A palette of so many entries of so many bits, which turns grey to colours."""
    top = (1 << depth) - 1
    ramp = np.linspace(0, top, entries).astype(np.uint8 if depth == 8 else np.uint16)
    found: dict[str, Any] = {"PhotometricInterpretation": "PALETTE COLOR"}
    for name, table in (("Red", ramp), ("Green", ramp[::-1]), ("Blue", ramp // 2)):
        found[f"{name}PaletteColorLookupTableDescriptor"] = [entries % 65536, first, depth]
        found[f"{name}PaletteColorLookupTableData"] = padded(table.tobytes())
    return found


def segmented(path: Path) -> Path:
    """A palette in segments, two entries and a straight line, and written out beside it."""
    whole, short = palette(16), palette(16)
    for name, end in (("Red", 65535), ("Green", 30000), ("Blue", 5000)):
        del short[f"{name}PaletteColorLookupTableData"]
        segments = np.array([0, 2, 0, 100, 1, 254, end], dtype=np.uint16)
        short[f"Segmented{name}PaletteColorLookupTableData"] = segments.tobytes()
        line = np.concatenate([[0], np.linspace(100, end, 255)]).astype(np.uint16)
        whole[f"{name}PaletteColorLookupTableData"] = line.tobytes()
    saved(dataset(grey(), **whole), path.with_suffix(".first"))
    return saved(dataset(grey(), **short), path)


def modality_table() -> Any:
    item = Dataset()
    item.LUTDescriptor, item.ModalityLUTType = [256, 0, 8], "US"
    item.LUTData = [255 - n // 2 for n in range(256)]
    item["LUTDescriptor"].VR = item["LUTData"].VR = "US"
    return [item]


def voi_table() -> Any:
    item = Dataset()
    item.LUTDescriptor = [4096, 0, 12]
    item.LUTData = [n * n // 4095 for n in range(4096)]
    item["LUTDescriptor"].VR = item["LUTData"].VR = "US"
    return [item]


def in_ybr(values: Values) -> Values:
    from pydicom.pixels.processing import convert_color_space

    return np.asarray(convert_color_space(values, "RGB", "YBR_FULL"))


def half_chroma() -> Values:
    """YBR_FULL_422 as stored: Y Y B R for each two pixels, as (frames, rows, columns, 2)."""
    full = in_ybr(colours())
    pairs = full.reshape(FRAMES, 64, 48, 2, 3)
    packed = np.stack(
        [pairs[..., 0, 0], pairs[..., 1, 0], pairs[..., 0, 1], pairs[..., 0, 2]], axis=-1
    )
    return packed.reshape(FRAMES, 64, 96, 2).astype(np.uint8)


def half_chroma_clip(photometric: str) -> Make:
    def make(path: Path) -> Path:
        made = dataset(colours(), PhotometricInterpretation=photometric)
        made.PixelData = half_chroma().tobytes()
        return saved(made, path)

    return make


TWELVE: dict[str, Any] = {"BitsStored": 12, "HighBit": 11}
SIGNED: dict[str, Any] = {"BitsStored": 12, "HighBit": 11, "PixelRepresentation": 1}
WINDOW: dict[str, Any] = {"WindowCenter": 1000, "WindowWidth": 1500}
JPEG_LOSSY: dict[str, Any] = {"reference": "dcmj2pnm", "largest": 40, "mean": 2.5}

INSTANCES: tuple[Instance, ...] = (
    # Classes of objects.
    Instance("US Image", plain(grey(1), US_IMAGE), frames=1),
    Instance("US Multi-frame", plain(grey())),
    Instance("US Image, retired", plain(grey(1), US_IMAGE_RETIRED), frames=1),
    Instance("US Multi-frame, retired", plain(colours(), US_CLIP_RETIRED)),
    Instance("Secondary Capture, grey", plain(grey(1), CAPTURE), frames=1),
    Instance("Secondary Capture, colour", plain(colours(1), CAPTURE), frames=1),
    Instance("Multi-frame Secondary Capture, byte", plain(grey(), CAPTURE_BYTE)),
    Instance(
        "Multi-frame Secondary Capture, word",
        plain(grey(depth=12), CAPTURE_WORD, **TWELVE),
        largest=1,
        mean=0.6,
    ),
    Instance("Multi-frame Secondary Capture, colour", plain(colours(), CAPTURE_COLOUR)),
    Instance("img2dcm of a JPEG", from_bitmap("JPEG"), 1, **JPEG_LOSSY),
    Instance("img2dcm of a BMP", from_bitmap("BMP"), 1),
    # Uncompressed transfer syntaxes.
    Instance("implicit VR", converted(grey(), "+ti")),
    Instance("explicit VR, big endian, 8 bits", converted(grey(), "+tb")),
    Instance(
        "explicit VR, big endian, 16 bits",
        converted(grey(depth=12), "+tb", **TWELVE),
        largest=1,
        mean=0.6,
    ),
    Instance("explicit VR, big endian, colour", converted(colours(), "+tb")),
    Instance("deflated", converted(grey(), "+td")),
    Instance("no preamble, explicit VR", bare(grey(), ExplicitVRLittleEndian)),
    Instance("no preamble, implicit VR", bare(grey(), ImplicitVRLittleEndian)),
    Instance(
        "no preamble, big endian", bare(grey(depth=16), ExplicitVRBigEndian), largest=1, mean=0.6
    ),
    # Photometric interpretations.
    Instance(
        "MONOCHROME1", plain(grey(), PhotometricInterpretation="MONOCHROME1"), largest=1, mean=0.6
    ),
    Instance("RGB, planes apart", converted(colours(), "+ti", PlanarConfiguration=0)),
    Instance(
        "YBR_FULL",
        plain(in_ybr(colours()), PhotometricInterpretation="YBR_FULL"),
        largest=2,
        mean=0.6,
    ),
    Instance("YBR_FULL_422", half_chroma_clip("YBR_FULL_422"), largest=2, mean=0.6),
    Instance("YBR_PARTIAL_422", half_chroma_clip("YBR_PARTIAL_422"), largest=3, mean=1.0),
    Instance("palette of 8 bits", plain(grey(), **palette(8))),
    Instance("palette of 16 bits", plain(grey(), **palette(16))),
    Instance("palette that begins at 20", plain(grey(), **palette(16, 200, 20))),
    Instance("palette, big endian", converted(grey(), "+tb", **palette(16))),
    Instance("palette in segments", segmented, reference="", largest=1, mean=0.6),
    # Depths, tables and windows.
    Instance("10 bits", plain(grey(depth=10), BitsStored=10, HighBit=9), largest=1, mean=0.6),
    Instance("12 bits", plain(grey(depth=12), **TWELVE), largest=1, mean=0.6),
    Instance("16 bits", plain(grey(depth=16)), largest=1, mean=0.6),
    Instance(
        "12 bits with a window", plain(grey(depth=12), **TWELVE, **WINDOW), 4, largest=1, mean=0.6
    ),
    Instance(
        "12 bits with a sigmoid window",
        plain(grey(depth=12), **TWELVE, **WINDOW, VOILUTFunction="SIGMOID"),
        largest=1,
        mean=0.6,
    ),
    Instance(
        "12 bits with a rescale and a window",
        plain(
            grey(depth=12),
            **TWELVE,
            WindowCenter=1500,
            WindowWidth=3000,
            RescaleSlope=2,
            RescaleIntercept=-1024,
            RescaleType="US",
        ),
        largest=1,
        mean=0.6,
    ),
    Instance(
        "12 bits, signed, with a window",
        plain((grey(depth=12).astype(np.int16) - 2048), **SIGNED, WindowCenter=0, WindowWidth=2000),
        largest=1,
        mean=0.6,
    ),
    Instance(
        "modality table", plain(grey(), ModalityLUTSequence=modality_table()), largest=1, mean=0.6
    ),
    Instance(
        "VOI table",
        plain(grey(depth=12), **TWELVE, VOILUTSequence=voi_table()),
        largest=1,
        mean=0.6,
    ),
    Instance(
        "8 bits with a window", plain(grey(), WindowCenter=100, WindowWidth=80), largest=1, mean=0.6
    ),
    Instance("16 bits, colour", plain(colours(depth=16)), largest=1, mean=0.6),
    # Compressed transfer syntaxes.
    Instance("RLE, grey", compressed("dcmcrle", values=grey())),
    Instance("RLE, colour", compressed("dcmcrle", values=colours())),
    Instance(
        "RLE, 16 bits", compressed("dcmcrle", values=grey(depth=12), **TWELVE), largest=1, mean=0.6
    ),
    Instance("RLE, palette", compressed("dcmcrle", values=grey(), **palette(16))),
    Instance("JPEG baseline, grey", compressed("dcmcjpeg", "+eb", values=grey()), **JPEG_LOSSY),
    Instance(
        "JPEG baseline, YBR_FULL_422",
        compressed("dcmcjpeg", "+eb", "+s2", values=colours()),
        **JPEG_LOSSY,
    ),
    Instance(
        "JPEG baseline, YBR_FULL",
        compressed("dcmcjpeg", "+eb", "+s4", values=colours()),
        **JPEG_LOSSY,
    ),
    Instance(
        "JPEG baseline, RGB", compressed("dcmcjpeg", "+eb", "+cr", values=colours()), **JPEG_LOSSY
    ),
    Instance(
        "JPEG extended, 12 bits",
        compressed("dcmcjpeg", "+ee", values=grey(depth=12), **TWELVE),
        **JPEG_LOSSY,
    ),
    Instance(
        "JPEG lossless, SV1", compressed("dcmcjpeg", "+e1", values=grey()), reference="dcmj2pnm"
    ),
    Instance(
        "JPEG lossless, SV1, colour",
        compressed("dcmcjpeg", "+e1", values=colours()),
        reference="dcmj2pnm",
    ),
    Instance(
        "JPEG lossless, selection value 6",
        compressed("dcmcjpeg", "+el", "+sv", "6", values=grey()),
        reference="dcmj2pnm",
    ),
    Instance(
        "JPEG lossless, 12 bits",
        compressed("dcmcjpeg", "+e1", values=grey(depth=12), **TWELVE),
        reference="dcmj2pnm",
        largest=1,
        mean=0.6,
    ),
    Instance(
        "JPEG lossless, fragments of 1 kB",
        compressed("dcmcjpeg", "+e1", "+fs", "1", values=grey()),
        reference="dcmj2pnm",
    ),
    Instance(
        "JPEG lossless, fragments, no offset table",
        compressed("dcmcjpeg", "+e1", "+fs", "1", "-ot", values=grey()),
        reference="dcmj2pnm",
    ),
    Instance("JPEG-LS lossless, grey", compressed("dcmcjpls", values=grey()), reference="dcml2pnm"),
    Instance(
        "JPEG-LS lossless, colour", compressed("dcmcjpls", values=colours()), reference="dcml2pnm"
    ),
    Instance(
        "JPEG-LS lossless, 12 bits",
        compressed("dcmcjpls", values=grey(depth=12), **TWELVE),
        reference="dcml2pnm",
        largest=1,
        mean=0.6,
    ),
    Instance(
        "JPEG-LS near-lossless", compressed("dcmcjpls", "+en", values=grey()), reference="dcml2pnm"
    ),
    Instance("JPEG 2000 lossless, grey", jpeg2000(grey(), JPEG2000Lossless), reference=""),
    Instance(
        "JPEG 2000 lossless, YBR_RCT",
        jpeg2000(colours(), JPEG2000Lossless, PhotometricInterpretation="YBR_RCT"),
        reference="",
    ),
    Instance(
        "JPEG 2000 lossless, 12 bits",
        jpeg2000(grey(depth=12), JPEG2000Lossless, **TWELVE),
        reference="",
        largest=1,
        mean=0.6,
    ),
    Instance(
        "JPEG 2000 lossy, YBR_ICT",
        jpeg2000(colours(), JPEG2000, PhotometricInterpretation="YBR_ICT"),
        reference="",
        largest=20,
        mean=1.5,
    ),
    # Of pydicom's own data.
    *(
        Instance(name, from_pydicom(name), frames, reference, largest, mean)
        for name, frames, reference, largest, mean in (
            ("ExplVR_BigEnd.dcm", 1, "dcm2pnm", 0, 0),
            ("examples_palette.dcm", 1, "dcm2pnm", 0, 0),
            ("examples_rgb_color.dcm", 1, "dcm2pnm", 0, 0),
            ("examples_ybr_color.dcm", 30, "dcmj2pnm", 40, 2.5),
            ("image_dfl.dcm", 1, "dcm2pnm", 0, 0),
            ("SC_rgb_rle_2frame.dcm", 2, "dcm2pnm", 0, 0),
            ("SC_rgb_rle_16bit_2frame.dcm", 2, "dcm2pnm", 1, 0.6),
            ("SC_rgb_jpeg_gdcm.dcm", 1, "dcmj2pnm", 0, 0),
            ("SC_rgb_jpeg_dcmtk.dcm", 1, "dcmj2pnm", 40, 2.5),
            ("SC_rgb_jpeg_lossy_gdcm.dcm", 1, "dcmj2pnm", 40, 2.5),
            ("SC_rgb_dcmtk_+eb+cr.dcm", 1, "dcmj2pnm", 40, 2.5),
            ("SC_rgb_dcmtk_+eb+cy+n1.dcm", 1, "dcmj2pnm", 40, 2.5),
            ("SC_rgb_dcmtk_+eb+cy+s2.dcm", 1, "dcmj2pnm", 40, 2.5),
            ("SC_jpeg_no_color_transform.dcm", 1, "dcmj2pnm", 40, 2.5),
            ("SC_jpeg_no_color_transform_2.dcm", 1, "dcmj2pnm", 40, 2.5),
            ("SC_ybr_full_422_uncompressed.dcm", 1, "dcm2pnm", 2, 0.6),
            ("SC_rgb_jls_lossy_line.dcm", 1, "dcml2pnm", 0, 0),
            ("SC_rgb_jls_lossy_sample.dcm", 1, "dcml2pnm", 0, 0),
        )
    ),
)

VIDEOS: tuple[tuple[str, Make], ...] = tuple(
    (name, video(codec, form, syntax, pieces, **options))
    for name, codec, form, syntax, pieces, options in (
        ("MPEG-2, bare", "mpeg2video", "mpeg2video", "1.2.840.10008.1.2.4.100", 1, {}),
        ("MPEG-2, in a program stream", "mpeg2video", "vob", "1.2.840.10008.1.2.4.100", 1, {}),
        ("MPEG-2, in a transport stream", "mpeg2video", "mpegts", "1.2.840.10008.1.2.4.101", 1, {}),
        ("H.264, bare", "libx264", "h264", "1.2.840.10008.1.2.4.102", 1, {}),
        (
            "H.264, bare, without B frames",
            "libx264",
            "h264",
            "1.2.840.10008.1.2.4.102",
            1,
            {"options": {"bf": "0"}},
        ),
        ("H.264, in a transport stream", "libx264", "mpegts", "1.2.840.10008.1.2.4.103", 1, {}),
        ("H.264, in MP4, seven fragments", "libx264", "mp4", "1.2.840.10008.1.2.4.102.1", 7, {}),
        ("HEVC, bare", "libx265", "hevc", "1.2.840.10008.1.2.4.107", 1, {}),
        ("HEVC, in a transport stream", "libx265", "mpegts", "1.2.840.10008.1.2.4.107", 1, {}),
    )
)
