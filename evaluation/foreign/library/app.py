"""The application, put together."""

import random

from fastapi import FastAPI

from .clock import Clock
from .desk import Desk
from .keys import Keys
from .middleware import AnswerHeaders
from .problems import install_handlers
from .routes import operator_router, router
from .storage import Store, seed


def create_app(*, bucket: int = 600, random_seed: int | None = None) -> FastAPI:
    """An application with staging's first data."""
    app = FastAPI(openapi_url=None, redirect_slashes=False)
    clock, store = Clock(), Store()
    seed(store, clock.now())
    app.state.desk = Desk(store, clock)
    app.state.keys = Keys(bucket)
    app.include_router(router)
    app.include_router(operator_router)
    app.add_middleware(AnswerHeaders, random_bits=random.Random(random_seed).getrandbits)
    install_handlers(app)
    return app
