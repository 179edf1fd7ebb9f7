"""A link to the API's own host leads to an existing page, and the page contains no secret.

Links that an example contains are followed without a key. A page that asks its reader to sign in is right;
5xx is not, nor are 404 and 410 if the key does not help. Links to other hosts, or outside the path of the
base URL, are not followed, nor are those to an action other than a GET. A document does not say when the page
of a link is there, so a link without one is odd; so is one to the declared host, if the run is at another.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from pgagents.catalogue.model.resource import Resource
from pgagents.report.contract import Rank
from pgagents.verify.answers.bodies import find_own_target
from pgagents.verify.cases.paths import fits_template
from pgagents.verify.judgement import Judgement, Untested, conclude, demand
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.wire.call import Call, InstanceRef, Raw
from pgagents.verify.wire.endpoint import Endpoint
from pgagents.verify.wire.exchange import Exchange

GONE = (404, 410)
SHORTEST = 8
"""Length (characters) from which a secret is searched for in pages: a PIN of four digits stands in any."""


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield each member with such links, at the action that makes or finds its resource."""
    del roles
    for (name, _), (endpoint, resource) in _list_links(setting).items():
        says = f"the link that a {resource.name} has as {name} leads to a page that is there"
        run = partial(_try, name=name, resource=resource)
        attempt = Attempt(run, writes=resource.made_by is not None)
        yield Case(endpoint, says, endpoint.action.success.origin, attempt, name)


def _list_links(setting: Setting) -> Mapping[tuple[str, str], tuple[Endpoint, Resource]]:
    """Return the `uri` members that no argument sets, and whose example is on the API's own host, by name and
    place.

    Each has the endpoint whose answers contain the link, and the resource with the link.
    """
    arguments = {str(p.name) for a in setting.model.actions for p in a.params}
    links: dict[tuple[str, str], tuple[Endpoint, Resource]] = {}
    for resource in setting.model.resources.values():
        call = resource.made_by or resource.found_by
        endpoint = setting.find_lead(str(call.action.name)) if call is not None else None
        schema = endpoint.action.success.schema if endpoint is not None else None
        if endpoint is None or schema is None:
            continue
        names = set(_uris(schema, setting, 0)) - arguments
        for example in endpoint.action.examples:
            for name, value in _members(example.output):
                if name in names and isinstance(value, str) and _path(setting, value):
                    links.setdefault((name, endpoint.place), (endpoint, resource))
    return links


def _uris(schema: Mapping[str, Any], setting: Setting, depth: int) -> Iterator[str]:
    if depth > 8:  # a schema may contain itself
        return
    schema = setting.resolve_schema(schema)
    for name, member in (schema.get("properties") or {}).items():
        if setting.resolve_schema(member).get("format") == "uri":
            yield str(name)
        yield from _uris(member, setting, depth + 1)
    for part in (
        schema.get("items"),
        *(schema.get("allOf") or ()),
        *(schema.get("anyOf") or ()),
        *(schema.get("oneOf") or ()),
    ):
        if isinstance(part, Mapping):
            yield from _uris(part, setting, depth + 1)


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield every member of every object at any depth."""
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield str(name), member
            yield from _members(member)
    elif isinstance(value, list):
        for item in value:
            yield from _members(item)


def _path(setting: Setting, link: str) -> str:
    """Return path and query of a link to the API's own server; empty for a link that leads elsewhere."""
    declared = str(setting.model.api.server)
    return find_own_target([url for url in (setting.url, declared) if url], declared, link) or ""


def _try(trial: Trial, name: str, resource: Resource) -> None:
    body = trial.ask(InstanceRef(resource.name, resource.states[:1]))  # a page may be gone at the end: 410
    # its own link comes before that of its owner
    found = (v for k, v in (*body.items(), *_members(body)) if k == name and isinstance(v, str))
    link = next(found, None)
    if link is None:
        raise Untested(f"the {resource.name} has no {name}")
    path = _path(trial.setting, link)
    if not path:
        conclude(trial.unseen(f"{name} leads to a place whose pages are not followed"))
        return
    if _is_for_writes(trial.setting, path):
        conclude(trial.unseen(f"{name} leads to an action other than a GET"))
        return
    raw = Raw("GET", path, (("Accept", "*/*"),))
    look = Call(None, {}, "document", f"the link that {name} gave", twist="none", raw=raw)
    page = demand(trial.ask(look))
    if page.status in GONE:  # GitHub answers 404 to strangers for what is private
        shown = demand(trial.ask(replace(look, twist="", why=f"{look.why}, with a key")))
        page = shown if shown.success else page
    conclude(_judge_page(trial, name, page, body, link))


def _is_for_writes(setting: Setting, path: str) -> bool:
    """True if only other methods than GET are documented there; Express and Rails answer a GET with 404."""
    plain = path.partition("?")[0]
    methods = {a.method for a in setting.model.path_actions if fits_template(plain, str(a.path))}
    return bool(methods) and "GET" not in methods


def _judge_page(trial: Trial, name: str, page: Exchange, body: Mapping[str, Any], link: str) -> Judgement:
    if page.status in GONE or page.status >= 500:
        actual = "what it leads to is answered {outcome}"
        broken = trial.broken(f"{name} leads to a page", actual, outcome=page.outcome)
        # a thumbnail may not be drawn yet; and a server on a developer's machine names its pages under the
        # public host, where another server may have them
        elsewhere = urlsplit(link).netloc.lower() != urlsplit(trial.setting.url).netloc.lower()
        return replace(broken, odd=page.status in GONE and (trial.model.leaves_open or elsewhere))
    if page.call.twist != "none":
        return trial.kept()
    secrets = {v for k, v in _members(body) if k in trial.model.secrets and isinstance(v, str)}
    text = page.response.body.decode("utf-8", "replace") if page.response else ""
    # whoever has the link knows what stands in it, and a word such as `password` stands in any form
    told = (secret for secret in secrets if secret in text and secret not in link)
    if any(len(secret) >= SHORTEST and not secret.isalpha() for secret in told):
        broken = trial.broken(f"the page of {name} contains no secret", "it contains one")
        return broken.with_rank(Rank.EXPOSED)
    return trial.kept()


CHECK = make_check("links_resolve", __doc__, cases, stage=4, overlap="all", rank=Rank.WRONG)
