"""Decoding in a child process, which may crash: the file is then unreadable, and nothing else."""

import json
import os
import select
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import IO

import numpy as np

from models.media import limits
from models.media.dicom.messages import ERROR, HEAD, PICTURE
from models.media.formats import MediaError
from models.media.square import Picture

_CHILD = "models.media.dicom.child"
_KEPT = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "LANG", "TMPDIR")
"""Variables that the child gets: no password and no address of a service is among them."""

_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


def decode(path: Path, indices: Sequence[int]) -> Iterator[Picture]:
    """The pictures at these indices, upright pixels as stored: uint8 RGB (rows, columns, 3).

    Raises:
        MediaError: the file cannot be read, or decoding it took too much time or memory.
    """
    if not indices:
        return
    process = subprocess.Popen(  # noqa: S603  # our own module
        [sys.executable, "-m", _CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # Libraries quote the header there.
        stderr=subprocess.DEVNULL,
        env={name: os.environ[name] for name in _KEPT if name in os.environ} | _ONE_THREAD,
    )
    assert process.stdin is not None  # noqa: S101  # pipes, as asked for
    assert process.stdout is not None  # noqa: S101
    try:
        with process.stdin as stdin:
            request = {"path": str(path.resolve()), "indices": list(indices)}
            stdin.write(json.dumps(request).encode() + b"\n")
        for _ in indices:
            yield _picture(process.stdout)
    except BrokenPipeError as error:
        raise _crashed() from error
    finally:
        process.kill()
        process.stdout.close()
        process.wait()


def _picture(pipe: IO[bytes]) -> Picture:
    """The next picture that the child writes."""
    kind, first, second = HEAD.unpack(_read(pipe, HEAD.size))
    if kind == ERROR:
        raise MediaError(*json.loads(_read(pipe, first)))
    if kind != PICTURE or first * second > limits.LIMITS.image_pixels:
        raise _crashed()
    content = _read(pipe, first * second * 3)
    return np.frombuffer(content, dtype=np.uint8).reshape(first, second, 3)


def _read(pipe: IO[bytes], count: int) -> bytearray:
    """So many bytes of a pipe, waiting for each of them no longer than a frame may take."""
    content = bytearray(count)
    view = memoryview(content)
    until = time.monotonic() + limits.LIMITS.decoder_start_s + limits.LIMITS.decoder_frame_s
    done = 0
    while done < count:
        ready, _, _ = select.select([pipe], [], [], max(0.0, until - time.monotonic()))
        got = os.readv(pipe.fileno(), [view[done:]]) if ready else 0
        if not got:
            raise _crashed()
        done += got
    return content


def _crashed() -> MediaError:
    return MediaError(
        "unreadable_file",
        "The pixels of this DICOM file could not be decoded: they may be damaged, or need too much "
        "time or memory. Export it again, or export the picture as PNG or the clip as MP4.",
    )
