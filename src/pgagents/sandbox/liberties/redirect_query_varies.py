"""A client may be sent back to an address that it registered with a query of its own besides, as RFC 6749 (3.1.2.2) allows."""

from __future__ import annotations

from dataclasses import replace

from pgagents.sandbox import meddle, oauth_clients
from pgagents.sandbox.oddity import Context
from pgagents.wire import Handler, Request

POINT = "redirect_uris"


def wrap(handler: Handler, context: Context) -> Handler:
    """Register what is asked for, if it differs from a registered address in its query alone."""
    oauth, store = context.model.auth.oauth, context.front.store

    def repair(request: Request) -> Request:
        asked = dict(request.query) if oauth is not None and request.path == oauth.authorize else {}
        uri, client = asked.get("redirect_uri", ""), oauth_clients.find(store, asked.get("client_id", ""))
        if client is not None and uri not in client.redirect_uris and uri.partition("?")[0] in client.redirect_uris:
            with store.transaction():
                oauth_clients.save(store, replace(client, redirect_uris=(*client.redirect_uris, uri)))
        return request

    return meddle.repairs(handler, repair)
