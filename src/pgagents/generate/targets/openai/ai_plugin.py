"""The plugin manifest `ai-plugin.json` v1, today a convention for discovery under `/.well-known/`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pgagents.base.places import Node, Text
from pgagents.catalogue.model.credential import AUTHORIZATION, Credential
from pgagents.catalogue.model.model import Model
from pgagents.generate.addresses import find_hosted_url, with_extra
from pgagents.generate.hosts import choose_for_gpt
from pgagents.generate.target import Note, Target, View

# the docs' field table and their list of limits differ: a text over the lower limit may be cut, over the
# higher it is refused
_MAY_BE_CUT = {"name_for_human": 20, "description_for_human": 100}
_FORMS = {"Bearer ": "bearer", "Basic ": "basic"}
"""Forms of a credential that `authorization_type` names, by the text before the key."""


def view(model: Model) -> View:
    """Return the manifest.

    The surface's `namespace` is the name for models; its `auth` and `instructions` describe the sign-in.
    """
    surface = model.surfaces["ai_plugin"]
    sign_in = choose_for_gpt(model, model.surfaces.get("openai", surface))
    auth = Node(surface.auth or _sign_in(sign_in.credential), origin=surface.auth.origin)
    if surface.instructions:
        auth["instructions"] = surface.instructions
    url = find_hosted_url(model, surface.published_spec or Text("openai/openapi.yaml", surface.origin))
    members: dict[str, Any] = {
        "name_for_human": surface.human_name or model.text("api", "title"),
        "name_for_model": surface.namespace or model.text("api", "id"),
        "description_for_human": surface.description or model.text("api", "for_people"),
        "description_for_model": model.text("api", "for_models"),
        "auth": auth,
        "api": Node({"type": "openapi", "url": url}, origin=(*surface.origin, "published_spec")),
    }
    given = {"logo_url": "logo", "contact_email": "contact", "legal_info_url": "terms"}
    members |= {ours: model.text("api", key) for ours, key in given.items() if getattr(model.api, key)}
    document = with_extra(Node(members, origin=surface.origin), surface)
    wrong = [*sign_in.falsehoods, *_falsehoods(sign_in.credential, auth)][-1:]
    return View(document, notes=tuple(_notes(document)), falsehoods=tuple(wrong))


def _sign_in(credential: Credential | None) -> dict[str, str]:
    """Return how users sign in. If the manifest has no exact form, return the nearest one."""
    if credential is None:
        return {"type": "none"}
    return {"type": "user_http", "authorization_type": _FORMS.get(credential.lead, "bearer")}


def find_form(credential: Credential) -> str:
    """Return the manifest's word for the form of a credential; empty if it has none."""
    exact = credential.header == AUTHORIZATION and not credential.tail and credential.exchange is None
    return _FORMS.get(credential.lead, "") if exact else ""


def _falsehoods(credential: Credential | None, auth: Node) -> Iterator[Note]:
    """Yield false claims of the manifest about the credential."""
    said = auth.get("authorization_type")
    if said is None:
        return
    own = find_form(credential) if credential is not None else ""
    if credential is None:
        message, help = f"it says `{said}`, and no call has a key", "write `auth: {type: none}`"
    elif not own:
        message = f"it knows Bearer and Basic only, and calls send `{credential.show()}`"
        help = "take the surface `ai_plugin` out: no host could call the API by it"
    elif own != said:
        message, help = (
            f"it says `{said}`, and calls send `{credential.show()}`",
            f"write `{own}`, or nothing",
        )
    else:
        return
    yield Note(auth.origin if auth.origin else ("surfaces", "ai_plugin"), f"ai-plugin.json: {message}", help)


def _notes(document: Node) -> list[Note]:
    """Return notes about texts that may be cut and about a document without a public URL."""
    notes = [
        Note(
            getattr(document[key], "origin", document.origin),
            f"{key} has {len(document[key])} characters; the manifest's field table allows {most}",
            "shorten it, or give the surface its own wording",
        )
        for key, most in _MAY_BE_CUT.items()
        if len(document[key]) > most
    ]
    url = document["api"]["url"]
    if "://" not in url:
        notes.append(
            Note(
                ("api", "hosted"),
                f"`{url}` is hosted nowhere, so the manifest has no URL for it",
                f"add `{url}: /…` under `api.hosted`",
            )
        )
    return notes


TARGET = Target(
    "OpenAI plugin manifest v1", ("openai/ai-plugin.json",), view, surface="ai_plugin", lists_actions=False
)
