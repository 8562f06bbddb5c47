"""Oddities: turned, of several streams, of odd shapes, sizes, clocks and layouts, damaged."""

from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path

from tests.models.media.numbered import odd
from tests.models.media.numbered.boxes import (
    MATRICES,
    with_edits,
    with_large_sizes,
    with_open_end,
    with_orientation,
)
from tests.models.media.numbered.case import Case, Make, even
from tests.models.media.numbered.making import clip

_AT_THE_SEAM = "ffmpeg's times at the seam depend on its version"


def cases() -> Iterator[Case]:
    """All of them."""
    yield from _turned()
    yield from _streams()
    yield from _shapes()
    yield from _sizes()
    yield from _depths()
    yield from _clocks()
    yield from _layouts()
    yield from _damages()


def _turned() -> Iterator[Case]:
    for orientation in MATRICES:
        for form, codec in (("mp4", "h264 B"), ("mov", "mjpeg")):
            yield Case(
                f"turned {form} {codec} {orientation}",
                partial(_turn, form, codec, orientation),
                range(12),
                size=(64, 48),
            )
    for orientation in (2, 5, 6):
        yield Case(
            f"turned mov h264 B {orientation}, and trimmed",
            partial(_turn_and_trim, orientation),
            range(13, 23),
        )
    for orientation in (6, 8):
        yield Case(
            f"turned mov h264 {orientation}, by the movie",
            partial(_turn, "mov", "h264", orientation, movie=True),
            range(12),
        )
    for orientation in (6, 7):
        yield Case(
            f"turned mp4 h264 {orientation}, pixels not square",
            partial(_turn, "mp4", "h264", orientation, sar=Fraction(4, 3)),
            range(12),
        )


def _turn(
    form: str,
    codec: str,
    orientation: int,
    path: Path,
    *,
    movie: bool = False,
    sar: Fraction | None = None,
) -> Path:
    clip(path, form, codec, orientation=orientation, sar=sar)
    return with_orientation(path, orientation, movie=movie)


def _turn_and_trim(orientation: int, path: Path) -> Path:
    clip(path, "mov", "h264 B", numbers=range(30), orientation=orientation)
    return with_edits(with_orientation(path, orientation), [(1, 1.3)])


def _streams() -> Iterator[Case]:
    for form, codec in (
        ("mp4", "h264 B"), ("mov", "mjpeg"), ("avi", "mpeg4"), ("mpeg", "mpeg2 B"),
        ("webm", "vp8"), ("matroska", "h264 B"),
    ):  # fmt: skip
        for first in (True, False):
            yield Case(
                f"stream {form} {codec} sound {'first' if first else 'second'}",
                partial(odd.with_sound, form=form, codec=codec, first=first),
                range(12),
            )
    for form in ("mp4", "mov", "matroska"):
        yield Case(
            f"stream {form} subtitles first", partial(odd.with_subtitles, form=form), range(12)
        )
        yield Case(f"stream {form} with a cover", partial(odd.with_cover, form=form), range(12))
        yield Case(
            f"stream {form} a larger thumbnail first",
            partial(odd.with_thumbnail, form=form),
            range(12),
            stream="0:v:1",
        )
    yield Case(
        "stream mp4 with a cover first",
        partial(odd.with_cover, form="mp4", first=True),
        range(12),
    )
    for chosen in (0, 1):
        yield Case(
            f"stream matroska two tracks, number {chosen + 1} marked",
            partial(odd.of_two_tracks, form="matroska", codec="h264 B", chosen=chosen),
            range(50 * chosen, 50 * chosen + 12),
        )
    for form, codec in (("mp4", "h264 B"), ("avi", "mjpeg")):
        yield Case(
            f"stream {form} two tracks",
            partial(odd.of_two_tracks, form=form, codec=codec),
            range(12),
        )
    yield Case(
        "stream mov with a time code",
        lambda path: odd.copied(path, "mov", "h264 B", "-timecode", "01:00:00:00"),
        range(12),
    )


