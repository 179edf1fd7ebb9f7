"""Start the server: `python -m evaluation.foreign.payments --port 8000`."""

import argparse

from werkzeug.serving import WSGIRequestHandler, make_server

from ..planting import add_options, plant_or_list
from .app import create_app
from .bugs import BUGS


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
    add_options(parser, BUGS)
    parser.add_argument("--seed", type=int, help="seed of ids, secrets and cursors")
    parser.add_argument("--quota", type=int, default=600, help="calls of each key in 60 seconds")
    options = parser.parse_args()
    if plant_or_list(options, BUGS):
        return
    app = create_app(quota=options.quota, random_seed=options.seed)
    server = make_server(options.host, options.port, app, threaded=True, request_handler=QuietHandler)
    print(f"http://{options.host}:{server.server_port}/v1", flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
