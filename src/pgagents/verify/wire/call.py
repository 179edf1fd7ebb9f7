"""A call as a probe asks for it: which endpoint, which arguments, with what intent. Nothing here sends."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from dataclasses import field as member
from typing import Any, Literal

from pgagents.model.model import Resource
from pgagents.verify.wire.endpoint import Endpoint

Intent = Literal["valid", "explore", "invalid", "auth", "scope", "absent", "illegal", "replay", "framework", "document", "clean"]
"""What a call is meant to show.

`valid` alone expects a 2xx; `clean` undoes what a run made; an answer to `framework` and `document` is none of an action.
"""

Twist = Literal["", "none", "garbage", "flip", "case", "longer", "shorter", "basic", "bare", "query", "lower"]
"""How the key is presented: as it should be, not at all, another key, one character changed, its letters in the other case, with a
character more, with one less, by another scheme, without the scheme's name, in the query."""


Reuse = Literal["", "ever", "unchanged"]


@dataclass(frozen=True, slots=True)
class InstanceRef:
    """An argument that stands for the id of a live resource, chosen when the call is sent.

    `states` are those it may be in (empty: any); `fresh` asks for one that no other call used; `role` is its owner;
    `standard` asks for one made just as the resource says.
    """

    resource: str
    states: tuple[str, ...] = ()
    fresh: bool = False
    role: str = "main"
    standard: bool = False
    member: str = ""
    """The member of its id that is meant, where the id has several."""


@dataclass(frozen=True, slots=True, eq=False)
class UniqueValue:
    """An argument that gets a new value: an idempotency key. `once` False: each time it is sent, True: once for this very object."""

    once: bool = False


@dataclass(frozen=True, slots=True)
class Signature:
    """An argument that is the signature of the body as sent, by the secret of a role.

    `after_s` moves the time that is signed; `slip` makes it one of another body or of the body's JSON written anew (`bytes`), by
    another secret, without a time, or tells the present one beside it (`time`).
    """

    role: str
    after_s: float = 0.0
    slip: Literal["", "body", "bytes", "secret", "time", "untimed"] = ""


@dataclass(frozen=True, slots=True)
class RelativeTime:
    """An argument that is a time, so many seconds after the call is sent (before, if below zero)."""

    after_s: float


@dataclass(frozen=True, slots=True)
class Raw:
    """What a call sends instead of the ordinary encoding; None leaves a part as it would be."""

    method: str | None = None
    target: str | None = None
    headers: tuple[tuple[str, str | None], ...] = ()
    body: bytes | None = None
    edit: Callable[[bytes], bytes] | None = None
    """What to do to the ordinary body."""
    wrap: Mapping[str, Any] | None = None
    """The dispatcher's whole object, instead of selector and arguments."""
    slash: bool = False
    """Whether a slash is added to the path."""


@dataclass(frozen=True, slots=True)
class Call:
    """One request to make.

    `input` holds arguments by name: plain values, `InstanceRef`, `UniqueValue` or expressions; `subject` is the resource that the
    expressions' `resource` means. `endpoint` None: no action's answer is expected (unknown paths, documents).
    `why` says in a few words what generated it.
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
    """Whether the subject must have been made just as the resource says, not by an example or a boundary."""
    made: Mapping[str, Any] | None = None
    """The very resource to use as the subject."""
    bind: Mapping[str, Any] = member(default_factory=dict)
    """Resources by name that expressions of the input mean, instead of any that is at hand."""
    twist: Twist = ""
    field: str = ""
    """The argument that the call breaks, as an error should name it."""
    raw: Raw = member(default_factory=Raw)
    surface: str = "rest"
    plain: bool = False
    """Whether it goes to the target's plain-http twin; such an answer is none of the API's, so no watcher judges it."""
    reuse: Reuse = ""
    """Whether the answer to an equal call serves as well: any of this run's, or one since which nothing was written. For reads."""
    beside: bool = False
    """Whether it went out at the same time as others, so that its answer stands in no order to theirs."""
    bare: bool = False
    """Whether it goes without the headers that the caller gives every call."""
    authored: bool = False
    """Whether the author of the catalogue wrote each argument, or an answer gave it, so that it names what is there."""
    again: bool = False
    """Whether it takes apart a call that two things were to be shown by, so that it is no part of a budget that nobody set."""
    burst: bool = False
    """Whether it is to exceed the limit: neither paced nor sent again after a 429."""

    @property
    def place(self) -> str:
        """The tail of the ids of contracts that the answer bears on."""
        return self.endpoint.place if self.endpoint and self.intent != "framework" else f"framework@{self.surface}"


@dataclass(frozen=True, slots=True)
class Sleep:
    """Let so many seconds pass; `quiet` where it is too short to tell anyone."""

    seconds: float
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class Own:
    """See that what the exchange of this number made is this run's own, before what it hangs on changes."""

    number: int


@dataclass(frozen=True, slots=True)
class GetNote:
    """Give what the watchers noted under this key of the memory's notes."""

    key: str


@dataclass(frozen=True, slots=True)
class Concurrent:
    """Calls to make at the same time, two to four; a probe gets their answers as a list, in the order of the calls."""

    calls: tuple[Call, ...]
