"""One Predictor for each worker process, loaded once, before its first screening."""

from functools import cache

from models.screen import Scores


@cache
def load() -> Scores:
    """The five models of the active artifact, loaded at the first call.

    The import stands here because the engine's threads do not survive a fork: the process that
    forks the others must never have loaded it.
    """
    from models.predict import Predictor

    return Predictor.load()
