"""Start the server: `python -m foreign.payments --port 8000`."""

import argparse

from werkzeug.serving import WSGIRequestHandler, make_server

from .app import create_app
from .bugs import BUGS, plant


class QuietHandler(WSGIRequestHandler):
    """Handles requests without a line of log for each, and sends small answers at once."""

    disable_nagle_algorithm = True

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Log nothing."""


def main() -> None:
    """Read the options, listen, and serve until interrupted."""
    parser = argparse.ArgumentParser(
        prog="payments", description="The test place of the Coinpost Payments API."
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8000, help="0 takes a free one")
    parser.add_argument("--seed", type=int, help="seed of ids, secrets and cursors")
    parser.add_argument("--quota", type=int, default=600, help="calls of each key in 60 seconds")
    parser.add_argument("--bug", choices=sorted(BUGS), metavar="NAME", help="a bug to start with")
    parser.add_argument("--bugs", action="store_true", help="list the bugs")
    options = parser.parse_args()
    if options.bugs:
        for name, bug in sorted(BUGS.items()):
            print(name, *bug, sep="\t")
        return
    if options.bug:
        plant(options.bug)
    app = create_app(quota=options.quota, random_seed=options.seed)
    server = make_server(options.host, options.port, app, threaded=True, request_handler=QuietHandler)
    print(f"http://{options.host}:{server.server_port}/v1", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
