"""Choose what a vendor's host can call: its credential, the actions that accept it, and their arguments."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from pgagents.base.jsonschema.union import unite
from pgagents.base.text import EXAMPLE, brief
from pgagents.catalogue.encoding.medium import JSON, WHOLE, has_body, is_whole
from pgagents.catalogue.model.action import Action, Param
from pgagents.catalogue.model.credential import Credential
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.surface import Surface
from pgagents.generate.target import Loss, Note

Takes = Callable[[Credential], bool]
"""A function that returns whether a host can send a credential."""


@dataclass(frozen=True, slots=True)
class SignIn:
    """A host's credential, and the surface with the actions that it can call.

    `credential` is None if no call needs one.
    """

    credential: Credential | None
    surface: Surface
    losses: tuple[Loss, ...] = ()
    falsehoods: tuple[Note, ...] = ()

    @property
    def schemes(self) -> tuple[str, ...]:
        """Return the scheme's name, as the documents for this host have it."""
        return (self.credential.name,) if self.credential is not None else ()


_NOBODYS = re.compile(rf"{EXAMPLE}|(?:\A|\.)localhost\Z|\A127\.|\A(?:::1|0\.0\.0\.0)\Z")


def is_nobodys(address: str) -> bool:
    """True for a URL or an e-mail address of documentation (RFC 2606) or of the reader's own machine."""
    host = urlsplit(address).hostname if "//" in address else address.rpartition("@")[2]
    return bool(_NOBODYS.search((host or "").rstrip(".")))


def find_placeholders(api: Mapping[str, str | None]) -> dict[str, str]:
    """Return those keys of `api` whose address is nobody's, each with it: the server, and what is shown."""
    keys = ("server", "contact", "terms", "privacy", "docs")
    return {key: value for key in keys if (value := api.get(key)) and is_nobodys(value)}


def find_placeholders_of(model: Model) -> dict[str, str]:
    """Return the keys of a catalogue's `api` with a placeholder."""
    api = model.api
    pages = {"contact": api.contact, "terms": api.terms, "privacy": api.privacy, "docs": api.docs}
    return find_placeholders({"server": api.server, **pages})


def say_placeholders(found: Mapping[str, str]) -> str:
    """Return what a vendor's document would do with each placeholder."""
    does = {key: "send calls, and keys, to" if key == "server" else "show" for key in found}
    return "; ".join(f"it would {does[k]} {brief(v, 80)}, which is a placeholder" for k, v in found.items())


def write_lines(keys: Iterable[str]) -> str:
    """Return the one line of a catalogue that replaces all placeholders."""
    wanted = (f"{key}: {'support@…' if key == 'contact' else 'https://…'}" for key in keys)
    return f"`api: {{{', '.join(wanted)}}}`"


def choose_sign_in(model: Model, surface: Surface, host: str, takes: Takes) -> SignIn:
    """Return how a host signs in. A document with a placeholder as server, contact or page makes a false
    statement.
    """
    chosen = _choose_sign_in(model, surface, host, takes)
    found = find_placeholders_of(model)
    if not found:
        return chosen
    first = ("api", next(iter(found)))
    origin = first if model.source.has(first) else surface.origin
    help = f"write {write_lines(found)}; `--draft` writes the document all the same"
    note = Note(origin, f"{host}: {say_placeholders(found)}", help, about="server")
    return replace(chosen, falsehoods=(*chosen.falsehoods, note))


def _choose_sign_in(model: Model, surface: Surface, host: str, takes: Takes) -> SignIn:
    """Return how a host signs in.

    It uses the credential that it can send and that most actions accept; other actions are losses. If no
    action that needs a key is left, the document makes a false statement. `host` is the subject of sentences
    about the loss.
    """
    keyed = [action for action in surface.actions if action.key]
    if model.credential is None or not keyed:
        return SignIn(model.credential, surface)
    able = [credential for credential in model.credentials.values() if takes(credential)]
    if not able:
        shown = ", ".join(map(_show, model.credentials.values()))
        return SignIn(
            model.credential, surface, falsehoods=(_cannot(surface, f"{host} cannot send {shown}"),)
        )
    chosen = max(able, key=lambda credential: sum(is_callable(a.security, credential) for a in keyed))
    kept = [a for a in surface.actions if not a.key or is_callable(a.security, chosen)]
    losses = [
        *_lose_actions(model, surface, host, chosen),
        *_lose_schemes(model, surface, host, chosen),
        *_lose_options(surface, host, chosen),
    ]
    if not any(action.key for action in kept):
        message = f"{host} sends one credential, and every call needs {_describe(model, keyed[0])}"
        return SignIn(chosen, surface, falsehoods=(_cannot(surface, message),))
    shared = surface.dispatcher and is_callable(model.shared_security, chosen)
    return SignIn(chosen, replace(surface, actions=tuple(kept), dispatcher=shared), tuple(losses))


def choose_for_gpt(model: Model, surface: Surface) -> SignIn:
    """Return how a GPT signs in: with a key in a header, which the builder's form supports."""
    return choose_sign_in(model, surface, "the GPT builder", is_for_gpt)


def is_for_gpt(credential: Credential) -> bool:
    """Return whether a GPT can send the credential: in a header, and without exchanging it first."""
    return credential.place == "header" and (credential.exchange is None or credential.by_users)


