"""A sheet for the person who fills in the GPT builder's form: each field's value, and what the form cannot
do.

The labels are the builder's, as users report them; sign-in follows
https://developers.openai.com/api/docs/actions/authentication and https://community.openai.com/t/527074, read
2026-11-20.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from urllib.parse import urlsplit

from pgagents.base.places import Text
from pgagents.catalogue.model.credential import AUTHORIZATION, CodeFlow, Credential, takes_user_tokens
from pgagents.catalogue.model.model import Model
from pgagents.catalogue.model.surface import Surface
from pgagents.generate.actions import describe_former_names
from pgagents.generate.addresses import find_hosted_url
from pgagents.generate.hosts import CHATGPT, choose_for_gpt, in_json
from pgagents.generate.target import Target, View

CALLBACKS = (
    "https://chatgpt.com/aip/{g-ID}/oauth/callback",
    "https://chat.openai.com/aip/{g-ID}/oauth/callback",
)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the form.

    `value` is the text or choice; `note` is the reason, or says where to get the value.
    """

    label: str
    value: str
    note: str = ""


def view(model: Model) -> View:
    """Return the form's tabs from the top, then the parts of this API that the form cannot express."""
    sign_in = choose_for_gpt(model, in_json(model, model.surfaces["openai"], CHATGPT)[0])
    surface, users = sign_in.surface, _find_users(model, sign_in.credential)
    return View(
        {
            "title": model.api.title,
            "configure": list(_configure(model, surface)),
            "action": list(_action(model)),
            "keyed": model.credential is not None,
            "key": list(_key(sign_in.credential)),
            "oauth": list(_oauth(users)) if users else [],
            "callbacks": list(CALLBACKS),
            "operations": list(_operations(model, surface)),
            "cannot": list(_cannot(model, surface, users)),
        },
        falsehoods=tuple(replace(f, message=f"gpt-builder.md: {f.message}") for f in sign_in.falsehoods),
    )


def _configure(model: Model, surface: Surface) -> Iterator[Field]:
    yield Field("Name", str(surface.human_name or surface.title or model.api.title))
    yield Field("Description", str(surface.description or model.api.for_people))
    yield Field("Instructions", model.api.for_models, "a beginning; say also how your GPT shall speak")
    for starter in surface.starters:
        yield Field("Conversation starters", str(starter))


def _action(model: Model) -> Iterator[Field]:
    document = "openai/openapi.yaml"
    if document in model.api.hosted:
        yield Field(
            "Import from URL",
            str(find_hosted_url(model, Text(document))),
            "OpenAI's servers fetch it, so it must be reachable for all",
        )
    else:
        yield Field("Schema", f"the contents of {document}", "paste the file; it is hosted nowhere")
    policy = model.api.privacy or model.api.terms
    note = (
        ""
        if model.api.privacy
        else "the catalogue has no `api.privacy`; these are the terms"
        if policy
        else "a GPT that is public or shared by link needs one: `api: {privacy: https://…}`"
    )
    yield Field(
        "Privacy policy", policy or "(missing)", note or "required before a GPT is public or shared by link"
    )


def _key(credential: Credential | None) -> Iterator[Field]:
    if credential is None:
        yield Field("Authentication Type", "None", "every action can be called without a key")
        return
    if credential.by_users:
        return
    yield Field(
        "Authentication Type",
        "API Key",
        "the form has no choice for a key of each user: all users of the GPT call with this one",
    )
    issued = f"issued at {credential.issue_at}" if credential.issue_at else credential.description
    if credential.encoded:
        yield Field(
            "API Key", "(Base64 of user:password)", "the form sends what is typed, and does not encode it"
        )
    elif _is_bearer(credential):
        yield Field("API Key", "(the key)", issued)
    else:
        yield Field("API Key", credential.wrap("(the key)"), issued)
    if _is_bearer(credential):
        yield Field("Auth Type", "Bearer", "the form begins with Basic")
    elif credential.encoded:
        yield Field("Auth Type", "Basic")
    else:
        yield Field("Auth Type", "Custom", "the form begins with Basic")
        yield Field("Custom Header Name", credential.header)


def _is_bearer(credential: Credential) -> bool:
    return (credential.header, credential.lead, credential.tail) == (AUTHORIZATION, "Bearer ", "")


def _find_users(model: Model, credential: Credential | None) -> CodeFlow | None:
    """Return the flow in which a GPT's users get the credential; None if they get it without one."""
    users = model.code_flow
    return users if credential is not None and takes_user_tokens(users, credential) else None


def _oauth(oauth: CodeFlow) -> Iterator[Field]:
    yield Field("Authentication Type", "OAuth", "each user signs in")
    yield Field("Client ID", "(from the API's operator)", "visible to users")
    yield Field(
        "Client Secret", "(from the API's operator)", "a confidential client: the form always sends one"
    )
    yield Field("Authorization URL", oauth.urls["authorization_url"])
    yield Field("Token URL", oauth.urls["token_url"])
    yield Field("Scope", " ".join(oauth.scopes), "never leave it empty; take out what the GPT does not need")
    yield Field(
        "Token Exchange Method", "Default (POST request)", "the client's id and secret travel in the body"
    )


def _operations(model: Model, surface: Surface) -> Iterator[tuple[str, str, bool]]:
    """Yield id and title of each operation, and True if the user is asked before every call."""
    for action in (a for a in surface.actions if a.on_rest and a.server is None):
        title = surface.text(action, "title")
        yield (
            str(action.operation_id),
            f"Deprecated: {title}" if action.deprecated else str(title),
            action.effect == "write",
        )
    for dispatcher in model.dispatchers if surface.dispatcher else ():
        yield str(dispatcher.operation_id), str(dispatcher.title), True


def _cannot(model: Model, surface: Surface, users: CodeFlow | None) -> Iterator[str]:
    headers = sorted({p.wire for a in surface.actions for p in a.params if p.place == "header"})
    if headers:
        yield f"Send headers of the API's own: the schema leaves out {', '.join(headers)}."
    cookies = sorted({p.wire for a in surface.actions for p in a.params if p.place == "cookie"})
    if cookies:
        yield f"Send cookies: the schema leaves out {', '.join(cookies)}."
    if users is not None:
        bound = "confidential" in users.pkce_binds
        needs = (
            "it asks every client for PKCE, so sign-in from a GPT fails"
            if bound
            else "it lets this client sign in without"
        )
        yield f"PKCE: the form has no field for it. This API: {needs}."
        yield "Revoke a token: ChatGPT never does; end it at the API."
        host = urlsplit(model.api.server).hostname
        yield f"Sign in elsewhere: the OAuth addresses must be on the API's own domain, {host}."
    for line in describe_former_names(surface.actions, operations=True):
        yield f"Call an operation by an old name, so instructions that have it must follow: {line} elsewhere."
    yield (
        "Choose a sign-in for each operation: one for all, and none for those that the schema says need none."
    )
    yield "Take two actions on one domain, or an action beside an app; a GPT has either."
    yield "Answer more than 100,000 characters, take or give files in a read, or wait longer than 45 seconds."


TARGET = Target("GPT builder, field by field", ("openai/gpt-builder.md",), view, surface="openai")
