"""Make the exchange of a call and its answer."""

from __future__ import annotations

from pgagents.http import Silence
from pgagents.model.action import Action
from pgagents.verify.run.sending.ready import Ready
from pgagents.verify.run.sending.routes import Routes
from pgagents.verify.run.sending.transmission import Received
from pgagents.verify.wire.exchange import Exchange

CRASHED = 500


class ExchangeMaker:
    """Makes exchanges whose errors and limits are read as the catalogue says.

    `bought` has, by action, the number of calls that moved money or sent something, and of those without an
    answer that may have. A repeated call with an idempotency key that was accepted before counts once.
    `acted` has the same for GETs that act by their words and that the caller permitted.
    """

    def __init__(self, routes: Routes) -> None:
        self.routes = routes
        self.bought: dict[str, tuple[int, int]] = {}
        self.acted: dict[str, tuple[int, int]] = {}
        self._keys: set[tuple[str, str]] = set()

    def make(self, ready: Ready, received: Received) -> Exchange:
        """Return the exchange of a call; its input has the defaults of the arguments that were left out."""
        call, model = ready.call, self.routes.setting.model
        full = dict(ready.values)
        for param in call.endpoint.params if call.endpoint else ():
            if str(param.name) not in full and "default" in param.schema:
                full[str(param.name)] = param.schema["default"]
        exchange = Exchange(
            received.number,
            call,
            full,
            received.request,
            received.answer,
            seconds=received.seconds,
            sent_at=received.sent_at,
            codes=model.codes,
            errors=model.error_reader,
            limits=model.limit_reader,
            subject=ready.subject,
            base=self.routes.find_base(call),
        )
        exchange.overlapped = received.overlapped
        exchange.server_ended = received.server_ended
        self._count(exchange)
        return exchange

    def _count(self, exchange: Exchange) -> None:
        endpoint, answer = exchange.call.endpoint, exchange.answer
        counts = self._find_counts(endpoint.action) if endpoint is not None else None
        if endpoint is None or counts is None:
            return
        lost = answer.kind != "refused" if isinstance(answer, Silence) else exchange.status >= CRASHED
        if not exchange.success and not lost:
            return
        name = str(endpoint.action.name)
        key = (name, str(exchange.input.get(endpoint.action.idempotency or "", "")))
        if exchange.success and key[1]:
            if key in self._keys:
                return
            self._keys.add(key)
        done, perhaps = counts.get(name, (0, 0))
        counts[name] = (done + 1, perhaps) if exchange.success else (done, perhaps + 1)

    def _find_counts(self, action: Action) -> dict[str, tuple[int, int]] | None:
        """Return where the calls of an action are counted; None if nothing of them stays."""
        if action.costs or action.sends:
            return self.bought
        model = self.routes.setting.model
        undone = (
            r.made_by is not None and r.made_by.action is action and r.undone_by is not None
            for r in model.resources.values()
        )
        acts = model.withheld.find(str(action.name)) is not None
        return self.acted if acts and not any(undone) else None
