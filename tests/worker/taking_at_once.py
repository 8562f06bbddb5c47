"""Worker processes that take in a file each, in step: what one does, the others do as well."""

import multiprocessing
from multiprocessing.synchronize import Barrier
from typing import Any

import structlog

WAIT_S = 60.0


def take_in_at_once(processes: int) -> None:
    """Run `take_in` in so many processes; each waits for the others with every file it unpacked.

    Raises:
        AssertionError: a process ended in an error, or never came to the end.
    """
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(processes)
    running = [context.Process(target=_take_in, args=(barrier,)) for _ in range(processes)]
    for each in running:
        each.start()
    for each in running:
        each.join(2 * WAIT_S)
        each.kill()
    assert [each.exitcode for each in running] == [0] * processes


def _take_in(barrier: Barrier) -> None:
    from worker import intake

    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    take = intake._take

    def in_step(*given: Any) -> None:
        barrier.wait(WAIT_S)
        take(*given)
        barrier.wait(WAIT_S)

    intake._take = in_step  # type: ignore[assignment]  # the same, later
    intake.take_in.run("")
