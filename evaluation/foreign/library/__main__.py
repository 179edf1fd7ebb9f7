"""Start the server: `python -m evaluation.foreign.library --port 8000`."""

import argparse
import socket

import uvicorn

from ..planting import add_options, plant_or_list
from .app import create_app
from .bugs import BUGS


def main() -> None:
    """Read the options, listen, and serve until interrupted."""
    parser = argparse.ArgumentParser(prog="library", description="Staging of the Lending Desk API.")
    add_options(parser, BUGS)
    parser.add_argument("--seed", type=int, help="seed of the random request ids")
    parser.add_argument("--bucket", type=int, default=600, help="calls that each key can make at once")
    options = parser.parse_args()
    if plant_or_list(options, BUGS):
        return
    app = create_app(bucket=options.bucket, random_seed=options.seed)
    listener = socket.socket(
        proto=socket.IPPROTO_TCP
    )  # asyncio sends small answers at once only if it is told TCP
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((options.host, options.port))
    listener.listen(128)
    print(f"http://{options.host}:{listener.getsockname()[1]}/v1", flush=True)
    config = uvicorn.Config(app, http="h11", log_level="warning", access_log=False)
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