def _shapes() -> Iterator[Case]:
    for form, codec in (
        ("mp4", "h264"), ("mov", "mjpeg"), ("matroska", "h264 B"), ("avi", "mpeg4"),
        ("webm", "vp8"),
    ):  # fmt: skip
        for sar in (Fraction(4, 3), Fraction(8, 9), Fraction(2, 1), Fraction(1, 2)):
            yield Case(
                f"shape {form} {codec} pixels {sar.numerator} to {sar.denominator}",
                partial(clip, form=form, codec=codec, sar=sar),
                range(12),
            )
    for form, codec, size, sar in (
        ("mpeg", "mpeg1", (352, 288), Fraction(16, 15)),
        ("mpeg", "mpeg2", (352, 288), Fraction(16, 15)),
        ("mpeg", "mpeg2", (96, 96), Fraction(16, 9)),
        ("avi", "dv", (720, 576), Fraction(16, 15)),
    ):
        yield Case(
            f"shape {form} {codec} {size[0]}x{size[1]} pixels {sar.numerator} to {sar.denominator}",
            partial(clip, form=form, codec=codec, size=size, sar=sar, numbers=range(4)),
            range(4),
        )
    for form, codec, pix_fmt, size in (
        ("mp4", "h264", "yuv420p", (66, 50)), ("mp4", "h264", "yuv444p", (65, 49)),
        ("mov", "mjpeg", "yuvj420p", (65, 49)), ("avi", "raw", "bgr24", (65, 49)),
        ("avi", "raw", "gray", (65, 49)), ("avi", "huffyuv", "bgra", (65, 49)),
        ("mov", "png", "rgb24", (65, 49)), ("gif", "gif", "gray", (65, 49)),
        ("webm", "vp8", "yuv420p", (65, 49)),
    ):  # fmt: skip
        yield Case(
            f"shape {form} {codec} {pix_fmt} {size[0]}x{size[1]}",
            partial(clip, form=form, codec=codec, pix_fmt=pix_fmt, size=size),
            range(12),
            size=size,
        )


def _sizes() -> Iterator[Case]:
    for form, codec in (
        ("webm", "vp8"), ("webm", "vp9"), ("avi", "mjpeg"), ("mov", "mjpeg"), ("avi", "mpeg4"),
        ("mp4", "h264"), ("mov", "png"),
    ):  # fmt: skip
        for name, sizes in {
            "smaller": [(128, 96), (64, 48)],
            "larger": [(64, 48), (128, 96)],
            "another shape": [(128, 96), (64, 64), (128, 96)],
        }.items():
            yield Case(
                f"size {form} {codec} {name} on the way",
                partial(odd.resized, form=form, codec=codec, sizes=sizes),
                range(6 * len(sizes)),
                size=sizes[0],
            )


def _depths() -> Iterator[Case]:
    for form, codec in (("avi", "ffv1"), ("matroska", "ffv1"), ("mov", "png")):
        for bits in (10, 12, 16):
            yield Case(
                f"depth {form} {codec} {bits} bits in 16",
                partial(odd.of_depth, form=form, codec=codec, bits=bits),
                range(12),
                even(range(12), 10),
                unjudged="ffmpeg does not look how many bits are used",
            )
    for form, codec in (("avi", "rawvideo"), ("mov", "rawvideo"), ("avi", "png"), ("mov", "png")):
        yield Case(
            f"depth {form} {codec} with a palette",
            partial(odd.with_palette, form=form, codec=codec),
            range(12),
        )


def _clocks() -> Iterator[Case]:
    for form, codec in (
        ("mpeg", "mpeg1"), ("mpeg", "mpeg2"), ("mpeg", "mpeg2 B"), ("vob", "mpeg2 B"),
        ("mpeg1video", "mpeg1 B"), ("mpeg2video", "mpeg2 B"),
    ):  # fmt: skip
        for parts in (2, 3):
            yield Case(
                f"clock {form} {codec} starts {parts} times",
                partial(odd.joined, form=form, codec=codec, parts=parts),
                range(12 * parts),
                even(range(12 * parts), 25),
                unjudged=_AT_THE_SEAM,
            )
    for form, codec, size in (("mpeg", "mpeg2", (352, 288)), ("mpeg", "mpeg2 B", (128, 96))):
        # Where a picture begins at the end of a packet, it and the next have the same stamp.
        yield Case(
            f"clock {form} {codec} of a hundred pictures",
            partial(clip, form=form, codec=codec, size=size, numbers=range(100)),
            range(100),
            even(range(100), 25),
            unjudged="ffmpeg gives two pictures the same time",
        )
    for form in ("mp4", "matroska", "mov"):
        yield Case(
            f"clock {form} begins late",
            partial(_late, form=form, codec="h264 B", seconds=3600),
            range(12),
            even(range(12), 10),
        )
    yield Case(
        "clock mpeg begins late",
        partial(_late, form="mpeg", codec="mpeg2 B", seconds=40_000),
        range(12),
    )
    yield Case(
        "clock mp4 in fragments begins late",
        partial(
            _late,
            form="mp4",
            codec="h264 B",
            seconds=3600,
            options=("-movflags", "frag_keyframe+empty_moov"),
        ),
        range(12),
        even(range(12), 10),
    )
    for codec in ("mjpeg", "mpeg4", "h264", "h264 B", "mpeg4 B", "huffyuv", "raw", "cinepak"):
        for name, dropped in {"one in five": range(4, 20, 5), "three at once": (7, 8, 9)}.items():
            # A capture card notes a picture that it dropped by an empty chunk.
            shown = [n for n in range(20) if n not in dropped]
            yield Case(
                f"clock avi {codec} dropped {name}",
                partial(
                    clip,
                    form="avi",
                    codec=codec,
                    numbers=shown,
                    times=shown,
                    base=Fraction(1, 10),
                ),
                shown,
                None if codec.endswith("B") else [n / 10 for n in shown],
            )
    shown = [n for n in range(12) if n not in (3, 7)]
    yield Case(
        "clock webm vp8 with hidden pictures",
        partial(odd.with_hidden, hidden=(3, 7)),
        shown,
        [n / 10 for n in shown],
    )


