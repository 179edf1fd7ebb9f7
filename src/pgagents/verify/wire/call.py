"""A call as a probe requests it: endpoint, arguments and intent. This module sends nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as member
from typing import Any, Literal

from pgagents.cel.expression import Expression
from pgagents.model.resource import Resource
from pgagents.verify.wire.endpoint import REST, Endpoint

Intent = Literal[
    "valid",
    "explore",
    "invalid",
    "auth",
    "scope",
    "absent",
    "illegal",
    "replay",
    "framework",
    "document",
    "clean",
]
"""The purpose of a call.

Only `valid` expects a 2xx. `clean` undoes what a run made. Answers to `framework` and `document` do not come
from an action.
"""

Twist = Literal[
    "",
    "none",
    "garbage",
    "flip",
    "case",
    "longer",
    "shorter",
    "plain",
    "basic",
    "bearer",
    "bare",
    "query",
    "header",
    "lower",
]
"""The way in which the key is presented; empty: correctly.

- `none`: not at all
- `garbage`: a key that was never issued
- `flip`, `longer`, `shorter`: one character changed, added or removed; of `user:password` in the password
- `case`: its letters in the other case
- `basic`, `bearer`, `bare`: under another scheme, or without the scheme's name
- `plain`: `user:password` without Base64
- `query`: in the query
- `header`: in a header, where it belongs into the query or a cookie
- `lower`: with the scheme's name in lower case
"""


Connection = Literal["", "none", "other"]
"""A connection without a client certificate, or with one of another authority."""
Reuse = Literal["", "ever", "unchanged", "latest"]


@dataclass(frozen=True, slots=True)
class InstanceRef:
    """An argument that stands for the id of a live instance, chosen when the call is sent.

    `states` are those it may be in (empty: any), and `role` is its owner. `fresh` requests one that no other
    call used; `standard` requests one made with just the resource's arguments.
    """

    resource: str
    states: tuple[str, ...] = ()
    fresh: bool = False
    role: str = "main"
    standard: bool = False
    member: str = ""
    """The member of the id that is meant, if the id has several."""
    new: bool = False
    """True if no earlier call may have changed the instance unseen. Only a step of a conversation sets it."""


@dataclass(frozen=True, slots=True, eq=False)
class UniqueValue:
    """An argument that gets a new value, such as an idempotency key: each time it is sent, or (`once`)
    once for this object.
    """

    once: bool = False


@dataclass(frozen=True, slots=True)
class Signature:
    """An argument that is the signature of the body as sent, with the secret of a role.

    `after_s` shifts the signed time in seconds. `slip` makes the signature wrong: of another `body`, of the
    JSON written anew (`bytes`), with another `secret`, or of no time (`untimed`). `time` writes the present
    time beside the signature of another.
    """

    role: str
    after_s: float = 0.0
    slip: Literal["", "body", "bytes", "secret", "time", "untimed"] = ""
    part: Literal["header", "time", "id"] = "header"
    """The header that the argument is: of the signature, of its time, or of the message's id."""


class EntityTag(str):
    """An If-Match value that a check chose; in any other call it is `*`."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class RelativeTime:
    """An argument that is a time, in seconds after the call is sent (negative: before)."""

    after_s: float


@dataclass(frozen=True, slots=True)
class Raw:
    """Parts of a request that replace the ordinary encoding; None leaves a part unchanged."""

    method: str | None = None
    target: str | None = None
    headers: tuple[tuple[str, str | None], ...] = ()
    body: bytes | None = None
    edit: Callable[[bytes], bytes] | None = None
    """Changes the ordinary body."""
    wrap: Mapping[str, Any] | None = None
    """The dispatcher's whole object, instead of selector and arguments."""
    retype: str = ""
    """The media type to send instead; parameters that the body needs, such as a boundary, stay."""
    slash: bool = False
    """True if a slash is added to the path."""
    secret: str = member(default="", repr=False)
    """The secret to present in place of the role's."""


