"""Errors as written in the catalogue: their bodies, their codes, and which of them the framework answers."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, StringConstraints, model_validator

from pgagents.catalogue.language.basics import Cel, Cited, Line, Name, Status, Strict
from pgagents.catalogue.language.resources import CatalogueCall

JSON = "application/json"
PROBLEM_JSON = "application/problem+json"
JsonType = Annotated[
    str, StringConstraints(pattern=r"^(application/json|[a-z]+/[a-z0-9.!#$&^_+-]{1,80}\+json)$")
]
Place = Annotated[str, StringConstraints(pattern=r"^[^\[\]/$.][^\[\]/]*$")]
"""Names of members with dots between them; an item of a list is its number: `errors.0.code`."""
_INVALID, _NO_KEY = (400, 422), (401,)


class Code(Cited):
    """One error code with its only status. Short form: just the status."""

    status: Status
    meaning: Line | None = None
    wire: Annotated[str, StringConstraints(min_length=1, max_length=2000)] | int | None = Field(
        None,
        description=(
            "Its value in answers if that is not its name: any text, such as `invalid-argument` or a URL, or "
            "an integer. Codes with different statuses may share a value."
        ),
    )
    envelope: Name | None = Field(None, description="Its own envelope (under `schemas`), if it differs.")
    code_at: Place | None = Field(
        None,
        description=(
            "The path of its value in the body, if it differs from `errors.code_at`; null if its status "
            "alone identifies it."
        ),
    )
    message_at: Place | None = Field(
        None, description="The path of the message, if it differs from `errors.message_at`; null for none."
    )
    content_type: JsonType | None = Field(
        None, description="The media type of its body, if it differs from `errors.content_type`."
    )
    only: list[Name] | None = Field(
        None,
        description=(
            "The only actions that may answer with it. An empty list with `errors.inferred` says that the "
            "document has no such error: another refusal in its place is odd, not broken."
        ),
    )
    when: Cel | None = Field(
        None,
        description=(
            "A condition on the arguments, such as `input.source == 'tok_declined'`, under which an action "
            "that may answer the code does so; nothing else is wrong with the call."
        ),
    )
    provoked_by: dict[Name, CatalogueCall] = Field(
        default={},
        description=(
            "Actions, each with the operator's call after which the action's next call fails with "
            "this code; the call's expressions may read the resource by its name."
        ),
    )

    @model_validator(mode="before")
    @classmethod
    def _bare(cls, data: Any) -> Any:
        return {"status": data} if isinstance(data, int) and not isinstance(data, bool) else data


class Framework(Strict):
    """Error codes for requests that are refused before any action runs."""

    unknown_path: Name | None = Field(None, description="For a path that does not exist.")
    wrong_method: Name | None = Field(None, description="For a method that the path does not support.")
    bad_body: Name | None = Field(
        None, description="For a body with invalid JSON or NaN, or a member that stands twice."
    )
    no_object: Name | None = Field(
        None, description="For a body that is JSON but no object; the default is `bad_body`."
    )
    wrong_type: Name | None = Field(None, description="For a body of another content type.")
    wrong_media: Name | None = Field(
        None,
        description="For a file among other members whose type its argument does not list; the default is "
        "`invalid`. A file that is the whole body gets `wrong_type`.",
    )
    invalid: Name | None = Field(
        None,
        description=(
            "For an argument that violates its schema; the default is the only code with status 400, or else "
            "with 422."
        ),
    )
    missing: Name | None = Field(
        None, description="For a required argument that is missing; the default is `invalid`."
    )
    unknown: Name | None = Field(
        None, description="For an argument that the action does not have; the default is `invalid`."
    )
    too_large: Name | None = Field(None, description="For a body larger than `limits.max_body_bytes`.")
    no_key: Name | None = Field(
        None,
        description=(
            "For a missing, malformed, unknown or revoked key; needed where calls have keys. The default is "
            "the only code with status 401."
        ),
    )
    wrong_key: Name | None = Field(
        None,
        description="For a malformed, unknown or revoked key; the default is `no_key`.",
    )
    no_scope: Name | None = Field(None, description="For a key whose plan lacks the scope.")
    limited: Name | None = Field(None, description="For a call over a rate limit.")
    crashed: Name | None = Field(None, description="For an unexpected error of the server.")
    plaintext: Name | None = Field(None, description="For a call over plain http.")


class Edge(Cited):
    """An answer that a proxy in front of the API may give at any time, without envelope or limit headers.

    Clients wait and repeat a read. They repeat a write only after 503, 521 or 523 (the API was not asked), or
    if a second call has no further effect.
    """

    status: Status = Field(description="The status of the proxy's answer.")
    retry: bool = Field(True, description="True if the answer has a Retry-After header.")


class Errors(Strict):
    """The error envelope, the error codes, and which of them the framework answers.

    The shortest form is `{codes: {NAME: STATUS, ...}}`: the status is the code, and bodies are open.
    """

    envelope: Name | None = Field(
        None,
        description=(
            "The schema (under `schemas`) of every error body. Without it bodies are open, or RFC 9457 "
            f"problem details for `content_type: {PROBLEM_JSON}`."
        ),
    )
    content_type: JsonType | None = Field(
        None,
        description=(
            f"The media type of error bodies: `{JSON}` (the default for an envelope) or another JSON type, "
            f"such as `{PROBLEM_JSON}` (RFC 9457)."
        ),
    )
    when: Cel | None = Field(
        None,
        description=(
            "The condition that makes an answer with a 2xx status an error: one member of the body compared "
            "with a constant, such as `response.ok == false`, or `has(response.error)`."
        ),
    )
    code_at: Place | None = Field(
        None,
        description=(
            "The path of the error code in the body; null if only the status identifies the error. The "
            f"default is `error.code` for an envelope of type `{JSON}`, otherwise null."
        ),
    )
    message_at: Place | None = Field(
        None,
        description=(
            "The path of the message for a person; null if there is none. The default is `error.message` "
            f"beside a `code_at` of `error.code`, and `detail` for `{PROBLEM_JSON}`."
        ),
    )
    request_id_at: Place | None = Field(None, description="The path of the request id in the body.")
    field_at: Place | None = Field(
        None,
        description=(
            "The path of the wrong argument's name in the body, such as `errors.0.field`. It may be a "
            "JSON pointer (`/name`, `#/name`, also below `/body` or `/data/attributes`) or a list of steps."
        ),
    )
    field_of_several: str | None = Field(
        None,
        description=(
            "The fixed value at `field_at` if more than one argument is wrong; null if it may be any of them."
        ),
    )
    scope_at: Place | None = Field(None, description="The path of the missing scope's name in the body.")
    codes: dict[Name, Code] = Field(min_length=1, description="Every error code with its status.")
    always: list[Name] = Field([], description="Codes that every action may answer.")
    edge: list[Edge] = Field([], description="Answers that a proxy in front of the API may give.")
    framework: Framework = Field(
        default_factory=Framework,
        description="Codes for requests that are refused before any action runs.",
    )

    inferred: bool = Field(
        False,
        description=(
            "True if `pgagents import` concluded the codes of `framework` from a document: any refusal of a "
            "wrong key or argument is right then, and only documented errors promise a body."
        ),
    )

    @model_validator(mode="after")
    def _with_defaults(self) -> Errors:
        """Fill in members that the author left out, if other members determine them."""
        problem = self.content_type == PROBLEM_JSON
        plain = self.envelope is not None and self.content_type in (None, JSON)
        more: dict[str, Any] = {}
        if self.content_type is None and self.envelope is not None:
            more["content_type"] = JSON
        if "code_at" not in self.model_fields_set:
            more["code_at"] = "error.code" if plain else None
        if "message_at" not in self.model_fields_set:
            common = plain and more.get("code_at", self.code_at) == "error.code"
            more["message_at"] = "detail" if problem else "error.message" if common else None
        framework: dict[str, Any] = {}
        for key, statuses in (("invalid", _INVALID), ("no_key", _NO_KEY)):
            if getattr(self.framework, key) is None and (name := self._only_code(statuses)):
                framework[key] = name
        if framework:
            more["framework"] = self.framework.model_copy(update=framework)
        return self.model_copy(update=more) if more else self

    def _only_code(self, statuses: tuple[int, ...]) -> str | None:
        """Return the only code of the first of these statuses that has codes; None if several codes share
        it.
        """
        for status in statuses:
            if names := [name for name, code in self.codes.items() if code.status == status]:
                return names[0] if len(names) == 1 else None
        return None
