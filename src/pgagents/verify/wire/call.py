"""A call as a probe requests it: endpoint, arguments and intent. Nothing in this module sends."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as member
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar

from pgagents.base.cel.expression import Expression
from pgagents.catalogue.model.resource import Resource
from pgagents.verify.wire.endpoint import REST, Endpoint

if TYPE_CHECKING:
    from pgagents.verify.wire.exchange import Exchange  # noqa: F401 (quoted below)

A_co = TypeVar("A_co", covariant=True)

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

Only `valid` calls expect a 2xx. `clean` calls undo what a run made. The answers to `framework` and `document`
calls do not come from an action.
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
"""The way in which the key is presented; empty for the right way.

- `none`: not at all
- `garbage`: a key that was never issued
- `flip`, `longer`, `shorter`: one character changed, added or removed; of `user:password`, in the password
- `case`: with its letters in the other case
- `basic`, `bearer`, `bare`: under another scheme, or without the scheme's name
- `plain`: `user:password` without Base64
- `query`: in the query
- `header`: in a header, although it belongs into the query or a cookie
- `lower`: with the scheme's name in lower case
"""


Reuse = Literal["", "ever", "unchanged", "latest"]


class Step(Generic[A_co]):
    """What a check or a fixture asks for (`asking.ask`), with the type of the answer to it."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class InstanceRef(Step[Mapping[str, Any]]):
    """An argument that stands for the id of a live instance. The instance is chosen when the call is sent.

    `states` are the states that are allowed (empty: any), and `role` is the owner. `fresh` demands an
    instance that no other call has used. `standard` demands one that was made with only the resource's
    arguments. `parts` names resources, each with True if the instance must have one, and False if it must
    have none.
    """

    resource: str
    states: tuple[str, ...] = ()
    fresh: bool = False
    role: str = "main"
    standard: bool = False
    member: str = ""
    """The member of the id that is the argument, if the id has several."""
    new: bool = False
    """True if no earlier call may have changed the instance unseen. Only steps of a probe set it."""
    older: bool = dataclasses.field(default=False, repr=False)
    """True if one that was there before the run will do, as for reads. Only steps of a probe set it."""
    parts: tuple[tuple[str, bool], ...] = dataclasses.field(default=(), repr=False)
    around: tuple[InstanceRef, ...] = dataclasses.field(default=(), repr=False)
    """What the instances that contain it must be like."""


@dataclass(frozen=True, slots=True, eq=False)
class UniqueValue:
    """An argument that gets a new value, such as an idempotency key. It is new for each call, or (`once`) the
    same for all uses of this object.
    """

    once: bool = False


@dataclass(frozen=True, slots=True)
class Signature:
    """An argument that is the signature of the body as sent, made with the secret of a role.

    `after_s` shifts the signed time in seconds. `slip` makes the signature wrong. The values `body`, `bytes`
    and `secret` sign another body, the same JSON written differently, or with another secret. `untimed` signs
    no time. `time` sends the present time beside the signature of another time.
    """

    role: str
    after_s: float = 0.0
    slip: Literal["", "body", "bytes", "secret", "time", "untimed"] = ""
    part: Literal["header", "time", "id"] = "header"
    """The argument's header: for the signature, for its time, or for the message's id."""


class EntityTag(str):
    """An If-Match value that a check has chosen. In all other calls the value is `*`."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class RelativeTime:
    """An argument that is a time, given in seconds after sending (negative: before)."""

    after_s: float


@dataclass(frozen=True, slots=True)
class Raw:
    """Parts of a request that replace the ordinary encoding. A part that is None stays as usual."""

    method: str | None = None
    target: str | None = None
    headers: tuple[tuple[str, str | None], ...] = ()
    body: bytes | None = None
    edit: Callable[[bytes], bytes] | None = None
    """Returns the changed body for the ordinary one."""
    wrap: Mapping[str, Any] | None = None
    """The dispatcher's whole object, which replaces selector and arguments."""
    retype: str = ""
    """The media type to send instead. Parameters that the body needs, such as a boundary, are kept."""
    slash: bool = False
    """True if a slash is added to the path."""
    secret: str = member(default="", repr=False)
    """The secret to present instead of the role's."""

    @property
    def is_empty(self) -> bool:
        """True if it replaces nothing."""
        return self is USUAL or self == USUAL

    @property
    def is_ordinary(self) -> bool:
        """True if method, target and body are encoded as usual."""
        return (self.method, self.target, self.body, self.edit, self.wrap) == (None,) * 5


USUAL = Raw()
Slip = Literal["", "secret", "client", "grant"]


@dataclass(frozen=True, slots=True)
class TokenRequest:
    """A request to the token endpoint with a role's secret. `slip` names the mistake that it makes."""

    scheme: str
    role: str = "main"
    slip: Slip = ""