Slip = Literal["", "secret", "client", "grant"]


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A call of the token endpoint with a role's secret. `slip` names the mistake that the call makes."""

    scheme: str
    role: str = "main"
    slip: Slip = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One request to make.

    `input` holds arguments by name: plain values, `InstanceRef`, `UniqueValue` or expressions; `subject` is
    the resource that `resource` means in expressions. If `endpoint` is None, the answer is not an action's
    (unknown paths, documents). `why` says in a few words why the call is made.
    """

    endpoint: Endpoint | None
    input: Mapping[str, Any]
    intent: Intent
    why: str
    role: str = "main"
    subject: Resource | None = None
    states: tuple[str, ...] = ()
    fresh: bool = False
    owner: str = "main"
    standard: bool = False
    """True if the subject must have been made with just the resource's arguments, not by an example or
    boundary case.
    """
    made: Mapping[str, Any] | None = None
    """The body of the instance to use as the subject."""
    bind: Mapping[str, Any] = member(default_factory=dict)
    """Instances by resource name that the input's expressions must use, instead of any at hand."""
    twist: Twist = ""
    twisted: str = ""
    """The scheme that the twist is of; empty for the first one, and with `none` for all."""
    schemes: tuple[str, ...] | None = None
    """The schemes to present together; None for the first alternative that the role has secrets for."""
    field: str = ""
    """The argument that the call breaks, as an error should name it."""
    raw: Raw = member(default_factory=Raw)
    surface: str = REST
    """By default that of the endpoint."""
    plain: bool = False
    """True if it goes to the target's plain-http URL; no watcher judges such an answer."""
    connection: Connection = ""
    """The way to the target that replaces the ordinary one; a refused handshake is no crash then."""
    reuse: Reuse = ""
    """The earlier answer to an equal read that may be reused. `ever`: any of this run; `unchanged`: one since
    the last write; `latest`: that of the call just before.
    """
    ungrouped: bool = False
    """True if it gives no group of the action's `either`, or several, on purpose."""
    beside: bool = False
    """True if it was sent at the same time as others, so that its answer has no order among theirs."""
    bare: bool = False
    """True if it is sent without the headers that `--env` adds to every call."""
    authored: bool = False
    """True if each argument comes from the catalogue's author or from an answer, so that the named instances
    exist.
    """
    again: bool = False
    """True if it repeats one part of a combined call, so that it does not count for the default budget."""
    shrunk: bool = False
    """True if it is a smaller form of a call of the same probe, which a finding shows rather than that."""
    asks: TokenRequest | None = None
    """The token request that is sent in place of anything else."""
    apart: bool = False
    """True if no other probe may use the instance that the call makes."""
    burst: bool = False
    """True if it may exceed the rate limit: it is neither paced nor repeated after a 429."""

    def __post_init__(self) -> None:
        """Take the endpoint's surface where no other was named."""
        if self.surface == REST and self.endpoint is not None and self.endpoint.surface != REST:
            object.__setattr__(self, "surface", self.endpoint.surface)

    @property
    def place(self) -> str:
        """The end of the ids of the contracts that the answer is judged for."""
        return (
            self.endpoint.place
            if self.endpoint and self.intent != "framework"
            else f"framework@{self.surface}"
        )


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait so many seconds; `quiet` if that is too short to be shown."""

    seconds: float
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Own:
    """Prove that the exchange with this number made an instance of ours, before it changes."""

    number: int


@dataclass(frozen=True, slots=True)
class Undo:
    """Undo the exchange with this number and all later ones, the latest first."""

    since: int


@dataclass(frozen=True, slots=True)
class GetNote:
    """Request the note of a watcher with this key from the memory."""

    key: str


@dataclass(frozen=True, slots=True)
class Reads:
    """Calls that only read, so that their order does not matter; the probe gets their exchanges in this
    order.
    """

    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class Alone:
    """Go on only where no other probe has run beside this one; else end here, and begin anew alone later."""


@dataclass(frozen=True, slots=True)
class Concurrent:
    """Two to four calls to make at the same time; the probe gets their exchanges as a list in the same
    order.
    """

    calls: tuple[Call, ...]
    shared: tuple[str, ...] = ()
    """The arguments that all calls have in common: each gets the value of the first call."""


def format_arguments(given: Mapping[str, Any]) -> str:
    """Return the arguments as the plan prints them."""
    return ", ".join(
        f"{k}={v.canonical if isinstance(v, Expression) else repr(v)}" for k, v in sorted(given.items())
    )
