"""Waiting for what another process or thread does, as long as it takes and no longer."""

import time
from collections.abc import Callable
from typing import Any


def wait_until(
    what: Callable[[], Any],
    within_s: float = 90,
    every_s: float = 0.05,
    progress: Callable[[], Any] | None = None,
) -> Any:
    """What `what` returns, once that is true. Raises AssertionError when time is up.

    With `progress`, the time begins anew whenever what it returns has changed: long work on a busy
    machine may take as long as it needs, while it goes on.
    """
    seen = progress and progress()
    since = time.monotonic()
    while not (found := what()):
        if progress and (now := progress()) != seen:
            seen, since = now, time.monotonic()
        assert time.monotonic() - since < within_s, f"not within {within_s} s: {what}, {seen}"
        time.sleep(every_s)
    return found
