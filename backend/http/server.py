"""The web server: uvicorn, which also ends event streams when it stops."""

import gc
import socket
from contextlib import suppress

import uvicorn
from fastapi import FastAPI

from backend.core.settings import Settings

GRACEFUL_SHUTDOWN_S = 5
"""Requests still running this long after the server was told to stop are cut off."""


class Server(uvicorn.Server):
    """Serves the application on the settings' host and port.

    Told to stop, it takes nothing new, finishes what runs, and closes the event streams, which
    would otherwise stay until they are cut off. A browser whose stream was closed opens it
    again, on the server that comes next.
    """

    def __init__(self, app: FastAPI, settings: Settings) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                host=settings.host,
                port=settings.port,
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=GRACEFUL_SHUTDOWN_S,
            )
        )
        self._app = app

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close the streams, then stop as uvicorn does."""
        await self._app.state.end_streams()
        await super().shutdown(sockets)


def serve(app: FastAPI, settings: Settings) -> None:
    """Serve until SIGINT or SIGTERM.

    Raises:
        SystemExit: the server could not start; its log lines tell why.
    """
    server = Server(app, settings)
    # What was imported stays: going through it at every full collection stopped requests for 0.1 s.
    gc.collect()
    gc.freeze()
    with suppress(KeyboardInterrupt):
        server.run()
    if not server.started:
        raise SystemExit(1)
