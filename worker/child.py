"""A child process that does heavy work in Python and answers in lines of JSON."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import structlog

log = structlog.get_logger(__name__)

GRACE_S = 5.0


class RefusedError(Exception):
    """The child says, in a sentence for people, that this cannot be done."""


class DiedError(Exception):
    """The child ended without an answer, for example because it ran out of memory."""


class StoppedError(Exception):
    """The child was ended because its answer is no longer needed."""


def run(
    module: str,
    request: dict[str, Any],
    report: Callable[[str, int, int], None],
    stop: threading.Event,
) -> dict[str, Any]:
    """Run `python -m module request` to its end and return its result.

    The child ends with this process, however that ends: its standard input is a pipe of ours.

    Args:
        module: see `models.training.retrain` for what it reads and writes.
        request: plain JSON values.
        report: called with a stage, the steps of it that are done, and their number.
        stop: the child is ended when this is set.

    Raises:
        RefusedError, DiedError, StoppedError
    """
    process = subprocess.Popen(  # noqa: S603  # our own module
        [sys.executable, "-m", module, json.dumps(request)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    over = threading.Event()
    watch = threading.Thread(target=_watch, args=(process, stop, over), daemon=True)
    watch.start()
    answer: dict[str, Any] = {}
    try:
        assert process.stdout is not None  # noqa: S101  # a pipe, as asked for
        for line in process.stdout:
            message = _parsed(line)
            if "stage" in message:
                report(message["stage"], message["done"], message["total"])
            answer = message if "stage" not in message else answer
        process.wait()
    finally:
        over.set()
        watch.join()
        _end(process)
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                pipe.close()
    if stop.is_set():
        raise StoppedError
    if "error" in answer:
        raise RefusedError(answer["error"])
    if process.returncode or "result" not in answer:
        raise DiedError(f"status {process.returncode}")
    result: dict[str, Any] = answer["result"]
    return result


def _parsed(line: str) -> dict[str, Any]:
    try:
        message = json.loads(line)
    except ValueError:
        message = None
    if not isinstance(message, dict):
        log.info("child_output", line=line.rstrip()[:500])
        return {"stage": "", "done": 0, "total": 0}
    return message


def _watch(process: "subprocess.Popen[str]", stop: threading.Event, over: threading.Event) -> None:
    while not over.wait(0.2):
        if stop.is_set():
            _end(process)
            return


def _end(process: "subprocess.Popen[str]") -> None:
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(GRACE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
