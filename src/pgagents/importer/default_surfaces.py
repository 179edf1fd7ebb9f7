"""Say on which surfaces an API is offered if nobody says so, with which settings, and why others are left
out.

The answer depends on the catalogue's data alone: nothing is built. So it is the same at each load, and a new
operation pushes no other one out. A vendor that takes fewer actions is left out until somebody chooses some.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from types import MappingProxyType
from typing import Any
from urllib.parse import urlsplit

from pgagents.base.acting import asks_health
from pgagents.base.places import Text
from pgagents.base.text import brief, fit
from pgagents.catalogue.checks.listings import judge_characters
from pgagents.catalogue.model.credential import Credential, kinds
from pgagents.generate.apiplugin import MOST_OF_DESCRIPTION, MOST_OF_NAME, is_for_vault
from pgagents.generate.build import targets
from pgagents.generate.hosts import find_placeholders, is_for_gpt, say_placeholders, write_lines
from pgagents.generate.target import Target
from pgagents.generate.targets.openai.ai_plugin import find_form

MOST_TOOLS = 40
"""The most tools of an MCP server that nobody chose. Each request of a host carries all of them, and models
choose worse among more; 995 tools gave 41,892 contracts (measured 2026-11-25).
"""
MOST_OPERATIONS = 30
"""The most operations of a Copilot plugin that nobody chose, as its document holds 102,400 bytes."""
COPILOT, GEMINI, GPT, PLUGIN, MCP = "copilot", "gemini", "openai", "ai_plugin", "mcp"
DOCUMENT = "openai/openapi.yaml"
"""The file to which `ai-plugin.json` refers."""
USUAL_KIND = "http_bearer"
"""The type of a scheme that names none."""
_JSON = "application/json"
_HTTPS_ALONE = (GPT, COPILOT)


@dataclass(frozen=True, slots=True)
class Defaults:
    """The surfaces that are offered, each with its settings as the catalogue has them, `actions` included.

    `left_out` has the other surfaces, each with a sentence that says why.
    """

    surfaces: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)


def find_default_surfaces(data: Mapping[str, Any], group: str = "") -> Defaults:
    """Return the surfaces beside `rest` that an API is offered on if nobody says so.

    `data` is a catalogue with `api`, `security`, `auth` and `actions`, without short forms; its `surfaces`
    are not read. Parts that its loader would refuse count for nothing here. `group` is the group of
    `data["groups"]` that agents are offered; empty for all actions.
    """
    actions = _take_mapping(data.get("actions"))
    chosen = _take_list(_take_mapping(data.get("groups")).get(group)) if group else list(actions)
    offered = {name: actions[name] for name in chosen if isinstance(name, str) and name in actions}
    settings, left_out = find_settings(data, offered)
    for name, most in list_limits().items():
        if len(offered) > most and name not in left_out:
            left_out[name] = say_too_many(len(offered), most)
    if GPT in left_out and PLUGIN not in left_out:
        left_out[PLUGIN] = f"it names the document of `{GPT}`, which is left out"
    kept = (name for name in settings if name not in left_out)
    well = [name for name, action in offered.items() if _is_health_check(name, _take_mapping(action))]
    others = [name for name in offered if name not in well] if 0 < len(well) < len(offered) else None
    surfaces = {name: {"actions": others or group or "all", **settings[name]} for name in kept}
    for name, extra in list_extras(data, surfaces).items():
        surfaces[name] |= extra
    return Defaults(surfaces, {name: left_out[name] for name in settings if name in left_out})


def _is_health_check(name: str, action: Mapping[str, Any]) -> bool:
    """True for a GET without arguments that says whether the server is well."""
    asks = asks_health(name, str(action.get("http", "")).partition(" ")[2])
    return asks and action.get("effect") == "read" and not action.get("input")


def _take_mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _take_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


@cache
def list_limits() -> Mapping[str, int]:
    """Return the surfaces with a list of actions, each with the most that it is offered by default."""
    return MappingProxyType({**list_plain(), MCP: MOST_TOOLS, COPILOT: MOST_OPERATIONS})


@cache
def list_plain() -> Mapping[str, int]:
    """Return the surfaces that need no settings, each with the number of actions that it accepts."""
    found: dict[str, int] = {}
    for target in targets().values():
        if isinstance(target, Target) and target.surface is not None and target.most_actions is not None:
            found[target.surface] = min(target.most_actions, found.get(target.surface, target.most_actions))
    return MappingProxyType(found)


def say_too_many(count: int, most: int) -> str:
    """Return the sentence about a surface that takes fewer actions than there are."""
    return f"{count:,} actions, and it takes {most}; choose them: `groups: {{agents: […]}}`"


def find_settings(
    data: Mapping[str, Any], offered: Mapping[str, Any]
) -> tuple[dict[str, dict[str, Any]], dict[str, str]]:
    """Return the settings of every default surface, and the surfaces that cannot be, each with a sentence.

    `offered` are the actions for agents. Their number plays no part.
    """
    settings: dict[str, dict[str, Any]] = {name: {} for name in (*list_plain(), MCP, COPILOT, PLUGIN)}
    left_out: dict[str, str] = {}
    if why := _find_unsafe_server(data):
        left_out |= dict.fromkeys(_HTTPS_ALONE, why)
    schemes = _Schemes(data)
    sign_in = schemes.choose(offered.values(), is_for_gpt, "the GPT builder")
    if isinstance(sign_in, str):
        left_out.setdefault(GPT, sign_in)
        left_out[PLUGIN] = sign_in
    elif DOCUMENT not in _take_mapping(_take_mapping(data.get("api")).get("hosted")):
        left_out[PLUGIN] = f"it names a public URL of {DOCUMENT}: `api.hosted: {{{DOCUMENT}: /openapi.yaml}}`"
    if isinstance(sign_in, Credential) and not find_form(sign_in):
        left_out[PLUGIN] = f"it knows Bearer and Basic alone, and calls send `{sign_in.show()}`"
    told = _describe_copilot(data, offered, schemes)
    if isinstance(told, str):
        left_out.setdefault(COPILOT, told)
    else:
        settings[COPILOT] = told
    return settings, left_out


def list_extras(data: Mapping[str, Any], surfaces: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what surfaces have only beside others: a store's listing, beside the MCP server's tools."""
    shown = Text(_take_mapping(data.get("api")).get("for_people", ""))
    listed = {GEMINI, MCP} <= surfaces.keys() and not list(judge_characters("", shown, "", lines=True))
    return {GEMINI: {"listing": {}}} if listed else {}


