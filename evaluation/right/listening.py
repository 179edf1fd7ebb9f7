"""Starts a server on a free port of this machine, and prints its address as the first line."""

from __future__ import annotations

import socket
from typing import Any


def serve_wsgi(app: Any) -> None:
    """Serve a WSGI application until the process is killed."""
    from werkzeug.serving import WSGIRequestHandler, make_server

    class Handler(WSGIRequestHandler):
        """Handles calls without a line of log for each, and sends small answers at once."""

        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
            """Log nothing."""

    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=Handler)
    print(f"http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()


def serve_asgi(app: Any) -> None:
    """Serve an ASGI application until the process is killed."""
    import uvicorn

    listener = socket.create_server(("127.0.0.1", 0))
    print(f"http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    uvicorn.run(app, fd=listener.fileno(), log_level="critical")
