"""Files as odd as those that people send, made of clips: each function writes one file."""

import io
import struct
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image

from tests.models.media.numbered.making import CODECS, clip, command
from tests.models.media.numbered.numbers import HEIGHT, WIDTH, numbered

_SHOW_FRAME = 0x10
"""The bit of a VP8 picture's first byte that says whether it is shown (RFC 6386, section 9.1)."""


def joined(path: Path, form: str, codec: str, parts: int) -> Path:
    """Programmes one after the other in one file; each has twelve pictures and its own clock."""
    files = [part(path, form, codec, 12 * number) for number in range(parts)]
    path.write_bytes(b"".join(file.read_bytes() for file in files))
    return path


def part(path: Path, form: str, codec: str, first: int = 0) -> Path:
    """Twelve pictures from a number on, in a file beside."""
    return clip(path.with_name(f"part{first}"), form, codec, numbers=range(first, first + 12))


def copied(path: Path, form: str, codec: str, *options: str) -> Path:
    """A clip that ffmpeg has copied with some options."""
    return command(path, "-i", part(path, "mp4", codec), "-c", "copy", *options, "-f", form)


def cut(path: Path, last_bytes: int) -> Path:
    """The file without its last bytes, as a broken transfer leaves it."""
    path.write_bytes(path.read_bytes()[:-last_bytes])
    return path


def behind(path: Path, junk: bytes) -> Path:
    """The file with something behind its end."""
    path.write_bytes(path.read_bytes() + junk)
    return path


def resized(path: Path, form: str, codec: str, sizes: Sequence[tuple[int, int]]) -> Path:
    """A clip of six pictures of each size: one track, whose header knows the first size alone."""
    how = CODECS[codec]
    base = Fraction(1, how.rate)
    with av.open(str(path), "w", format=form) as container:
        stream = container.add_stream(how.encoder, rate=how.rate)
        assert isinstance(stream, av.VideoStream)
        (stream.width, stream.height), stream.pix_fmt = sizes[0], how.pix_fmt
        stream.codec_context.time_base = base
        for place, size in enumerate(sizes):
            encoder = av.CodecContext.create(how.encoder, "w")
            assert isinstance(encoder, av.VideoCodecContext)
            (encoder.width, encoder.height), encoder.pix_fmt = size, how.pix_fmt
            encoder.time_base, encoder.framerate = base, Fraction(how.rate)
            encoder.options = dict(how.options)
            packets = []
            for number in range(6 * place, 6 * place + 6):
                frame = av.VideoFrame.from_ndarray(numbered(number, *size), format="rgb24")
                frame.pts, frame.time_base = number, base
                packets += encoder.encode(frame)
            for packet in packets + encoder.encode(None):
                packet.stream, packet.time_base = stream, base
                container.mux(packet)
    return path


def with_packets(
    path: Path, form: str, codec: str, packets: Sequence[bytes], pix_fmt: str = "yuvj420p"
) -> Path:
    """A clip of pictures that are encoded already, each by itself, ten a second."""
    with av.open(str(path), "w", format=form) as container:
        stream = container.add_stream(codec, rate=10)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pix_fmt
        for place, content in enumerate(packets):
            packet = av.Packet(content)
            packet.pts = packet.dts = place
            packet.time_base, packet.stream = Fraction(1, 10), stream
            packet.is_keyframe = True
            container.mux(packet)
    return path


def in_fields(path: Path, form: str) -> Path:
    """A clip of a capture card: each packet holds two JPEGs, of the even and of the odd rows."""
    packets = []
    for number in range(12):
        rows = numbered(number)
        fields = []
        for parity in (0, 1):
            field = _jpeg(rows[parity::2])
            mark = b"\xff\xe0" + struct.pack(">H4sB", 16, b"AVI1", parity + 1) + bytes(9)
            fields.append(field[:2] + mark + field[2:])
        packets.append(b"".join(fields))
    return with_packets(path, form, "mjpeg", packets)


def with_exif(path: Path, form: str) -> Path:
    """A clip of a camera: every JPEG in it has an EXIF header that tells the camera's name."""
    exif = Image.Exif()
    exif[0x010F] = "A camera"
    packets = [_jpeg(numbered(number), exif=exif) for number in range(12)]
    return with_packets(path, form, "mjpeg", packets)