def _find_unsafe_server(data: Mapping[str, Any]) -> str:
    """Return why vendors that call over https alone, and show who answers for the API, cannot offer it; empty
    if they can.
    """
    api = _take_mapping(data.get("api"))
    named = api.get("server", "")
    url = str(named.get("url", "") if isinstance(named, Mapping) else named)
    written = {key: str(value) for key, value in api.items() if isinstance(value, str)}
    if found := find_placeholders({**written, "server": url}):
        return f"{say_placeholders(found)}: {write_lines(found)}"
    if url.lower().startswith("https://") and not re.search(r":\d+\Z", urlsplit(url).netloc):
        return ""
    return f"it takes https servers without a port alone, and `api.server` is {brief(url, 80)}"


def _describe_copilot(
    data: Mapping[str, Any], offered: Mapping[str, Any], schemes: _Schemes
) -> dict[str, Any] | str:
    """Return the settings of Copilot's plugin, or why there is none."""
    fitting = [action for action in offered.values() if _fits_copilot(_take_mapping(action))]
    if not fitting:
        return f"it reads and sends {_JSON} to one server alone, and no action does"
    sign_in = schemes.choose(fitting, is_for_vault, "Copilot")
    if isinstance(sign_in, str):
        return sign_in
    api = _take_mapping(data.get("api"))
    id, settings = str(api.get("id", "")), dict[str, Any]()
    if len(title := str(api.get("title", ""))) > MOST_OF_NAME:
        settings["name"] = fit(title, MOST_OF_NAME)
    if len(text := str(api.get("for_people", ""))) > MOST_OF_DESCRIPTION:
        settings["description"] = fit(text, MOST_OF_DESCRIPTION)
    letters = re.sub(r"[^A-Za-z0-9]", "", id) or "api"
    if letters != id:
        settings["namespace"] = letters
    if sign_in is None:
        return {**settings, "auth": {"type": "None"}}
    kind, end = ("OAuthPluginVault", "oauth") if sign_in.by_users else ("ApiKeyPluginVault", "api_key")
    return {**settings, "auth": {"type": kind, "reference_id": f"{id}_{end}"}}


def _fits_copilot(action: Mapping[str, Any]) -> bool:
    """True if a plugin can call the action: JSON in and out, at the API's own server."""
    answers = [answer for answer in _take_mapping(action.get("output")).values() if answer]
    bodies = [action, *map(_take_mapping, answers)]
    media = {str(body.get("content_type", _JSON)) for body in bodies}
    return "http" in action and "server" not in action and media == {_JSON}


class _Schemes:
    """The credentials of a catalogue's data, and what its actions accept."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        self.shared = data.get("security")
        written = _take_mapping(_take_mapping(data.get("auth")).get("schemes"))
        made = (_make_credential(name, _take_mapping(scheme)) for name, scheme in written.items())
        self.credentials = {one.name: one for one in made if one is not None}

    def choose(self, actions: Any, takes: Any, host: str) -> Credential | str | None:
        """Return the credential with which a host can call most actions; None if no call needs one.

        If the host can call none of those that need one, return the reason, with `host` as its subject.
        """
        ways = [self._list_ways(_take_mapping(action)) for action in actions]
        keyed = [way for way in ways if any(way)]
        if not keyed:
            return None
        able = [one for one in self.credentials.values() if takes(one)]
        if not able:
            shown = ", ".join(f"`{one.show()}`" for one in self.credentials.values())
            return f"{host} cannot send {shown or 'this key'}"
        best = max(able, key=lambda one: sum(_is_callable(way, one) for way in keyed))
        if not any(_is_callable(way, best) for way in keyed):
            return f"{host} sends one credential, and every call needs more"
        return best

    def _list_ways(self, action: Mapping[str, Any]) -> list[frozenset[str]]:
        """Return the sets of schemes with which a call of the action is accepted."""
        ways = _take_list(action.get("security", self.shared))
        return [frozenset(_take_mapping(need)) for need in ways]


def _make_credential(name: str, scheme: Mapping[str, Any]) -> Credential | None:
    """Return the credential of a scheme; None for a certificate, and for one that its loader would refuse."""
    kind = kinds().get(str(scheme.get("type", USUAL_KIND)))
    try:
        if kind is None or list(kind.find_misuses(scheme)):
            return None
        return kind.make(name, scheme)
    except (AttributeError, KeyError, TypeError):  # a member of another type; the loader says which
        return None


def _is_callable(ways: Sequence[frozenset[str]], credential: Credential) -> bool:
    return frozenset((credential.name,)) in ways or frozenset() in ways
