"""Refuse connections without the client certificate that an action needs."""

from __future__ import annotations

from pgagents.http import Handler, Request, Response, Silence
from pgagents.sandbox.front import CERTIFICATE, OURS, SCHEME, Front

REFUSED = Silence("tls", "a client certificate of this API's authority is required")


def require_certificate(front: Front) -> Handler:
    """Return the API's handler, which answers a call over TLS only if it has the certificate it needs.

    The failed handshake is not simulated: there is no answer.
    """
    if front.model.certificate is None:
        return front

    def handle(request: Request) -> Response | Silence:
        over_tls = request.header(SCHEME) == "https"
        if over_tls and request.header(CERTIFICATE) != OURS and _is_needed(front, request):
            return REFUSED
        return front(request)

    return handle


def _is_needed(front: Front, request: Request) -> bool:
    """Return whether calls of a path and method need the certificate. Unknown paths follow the majority."""
    match = front.routes.match(request.path)
    route = match.methods.get(request.method) if match is not None else None
    if route is None or route.action is None:
        return front.model.certificate_shared
    return route.action.certificate