def with_palette(path: Path, form: str, codec: str) -> Path:
    """A clip of eight bits for each point, whose palette runs from white to black."""
    levels = np.arange(255, -1, -1, dtype=np.uint8)
    palette = np.stack([np.full(256, 255, np.uint8), levels, levels, levels], axis=1)
    with av.open(str(path), "w", format=form) as container:
        stream = container.add_stream(codec, rate=10)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "pal8"
        for number in range(12):
            indices = np.ascontiguousarray(255 - numbered(number)[:, :, 0])
            frame = av.VideoFrame.from_ndarray((indices, palette), format="pal8")  # type: ignore[arg-type]
            frame.pts, frame.time_base = number, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def of_depth(path: Path, form: str, codec: str, bits: int) -> Path:
    """A grey clip of 16 bits for each point, of which only the lowest `bits` are used."""
    pix_fmt = "gray16be" if codec == "png" else "gray16le"
    with av.open(str(path), "w", format=form) as container:
        stream = container.add_stream(codec, rate=10)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, pix_fmt
        for number in range(12):
            grey = numbered(number)[:, :, 0].astype(np.uint32) * ((1 << bits) - 1) // 255
            frame = av.VideoFrame.from_ndarray(grey.astype(np.uint16), format="gray16le")
            frame.pts, frame.time_base = number, Fraction(1, 10)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def with_sound(path: Path, form: str, codec: str, *, first: bool) -> Path:
    """A clip with a track of sound before or behind its pictures."""
    sound = ("-f", "lavfi", "-i", "sine=duration=1:sample_rate=8000")
    coded = {"avi": "pcm_s16le", "mpeg": "mp2", "webm": "libopus"}.get(form, "aac")
    order = ("-map", "1:a", "-map", "0:v") if first else ("-map", "0:v", "-map", "1:a")
    return command(
        path, "-i", part(path, form, codec), *sound, *order,
        "-c:v", "copy", "-c:a", coded, "-ar", "48000", "-f", form,
    )  # fmt: skip


def with_subtitles(path: Path, form: str) -> Path:
    """A clip with subtitles in a track before its pictures."""
    lines = path.with_suffix(".srt")
    lines.write_text("1\n00:00:00,000 --> 00:00:01,000\nleft lung\n")
    coded = "mov_text" if form in ("mp4", "mov") else "srt"
    return command(
        path, "-i", part(path, "mp4", "h264 B"), "-i", lines, "-map", "1", "-map", "0",
        "-c", "copy", "-c:s", coded, "-f", form,
    )  # fmt: skip


def with_cover(path: Path, form: str, *, first: bool = False) -> Path:
    """A clip with a larger picture on its cover."""
    cover = path.with_suffix(".jpg")
    Image.fromarray(numbered(200, 160, 120)).save(cover)
    whole = part(path, "mp4", "h264 B")
    if form == "matroska":
        return command(
            path, "-i", whole, "-c", "copy", "-attach", cover,
            "-metadata:s:t", "mimetype=image/jpeg", "-f", form,
        )  # fmt: skip
    order = ("-map", "1", "-map", "0") if first else ("-map", "0", "-map", "1")
    which = f"-disposition:v:{0 if first else 1}"
    return command(
        path, "-i", whole, "-i", cover, *order, "-c", "copy", which, "attached_pic", "-f", form
    )


def with_thumbnail(path: Path, form: str) -> Path:
    """A clip whose first track is one picture, larger than those of the second."""
    first = clip(path.with_name("thumb"), "mov", "mjpeg", numbers=[200], size=(160, 120))
    return _tracks(path, form, first, part(path, "mp4", "h264 B"))


def of_two_tracks(path: Path, form: str, codec: str, chosen: int | None = None) -> Path:
    """Pictures from 0 on in one track and from 50 on in another, marked as the default or not."""
    tracks = (part(path, form, codec), part(path, form, codec, 50))
    marks: list[str] = []
    for place in (0, 1) if chosen is not None else ():
        marks += [f"-disposition:v:{place}", "default" if place == chosen else "0"]
    return _tracks(path, form, *tracks, options=marks)


def _tracks(path: Path, form: str, *tracks: Path, options: Sequence[str] = ()) -> Path:
    inputs = [part for track in tracks for part in ("-i", track)]
    maps = [part for place in range(len(tracks)) for part in ("-map", str(place))]
    return command(path, *inputs, *maps, "-c", "copy", *options, "-f", form)


def with_hidden(path: Path, hidden: Sequence[int]) -> Path:
    """A WebM of whose pictures some are stored to be referred to, and never shown."""
    whole = part(path, "webm", "vp8")
    with av.open(str(whole)) as source, av.open(str(path), "w", format="webm") as container:
        stream = container.add_stream_from_template(source.streams.video[0])
        packets = (each for each in source.demux(source.streams.video[0]) if each.size)
        for place, packet in enumerate(packets):
            content = bytearray(bytes(packet))
            if place in hidden:
                content[0] &= ~_SHOW_FRAME
            changed = av.Packet(bytes(content))
            changed.pts, changed.dts, changed.time_base = packet.pts, packet.dts, packet.time_base
            changed.is_keyframe, changed.stream = packet.is_keyframe, stream
            container.mux(changed)
    return path


def without_index(path: Path, codec: str) -> Path:
    """An AVI whose index is not there, as after a crash of the writer."""
    content = clip(path, "avi", codec).read_bytes()
    content = content[: content.rindex(b"idx1")]
    flags = content.index(b"avih") + 8 + 12
    (old,) = struct.unpack_from("<I", content, flags)
    content = content[:flags] + struct.pack("<I", old & ~0x10) + content[flags + 4 :]
    path.write_bytes(content[:4] + struct.pack("<I", len(content) - 8) + content[8:])
    return path


def _jpeg(picture: np.ndarray, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(picture).save(file, "JPEG", quality=95, **options)
    return file.getvalue()