def _late(path: Path, form: str, codec: str, seconds: int, options: Sequence[str] = ()) -> Path:
    return odd.copied(path, form, codec, "-output_ts_offset", str(seconds), *options)


def _layouts() -> Iterator[Case]:
    for flags in (
        "frag_keyframe+empty_moov", "frag_every_frame+empty_moov", "faststart", "frag_keyframe",
        "frag_keyframe+empty_moov+default_base_moof", "frag_keyframe+empty_moov+delay_moov",
        "cmaf", "dash",
    ):  # fmt: skip
        for codec in ("h264", "h264 B"):
            yield Case(
                f"layout mp4 {codec} {flags}",
                partial(clip, form="mp4", codec=codec, options={"movflags": flags}),
                range(12),
            )
    for name, change in {
        "junk behind": lambda path: odd.behind(path, bytes(100)),
        "sizes of 64 bits": with_large_sizes,
        "the last box open to the end": with_open_end,
    }.items():
        yield Case(
            f"layout mp4 {name}",
            lambda path, change=change: change(clip(path, "mp4", "h264")),  # type: ignore[misc]
            range(12),
        )
    for form, codec in (("webm", "vp8"), ("matroska", "h264 B")):
        for name, options in {
            "live, without lengths": {"live": "1"},
            "in small clusters": {"cluster_time_limit": "200"},
            "index first": {"cues_to_front": "1", "reserve_index_space": "2000"},
        }.items():
            yield Case(
                f"layout {form} {codec} {name}",
                partial(clip, form=form, codec=codec, options=options),
                range(12),
            )
    for codec in ("mjpeg", "mpeg4", "mpeg4 B", "h264"):
        yield Case(
            f"layout avi {codec} without an index",
            partial(odd.without_index, codec=codec),
            range(12),
        )
    for form in ("avi", "mov"):
        yield Case(f"layout {form} mjpeg in fields", partial(odd.in_fields, form=form), range(12))
        yield Case(f"layout {form} mjpeg with EXIF", partial(odd.with_exif, form=form), range(12))
    for name, options in {
        "not repeated": {"loop": "-1"},
        "with a pause at the end": {"final_delay": "500"},
    }.items():
        yield Case(
            f"layout gif {name}",
            partial(clip, form="gif", codec="gif", options=options),
            range(12),
            even(range(12), 10),
        )


def _damages() -> Iterator[Case]:
    whole = partial(clip, form="mp4", codec="h264")
    front = partial(whole, options={"movflags": "faststart"})
    fragments = partial(whole, options={"movflags": "frag_keyframe+empty_moov"})
    for name, make, last in (
        ("mp4, index last", whole, 100),
        ("mp4, index first", front, 50),
        ("mp4, index first, by one byte", front, 1),
        ("mp4 in fragments", fragments, 400),
        ("mov", partial(clip, form="mov", codec="mjpeg"), 200),
        ("avi", partial(clip, form="avi", codec="mjpeg"), 2000),
        ("webm", partial(clip, form="webm", codec="vp8"), 100),
        ("matroska", partial(clip, form="matroska", codec="h264 B"), 100),
        ("gif", partial(clip, form="gif", codec="gif"), 40),
        ("apng", partial(clip, form="apng", codec="apng"), 40),
        ("mpeg", partial(clip, form="mpeg", codec="mpeg2"), 700),
    ):
        yield Case(
            f"damage {name} cut off", partial(_cut_off, make, last), refused="truncated_file"
        )
    yield Case("damage nothing at all", partial(_cut_off, whole, None), refused="empty_file")


def _cut_off(make: Make, last_bytes: int | None, path: Path) -> Path:
    """The file without its last bytes; with none at all where that is None."""
    path = make(path)
    return odd.cut(path, path.stat().st_size if last_bytes is None else last_bytes)