@dataclass(frozen=True, slots=True)
class Call(Step["Exchange"]):
    """One request to make.

    `input` holds arguments by name: plain values, `InstanceRef`, `UniqueValue` or expressions. `subject` is
    the resource that `resource` means in these expressions. If `endpoint` is None, no action answers (unknown
    paths, documents). `why` gives the purpose of the call in a few words.
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
    lender: str = ""
    """The role whose key it carries, if the plan of its own role lacks the action's scope."""
    standard: bool = False
    """True if the subject must have been made with only the resource's arguments, and not by an example or a
    boundary case.
    """
    exact: bool = False
    """True if nothing may be added to the arguments, because the call has only what is required."""
    renews: bool = False
    """True if it is sent with other values where an instance may have one of them, as `valid` calls are."""
    doubles: bool = False
    """True if whole numbers keep a decimal point, as a client writes them that knows no others."""
    made: Mapping[str, Any] | None = None
    """The body of the instance that is the subject."""
    bind: Mapping[str, Any] = member(default_factory=dict)
    """Instances by resource name that the input's expressions must use; for other resources, any instance is
    used.
    """
    twist: Twist = ""
    twisted: str = ""
    """The scheme whose key is presented wrongly; empty for the first one, or for all if the twist is
    `none`.
    """
    schemes: tuple[str, ...] | None = None
    """The schemes to present together; None for the first alternative for which the role has secrets."""
    field: str = ""
    """The argument that the call breaks, named as in an error."""
    raw: Raw = USUAL
    surface: str = REST
    """The surface of the call; the endpoint's if none is given."""
    plain: bool = False
    """True if it goes to the target's plain-http URL. Watchers do not judge the answer then."""
    reuse: Reuse = ""
    """The earlier answer to an equal read that may be reused.

    `ever` allows any answer of this run, `unchanged` one since the last write, and `latest` that of the
    previous call.
    """
    ungrouped: bool = False
    """True if it deliberately has no group of the action's `either`, or several."""
    beside: bool = False
    """True if it was sent at the same time as others, so that their answers have no order."""
    bare: bool = False
    """True if it is sent without the headers that `--env` adds to calls."""
    authored: bool = False
    """True if each argument comes from the catalogue's author or from an answer, so that the named instances
    exist.
    """
    again: bool = False
    """True if it repeats part of a combined call, so that it does not count against the default budget."""
    shrunk: bool = False
    """True if it is a smaller form of another call of the same probe. A finding shows the smaller form."""
    asks: TokenRequest | None = None
    """The token request that is sent instead of an action's request."""
    apart: bool = False
    """True if no other probe may use the instance that the call makes."""
    keyed: bool = False
    """True if a tool gets the idempotency key of the input. Other calls leave it to the MCP server."""
    burst: bool = False
    """True if it may exceed the rate limit: it is sent without delay, and is not repeated after a 429."""

    def __post_init__(self) -> None:
        """Set the surface to the endpoint's if none was given."""
        if self.surface == REST and self.endpoint is not None and self.endpoint.surface != REST:
            object.__setattr__(self, "surface", self.endpoint.surface)

    @property
    def once(self) -> UniqueValue | None:
        """The argument, such as an idempotency key, that is the same in several calls; None without one."""
        return next((v for v in self.input.values() if isinstance(v, UniqueValue) and v.once), None)

    @property
    def place(self) -> str:
        """The last part of the ids of contracts about the answer: `<action>@<surface>`."""
        return (
            self.endpoint.place
            if self.endpoint and self.intent != "framework"
            else f"framework@{self.surface}"
        )

    @property
    def holder(self) -> str:
        """The role whose key it carries."""
        return self.lender or self.role


@dataclass(frozen=True, slots=True)
class Sleep(Step[None]):
    """Wait for this many seconds. `quiet` is true for waits that are too short to be shown."""

    seconds: float
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Own(Step[bool]):
    """Prove that the run itself made the instance of the exchange with this number.

    A probe asks for it before it changes the instance, because a run changes only what it made. The answer
    is True if the proof may have made more instances.
    """

    number: int


@dataclass(frozen=True, slots=True)
class Undo(Step[None]):
    """Undo the effects of the exchange with this number and of all later ones, the latest first."""

    since: int


@dataclass(frozen=True, slots=True)
class GetNote(Step[Any]):
    """Request the note with this key that a watcher has stored."""

    key: str


@dataclass(frozen=True, slots=True)
class Reads(Step["list[Exchange]"]):
    """Calls that only read, so that they may be sent in any order. The probe gets their exchanges in this
    order.
    """

    calls: tuple[Call, ...]


@dataclass(frozen=True, slots=True)
class Alone(Step[None]):
    """Continue only if no other probe has run beside this one; else end here, and run alone later."""


@dataclass(frozen=True, slots=True)
class Concurrent(Step["list[Exchange]"]):
    """Two to four calls to send at the same time. The probe gets a list of their exchanges in the same
    order.
    """

    calls: tuple[Call, ...]
    shared: tuple[str, ...] = ()
    """The arguments that all calls have in common: each call gets the first call's value."""


def format_arguments(given: Mapping[str, Any]) -> str:
    """Return the arguments as the plan prints them."""
    return ", ".join(
        f"{k}={v.canonical if isinstance(v, Expression) else repr(v)}" for k, v in sorted(given.items())
    )
