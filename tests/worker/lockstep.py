"""Worker processes that do the same task in lockstep: where one is, the others are as well."""

import multiprocessing
from importlib import import_module
from multiprocessing.synchronize import Barrier
from typing import Any

import structlog

WAIT_S = 60.0


def run_in_lockstep(task: str, step: str, processes: int = 2) -> None:
    """Run a task once in several processes.

    Args:
        task: such as `worker.uploads.task:import_upload`; it takes whatever waits.
        step: such as `worker.uploads.task:_take`, which each of them calls equally often: before it
            begins and after it ends, each waits for the others.
        processes: how many.

    Raises:
        AssertionError: a process ended in an error, or never came to the end.
    """
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(processes)
    running = [context.Process(target=_run, args=(task, step, barrier)) for _ in range(processes)]
    for process in running:
        process.start()
    for process in running:
        process.join(2 * WAIT_S)
        process.kill()
    assert [process.exitcode for process in running] == [0] * processes


def _run(task: str, step: str, barrier: Barrier) -> None:
    from tests.worker.stand_in import StandIn
    from worker import predictor

    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    predictor.load = StandIn
    owner, name = _resolve(step)
    real = getattr(owner, name)

    def synchronised(*given: Any, **named: Any) -> Any:
        barrier.wait(WAIT_S)
        answer = real(*given, **named)
        barrier.wait(WAIT_S)
        return answer

    setattr(owner, name, synchronised)
    owner, name = _resolve(task)
    getattr(owner, name).run("")


def _resolve(place: str) -> tuple[Any, str]:
    """What has the name that `module:some.name` ends with, and that name."""
    module, _, path = place.partition(":")
    *parts, name = path.split(".")
    owner: Any = import_module(module)
    for part in parts:
        owner = getattr(owner, part)
    return owner, name