def is_callable(security: tuple[tuple[str, ...], ...], credential: Credential) -> bool:
    """Return whether the server accepts a call with only this credential."""
    return (credential.name,) in security or () in security


def _show(credential: Credential) -> str:
    exchanged = " by client credentials" if credential.exchange is not None else ""
    return f"`{credential.show()}`{exchanged}"


def _cannot(surface: Surface, message: str) -> Note:
    return Note(
        surface.origin, message, f"take the surface `{surface.name}` out, or offer other actions there"
    )


def _lose_actions(model: Model, surface: Surface, host: str, chosen: Credential) -> Iterator[Loss]:
    for action in surface.actions:
        if action.key and not is_callable(action.security, chosen):
            why = f"it needs {_describe(model, action)}; {host} signs in by {chosen.name} alone"
            yield Loss((*action.origin, "security"), f"action {action.name}", "dropped", why, gone="action")
    if surface.dispatcher and not is_callable(model.shared_security, chosen):
        for dispatcher in model.dispatchers:
            why = f"{host} signs in by {chosen.name} alone"
            yield Loss(dispatcher.origin, f"operation {dispatcher.operation_id}", "dropped", why)


def _lose_options(surface: Surface, host: str, chosen: Credential) -> Iterator[Loss]:
    """Yield a loss for each action that may be called without a key, if the host sends one anyway."""
    for action in surface.actions:
        if action.optional_key and (chosen.name,) in action.security:
            said = f"{action.name} without a key"
            yield Loss((*action.origin, "security"), said, "dropped", f"{host} always sends it")


def _lose_schemes(model: Model, surface: Surface, host: str, chosen: Credential) -> Iterator[Loss]:
    """Yield a loss for each credential that is another alternative of an offered action."""
    for credential in model.credentials.values():
        if credential is not chosen and any(
            is_callable(a.security, chosen) and any(credential.name in one for one in a.security)
            for a in surface.actions
        ):
            said = f"sign-in by {credential.name}"
            yield Loss(credential.origin, said, "dropped", f"{host} signs in by {chosen.name} alone")


def _describe(model: Model, action: Action) -> str:
    """Describe the secrets of an action's calls, by its first alternative."""
    names = next(one for one in action.security if one)
    return " with ".join(f"`{model.credentials[name].show()}`" for name in names)


# -- actions and arguments for hosts that send plain JSON bodies only


CHATGPT = "ChatGPT"
COPILOT = "Copilot"


def in_json(model: Model, surface: Surface, who: str) -> tuple[Surface, list[Loss]]:
    """Return the surface with the actions that `who` can call, and a loss for each other action.

    A body that is one of several objects becomes one object with the members of all, because neither takes
    another body.

    Neither ChatGPT nor Copilot documents support for `style`, or for `content` of a parameter. So such
    arguments are left out.
    """
    kept: list[Action] = []
    lost: list[Loss] = []
    omit = {name: tuple(names) for name, names in surface.omit.items()}
    for action in surface.actions:
        if action.on_rest and not action.in_openapi_31:
            why = f"{who} reads OpenAPI 3.0 or 3.1, which has no place for the method {action.method}"
            lost.append(_drop(action, action.origin, why))
            continue
        if action.content_type != JSON and has_body(action):
            why = f"its body is {action.content_type}, and {who} sends {JSON} only"
            lost.append(_drop(action, (*action.origin, "content_type"), why))
            continue
        if is_whole(action) and (united := _unite_body(action, model)) is not None:
            action, loss = united
            lost.append(loss)
        elif is_whole(action):
            why = f"its body is not an object with members, and {who} takes nothing else"
            lost.append(_drop(action, next(p.origin for p in action.params if p.place == WHOLE), why))
            continue
        styled = list(_styled(action))
        needed = next((p for p in styled if p.required), None)
        if needed is not None:
            lost.append(_drop(action, needed.origin, f"{who} has no {_form(needed)} for its `{needed.name}`"))
            continue
        kept.append(action)
        for param in styled:
            detail = f"{action.operation_id}: {who} has no {_form(param)} for it"
            lost.append(Loss(param.origin, f"argument {param.name}", "dropped", detail, gone="form"))
        if styled:
            omit[action.name] = (*omit.get(action.name, ()), *(str(p.name) for p in styled))
    return replace(surface, actions=tuple(kept), omit=omit), lost


def _unite_body(action: Action, model: Model) -> tuple[Action, Loss] | None:
    """Return the action with one object for the alternatives of its whole body, and the loss.

    None if the body has no alternatives, or if some are not objects.
    """
    body = next(param for param in action.params if param.place == WHOLE)
    schema = unite(body.schema, model.schemas) if body.file is None else None
    if schema is None:
        return None
    params = tuple(replace(body, schema=schema) if param is body else param for param in action.params)
    why = f"{action.operation_id}: one object with the members of all; their texts say which belong together"
    return replace(action, params=params), Loss(body.origin, "alternatives of the body", "widened", why)


def _drop(action: Action, origin: tuple[str | int, ...], why: str) -> Loss:
    return Loss(origin, f"action {action.name}", "dropped", why, gone="action")


def _form(param: Param) -> str:
    """Return OpenAPI's word for the form in which an argument is sent."""
    return "`content`" if param.json else "`style`"


def _styled(action: Action) -> Iterator[Param]:
    """Yield the arguments that are sent as JSON, or as text in a style other than OpenAPI's default."""
    for param in action.params:
        if param.place == "query" and param.odd_style:
            yield param
