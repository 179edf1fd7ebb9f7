"""Make the exchange of a call and its answer."""

from __future__ import annotations

from dataclasses import dataclass

from pgagents.verify.run.sending.ready import Ready
from pgagents.verify.run.sending.routes import Routes
from pgagents.verify.run.sending.transmission import Received
from pgagents.verify.wire.exchange import Exchange


@dataclass(frozen=True, slots=True)
class ExchangeMaker:
    """Makes exchanges whose errors and limits are read as the catalogue says."""

    routes: Routes

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
        return exchange
