"""llms.txt: an overview of the API for models, with links to details. https://llmstxt.org/, read
2026-11-20.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from pgagents.base.places import Text
from pgagents.catalogue.model.action import Action
from pgagents.catalogue.model.credential import Credential
from pgagents.catalogue.model.model import Model
from pgagents.generate.actions import describe_former_names, describe_job
from pgagents.generate.addresses import (
    AI_CATALOG,
    API_CATALOG,
    ARD,
    LLMS,
    SERVER_CARD,
    SKILL_FILES,
    SKILLS_INDEX,
    find_hosted_url,
)
from pgagents.generate.hosts import is_nobodys
from pgagents.generate.target import Target, View

JSON = "application/json"
_TITLES = {
    "openapi/openapi.json": ("OpenAPI 3.1, JSON", "every operation, error and header"),
    "openapi/openapi.yaml": ("OpenAPI 3.1, YAML", "every operation, error and header"),
    "openai/openapi.yaml": ("OpenAPI for GPT Actions", "what the GPT builder imports"),
    "openai/openapi.json": ("OpenAPI for GPT Actions, JSON", "what the GPT builder imports"),
    "openai/ai-plugin.json": ("Plugin manifest", "name, description, sign-in"),
    "copilot/openapi-3.0.yaml": ("OpenAPI 3.0 for Copilot", "what a Microsoft 365 plugin runs on"),
    SERVER_CARD: ("MCP server card", "name and address of the MCP server"),
    AI_CATALOG: ("AI catalogue", "what agents can use of this host"),
    SKILLS_INDEX: ("Skills index", "all skills, each with its digest"),
    API_CATALOG: ("API catalogue", "links to all descriptions of the API"),
}
_UNNAMED = (ARD, LLMS)
"""Hosted files that the list omits: the second copy of the AI catalogue, and this document."""

Ways = list[list[str]]
"""The ways to send a call's secrets: each with the texts that say how they are sent; empty without a key."""


@dataclass(frozen=True, slots=True)
class Link:
    """One link of a list."""

    name: str
    url: str
    note: str


@dataclass(frozen=True, slots=True)
class Line:
    """A line about an action: its title, method and path, description, and its own credentials."""

    name: str
    call: str
    description: str
    needs: Ways


@dataclass(frozen=True, slots=True)
class Key:
    """A line about a credential: its name, where it is sent, and where to get it."""

    description: str
    sent: str
    issue_at: str | None


def view(model: Model) -> View:
    """Return title, summary, sign-in, actions, documents and pages."""
    documents = [
        _document(path, find_hosted_url(model, Text(path)))
        for path in model.api.hosted
        if path not in _UNNAMED
    ]
    pages = [
        Link(name, url, note)
        for name, url, note in (
            ("Documentation", model.api.docs, "for people"),
            ("Terms", model.api.terms, "of use"),
            ("Privacy policy", model.api.privacy, "what is kept of whom"),
        )
        if url
    ]
    errors = model.errors
    return View(
        {
            "title": model.api.title,
            "summary": model.api.for_people,
            "for_models": model.api.for_models,
            "server": "" if is_nobodys(model.api.server) else model.api.server,
            "contact": "" if is_nobodys(model.api.contact) else model.api.contact,
            "keys": [
                Key(c.description or f"A key, sent {c.how}", c.show(), _find_issuer(model, c))
                for c in model.credentials.values()
            ],
            "needs": []
            if _is_single(model, model.shared_security)
            else _list_ways(model, model.shared_security),
            "actions": [
                Line(
                    str(a.title),
                    _describe_call(model, a),
                    _describe_action(model, a),
                    _list_own_ways(model, a),
                )
                for a in model.actions
            ],
            "error_media": errors.content_type if errors.content_type not in (None, JSON) else None,
            "error_sign": _describe_error_sign(model),
            "error_code_at": errors.code_at,
            "documents": documents,
            "pages": pages,
        }
    )


def _describe_error_sign(model: Model) -> str | None:
    """Describe the condition that marks a 2xx answer as an error; None if the status alone decides."""
    sign = model.error_reader.sign
    return sign.wording if sign else None


def _describe_call(model: Model, action: Action) -> str:
    """Return the method and path of an action, or else the dispatcher or MCP server that offers it."""
    if action.on_rest and action.server is not None:
        return f"{action.method} {action.path} at {model.servers[str(action.server)].url}"
    if action.on_rest:
        return f"{action.method} {action.path}"
    dispatcher = model.find_dispatcher(action)
    if dispatcher is None:
        return f"{action.name} of the MCP server"
    return f"{dispatcher.method} {dispatcher.path} with {dispatcher.selector} {action.name}"


def _find_issuer(model: Model, credential: Credential) -> str | None:
    """Describe where a key or an access token is issued."""
    if credential.exchange is not None:
        return credential.exchange.find_url(model.api.server)
    if credential.by_users and model.code_flow is not None and credential.issue_at is None:
        return model.code_flow.urls["token_url"]
    return credential.issue_at


def _is_single(model: Model, security: tuple[tuple[str, ...], ...]) -> bool:
    """True if calls need only the first credential, or none."""
    return security in ((), ((model.credential.name,),) if model.credential is not None else ())


def _list_ways(model: Model, security: tuple[tuple[str, ...], ...]) -> Ways:
    return [[model.credentials[name].show() for name in alternative] for alternative in security]


def _list_own_ways(model: Model, action: Action) -> Ways:
    """List what an action's calls send; empty if it is what other calls send."""
    own = action.on_rest and action.security and action.security != model.shared_security
    return _list_ways(model, action.security) if own else []


def _describe_action(model: Model, action: Action) -> str:
    """Return the description, with its deprecation, its former names, and how to follow its job."""
    first = "Deprecated. " if action.deprecated else ""
    former = [f"{line}." for line in describe_former_names([action])]
    job = describe_job(action, model.actions, lambda reader: str(reader.title))
    told = str(action.description)
    told = told.removeprefix(f"{action.title}. ")  # the line begins with the title
    return first + " ".join([told, *former, *([job.replace("`", "")] if job else [])])


def _document(path: str, url: str) -> Link:
    if Path(path).match(SKILL_FILES):
        return Link(f"Skill {Path(path).parent.name}", url, "when and how to use the tools")
    name, note = _TITLES.get(path, (path, "a generated document"))
    return Link(name, url, note)


TARGET = Target("llms.txt", ("web/llms.txt",), view)
