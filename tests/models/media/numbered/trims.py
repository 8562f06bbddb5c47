"""Parts of recordings, as telephones, QuickTime and lossless cutters leave them."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

from tests.models.media.numbered.boxes import with_edits, without_edits
from tests.models.media.numbered.case import Case, even
from tests.models.media.numbered.making import CODECS, clip, command

_STORED = 30
"""Pictures 0 to 29 are stored. Everything here counts in pictures, whatever their rate."""

Edits = Sequence[tuple[float, float | None]]
"""How many pictures are shown, and from which; None: nothing is shown for as long."""

_IN_ORDER = ("h264", "hevc", "mpeg4", "mjpeg", "vp9")
_REORDERED = ("h264 B", "h264 open", "hevc open", "mpeg4 B", "mpeg2 B")
"""Codecs whose pictures are stored in the order of showing, and in another."""

_EDITS: dict[str, tuple[Edits, Sequence[int]]] = {
    "from a key frame": ([(10, 10)], range(10, 20)),
    "between key frames": ([(10, 13)], range(13, 23)),
    "to the end": ([(17, 13)], range(13, 30)),
    "beyond the end": ([(27, 13)], range(13, 30)),
    "the first ones": ([(5, 0)], range(5)),
    "one picture": ([(1, 13)], [13]),
    "nothing, then all": ([(5, None), (30, 0)], range(30)),
    "nothing, then a part": ([(5, None), (10, 13)], range(13, 23)),
}
_FEW = ("between key frames", "nothing, then a part")
_ALL_EDITS = ("h264", "h264 B")
"""Codecs that meet every edit list, one of each order; the others meet few."""
_TWO_PARTS: dict[str, tuple[Edits, Sequence[int]]] = {
    "two parts": ([(5, 3), (5, 20)], [*range(3, 8), *range(20, 25)]),
    "two parts, the later first": ([(5, 20), (5, 3)], [*range(20, 25), *range(3, 8)]),
    "one part twice": ([(5, 10), (5, 10)], [*range(10, 15)] * 2),
}
_SHOWS_HIDDEN = "ffmpeg 5 shows what an edit list hides of AV1"

_CUTS: dict[str, tuple[tuple[str | int, ...], tuple[str | int, ...]]] = {
    # what is asked of ffmpeg before and after the input
    "from 13": (("-ss", 13), ()),
    "from 13 to 22": (("-ss", 13, "-to", 22), ()),
    "from a key frame": (("-ss", 10), ()),
    "the last picture": (("-ss", 29), ()),
    "the first 7": ((), ("-t", 7)),
    "from 13, by packets": ((), ("-ss", 13)),
}
_WRITTEN = {
    "mp4 in fragments": ("-movflags", "frag_keyframe+empty_moov", "-f", "mp4"),
    "mp4 without an edit list": ("-use_editlist", "0", "-f", "mp4"),
    "mp4 with offsets below 0": ("-movflags", "negative_cts_offsets", "-f", "mp4"),
    "mp4, index first": ("-movflags", "faststart", "-f", "mp4"),
    "matroska": ("-f", "matroska"),
}
_ALL_CUTS = ("h264 B", "mpeg2 B")
_FEW_CUTS = ("from 13 to 22", "from 13, by packets")
_FEW_WRITTEN = ("mp4 without an edit list", "matroska")
_NO_ORDER = "an AVI does not say when B pictures of H.264 are shown; ffmpeg guesses unevenly"


def cases() -> Iterator[Case]:
    """Edit lists on every codec, and what `ffmpeg -c copy` cuts."""
    yield from _edit_lists()
    yield from _cuts()


def _edit_lists() -> Iterator[Case]:
    for codec in (*_IN_ORDER, *_REORDERED):
        for name in _EDITS if codec in _ALL_EDITS else _FEW:
            yield _edited("mp4", codec, name, *_EDITS[name])
    for codec in ("h264 B", "mjpeg", "prores"):
        for name in _FEW:
            yield _edited("mov", codec, name, *_EDITS[name])
    for name in _FEW:
        yield _edited("mp4", "av1", name, *_EDITS[name], unjudged=_SHOWS_HIDDEN)
    for codec in ("h264", "hevc"):
        for name, (edits, numbers) in _TWO_PARTS.items():
            yield _edited("mov", codec, name, edits, numbers)
    for codec in ("h264 B", "hevc open", "mpeg4 B", "mjpeg"):
        yield Case(f"trim mp4 {codec} without an edit list", partial(_plain, codec), range(12))


def _cuts() -> Iterator[Case]:
    for codec in ("h264", *_REORDERED, "mjpeg", "vp9"):
        for cut in _CUTS if codec in _ALL_CUTS else _FEW_CUTS:
            yield Case(f"cut mp4 {codec} {cut}", partial(_cut, codec, cut, ("-f", "mp4")))
    for codec in ("h264 B", "hevc open", "mpeg4 B", "mjpeg"):
        for written, options in _WRITTEN.items():
            if codec != "h264 B" and written not in _FEW_WRITTEN:
                continue
            yield Case(f"cut {written}, {codec} from 13", partial(_cut, codec, "from 13", options))
    for codec in ("h264", "mpeg4", "mpeg4 B", "mjpeg"):
        yield Case(f"cut avi {codec} from 13", partial(_cut, codec, "from 13", ("-f", "avi")))
    for form, codec in (("avi", "h264 B"), ("mpeg", "mpeg2 B"), ("mpeg", "mpeg1 B")):
        yield Case(
            f"cut mp4 out of {form} {codec}",
            partial(_out_of, form, codec),
            range(12),
            unjudged="what knows no order of showing has given stamps in that of decoding",
        )
    for codec in ("h264", "hevc"):
        yield Case(
            f"cut matroska {codec}, the first 7 before 0",
            partial(_before_0, codec, 7),
            range(7, 12),
            even(range(7, 12), CODECS[codec].rate),
            unjudged="ffmpeg 5 gives times of its own to pictures that have none",
        )
    yield Case(
        "cut avi h264 B from 13",
        partial(_cut, "h264 B", "from 13", ("-f", "avi")),
        range(10, 30),
        even(range(10, 30), CODECS["h264 B"].rate),
        unjudged=_NO_ORDER,
    )


def _edited(
    form: str,
    codec: str,
    name: str,
    edits: Edits,
    numbers: Sequence[int],
    unjudged: str = "",
) -> Case:
    rate = CODECS[codec].rate
    return Case(
        f"trim {form} {codec} {name}",
        partial(_with_edits, form, codec, edits),
        numbers,
        even(numbers, rate),
        unjudged=unjudged,
    )


def _with_edits(form: str, codec: str, edits: Edits, path: Path) -> Path:
    rate = CODECS[codec].rate
    clip(path, form, codec, numbers=range(_STORED))
    return with_edits(
        path,
        [(length / rate, None if start is None else start / rate) for length, start in edits],
    )


def _plain(codec: str, path: Path) -> Path:
    return without_edits(clip(path, "mp4", codec))


def _before_0(codec: str, hidden: int, path: Path) -> Path:
    """A clip whose first pictures come before 0: in Matroska they have no times then."""
    whole = clip(path.with_name("whole"), "matroska", codec, numbers=range(12))
    early = ("-output_ts_offset", f"{-hidden / CODECS[codec].rate:.4f}")
    kept = ("-avoid_negative_ts", "disabled")
    return command(path, "-i", whole, "-c", "copy", *early, *kept, "-f", "matroska")


def _out_of(form: str, codec: str, path: Path) -> Path:
    whole = clip(path.with_name("whole"), form, codec)
    return command(path, "-i", whole, "-c", "copy", "-f", "mp4")


def _cut(codec: str, cut: str, written: Sequence[str], path: Path) -> Path:
    whole = clip(path.with_name("whole"), "mp4", codec, numbers=range(_STORED))
    rate = CODECS[codec].rate
    before, after = (
        [each if isinstance(each, str) else f"{each / rate:.3f}" for each in part]
        for part in _CUTS[cut]
    )
    return command(path, *before, "-i", whole, *after, "-c", "copy", *written)
