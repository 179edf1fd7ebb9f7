"""The application, put together."""

import random

from flask import Flask

from .auth import ACCOUNTS, RateLimit
from .clock import Clock
from .errors import install_error_handlers
from .idempotency import StoredAnswers
from .service import Service
from .storage import ALPHABET, Store, seed
from .views import CustomerIdConverter, v1

MAX_BODY = 32_768


def create_app(*, quota: int = 600, random_seed: int | None = None) -> Flask:
    """An application with the first data of the test place."""
    app = Flask("coinpost", static_folder=None)
    app.config.update(MAX_CONTENT_LENGTH=MAX_BODY, PROVIDE_AUTOMATIC_OPTIONS=False)
    app.json.sort_keys = False  # type: ignore[attr-defined]
    app.url_map.merge_slashes = False
    app.url_map.converters["customer_id"] = CustomerIdConverter
    rng, clock = random.Random(random_seed), Clock()
    store = Store(rng)
    seed(store, clock())
    app.extensions.update(
        coinpost=Service(store, clock, rng),
        rate_limit=RateLimit(quota),
        accounts=ACCOUNTS,
        stored_answers=StoredAnswers(clock),
        new_request_id=lambda: "req_" + "".join(rng.choices(ALPHABET, k=16)),
    )
    app.register_blueprint(v1)
    install_error_handlers(app)
    return app
