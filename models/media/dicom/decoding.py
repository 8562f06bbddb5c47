"""Decoding in a child process, which may crash: the file is then unreadable, and nothing else."""

import json
import os
import select
import subprocess
import sys
import time
import weakref
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

import numpy as np

from models.media import limits
from models.media.dicom.messages import ERROR, HEAD, PICTURE, undecodable
from models.media.formats import MediaError
from models.media.square import Picture

_CHILD = "models.media.dicom.child"
_KEPT = ("PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "LANG", "TMPDIR")
"""Variables that the child gets: no password and no address of a service is among them."""

_ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}


class Decoder:
    """Decodes frames of one file in a child process, which starts with the first of them.

    The child serves one read after the other and ends with this object; one whose read is given
    up, or that fails, is ended at once and replaced.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: list[subprocess.Popen[bytes]] = []
        # Not at the end of this process: the child then sees the end of its input, and a forked
        # copy of this process must not end what it did not start.
        weakref.finalize(self, _end_all, self._idle).atexit = False

    def read(self, indices: Sequence[int]) -> Iterator[Picture]:
        """The pictures at these indices, as stored: uint8 RGB (rows, columns, 3).

        Raises:
            MediaError: the file cannot be read, or decoding it took too much time or memory.
        """
        if not indices:
            return
        process = self._idle.pop() if self._idle else _start(self._path)
        pipe = process.stdout
        assert pipe is not None  # noqa: S101  # asked for in `_start`
        try:
            _send(process, list(indices))
            for _ in indices[:-1]:
                yield _picture(pipe)
            last = _picture(pipe)
        except BaseException as error:
            _end_all([process])
            if isinstance(error, BrokenPipeError):
                raise undecodable() from error
            raise
        # Before the last picture, after which a caller may ask for nothing more.
        self._idle.append(process)
        yield last


def _start(path: Path) -> "subprocess.Popen[bytes]":
    process = subprocess.Popen(  # noqa: S603  # our own module
        [sys.executable, "-m", _CHILD],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        # Libraries quote the header there.
        stderr=subprocess.DEVNULL,
        env={name: os.environ[name] for name in _KEPT if name in os.environ} | _ONE_THREAD,
    )
    try:
        _send(process, str(path.resolve()))
    except BrokenPipeError as error:
        _end_all([process])
        raise undecodable() from error
    return process


def _send(process: "subprocess.Popen[bytes]", request: str | list[int]) -> None:
    assert process.stdin is not None  # noqa: S101  # asked for in `_start`
    process.stdin.write(json.dumps(request).encode() + b"\n")
    process.stdin.flush()


def _end_all(processes: "list[subprocess.Popen[bytes]]") -> None:
    while processes:
        process = processes.pop()
        process.kill()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                # What is left in its buffer belongs to nobody any more.
                with suppress(BrokenPipeError):
                    pipe.close()
        process.wait()


def _picture(pipe: IO[bytes]) -> Picture:
    """The next picture that the child writes."""
    kind, first, second = HEAD.unpack(_read(pipe, HEAD.size))
    if kind == ERROR:
        raise MediaError(*json.loads(_read(pipe, first)))
    if kind != PICTURE or first * second > limits.LIMITS.image_pixels:
        raise undecodable()
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
            raise undecodable()
        done += got
    return content
