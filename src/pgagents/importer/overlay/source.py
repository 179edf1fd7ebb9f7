"""The two files of a short catalogue as one source: each part is found in the file that says it.

A part that the author states, or that lies in a value that the author replaced, is in the author's file. All
else is at the deepest known part of the document. A part that neither says is at the line `openapi:`, with
the evidence for it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

from pgagents.base.places import Pointer, Problem, Source, Span, value_at
from pgagents.base.text import brief
from pgagents.importer.names import Note, group_losses, say_nowhere
from pgagents.importer.overlay.options import KEY, DocumentOptions
from pgagents.importer.overlay.patterns import Spread
from pgagents.importer.places import DocumentSource

MOST_ALIKE = 3
"""Further losses of one kind that a note names."""
MOST_NAMED = 12
"""Operations of other hosts that a note names."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """From what the import concluded the parts that no file says.

    `reasons` are by pointers of the catalogue, as the import notes them. `statuses` has the number of
    operations that document each status of an error.
    """

    reasons: Mapping[Pointer, str]
    statuses: Mapping[str, int]

    def explain(self, steps: Pointer, data: Any) -> str:
        """Return a part and its evidence in words, for a pointer of the merged catalogue."""
        part = brief(".".join(map(str, steps[:4])), 80)
        if steps[0] in ("surfaces", "groups"):
            return f"default: {part}, as nobody says what is offered to whom"
        return f"guessed: {part}, {self._find_reason(steps, data)}"

    def _find_reason(self, steps: Pointer, data: Any) -> str:
        if steps[0] == "errors":
            code = value_at(data, steps[:3]) if steps[1:2] == ("codes",) else None
            status = str(code.get("status") if isinstance(code, Mapping) else code)
            usual = sorted(self.statuses, key=lambda each: (-self.statuses[each], each))[:2]
            shown = [status] if status in self.statuses else usual
            if shown:
                return "from " + " and ".join(f"the {each} of {self._count(each)}" for each in shown)
        for length in range(len(steps), 0, -1):
            if (reason := self.reasons.get(steps[:length])) is not None:
                return reason
        return "from the document's `info` and `servers`" if steps[0] == "api" else "from the whole document"

    def _count(self, status: str) -> str:
        number = self.statuses[status]
        return f"{number} operation{'' if number == 1 else 's'}"


@dataclass(slots=True)
class OverlaySource(Source):
    """The author's file over a document. `data` is the merged catalogue, `text` and `root` are the author's.

    `keys` maps names of actions to the author's keys for them. `stated` are all pointers that the author
    names, `replaced` those whose whole value is the author's, `removed` the author's nulls. `items` has the
    items of changed lists: the place of each in the author's list, or None for one of the document's.
    """

    document: DocumentSource | None = None
    keys: Mapping[str, str | int] = field(default_factory=dict)
    patterns: Spread = field(default_factory=Spread)
    """The author's entries for several operations, and what each says."""
    stated: frozenset[Pointer] = frozenset()
    replaced: frozenset[Pointer] = frozenset()
    removed: Sequence[Pointer] = ()
    items: Mapping[Pointer, int | None] = field(default_factory=dict)
    options: DocumentOptions | None = None
    overlays: Sequence[Source] = ()
    """The files of the OpenAPI Overlay Specification that change the document."""
    digest: str = ""
    """The SHA-256 of the document's bytes, in hexadecimal digits; with overlays, that over all files."""
    idle: Sequence[Pointer] = ()
    """Pointers at which the author says what the document says anyway."""
    notes: Sequence[Note] = ()
    """The notes on what the import of the document lost, concluded, or asks."""
    evidence: Evidence = field(default_factory=lambda: Evidence({}, {}))
    hosts: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """The document's operations, each as `GET /notes`, by the address of the server that they are at."""
    host: str = ""
    """The one of several addresses that the author chooses; the operations of the others are left out."""
    without: Mapping[str, str] = field(default_factory=dict)
    """Surfaces that no one asked for and that are left out, each with the reason."""
    blames: bool = False
    """True where a problem at a part of the document comes from a line of the author's."""

    @property
    def names(self) -> Mapping[str, Sequence[str]]:
        """The names of each action's operation in the document: its operationId, its label and its path."""
        return self.document.names if self.document is not None else {}

    @property
    def dangling(self) -> str:
        """A sentence on the document's references that lead nowhere; empty without one."""
        return say_nowhere(self.notes)

    @property
    def whole(self) -> str:
        """The text of all files, for the catalogue's hash."""
        texts = [self.text, self.document.text if self.document is not None else ""]
        return "\0".join([*texts, *(overlay.text for overlay in self.overlays)])

    @property
    def is_unpinned(self) -> bool:
        """True if the document comes from a URL, and may be another one at the next start."""
        return self.options is not None and self.options.is_remote and not self.options.sha256

    def list_remarks(self) -> Sequence[Problem]:
        """Return the secrets in the document's URL, and the lines that may go."""
        found: list[Problem] = []
        if self.options is not None and (what := self.options.find_secret()):
            said = f"the URL of the document holds {what}, which everybody reads who reads this file"
            help = "save the document beside this file, and name that copy"
            found.append(Problem(self._locate_document(), "overlay/secret-in-url", said, help))
        if (hosts := self._remark_on_hosts()) is not None:
            found.append(hosts)
        for pointer in self.idle:
            said = f"the document says the same of `{brief('.'.join(map(str, pointer)), 100)}`"
            help = "this line may go; keep it if it shall stay so when the document changes"
            at = self.locate(pointer)
            found.append(Problem(at, "overlay/says-nothing-new", said, help, severity="note"))
        return [*found, *self.list_losses()]

    def list_losses(self) -> Sequence[Problem]:
        """Return what the import does not take as the document has it, one note a kind, worst first."""
        found = []
        for notes in group_losses(self.notes):
            first = notes[0]
            others = list(dict.fromkeys(note.message for note in notes if note.message != first.message))
            also = f"; also: {' | '.join(brief(said, 80) for said in others[:MOST_ALIKE])}" if others else ""
            more = f", and {len(others) - MOST_ALIKE} more" if len(others) > MOST_ALIKE else ""
            said = f"{f'{len(notes):,} times: ' if len(notes) > 1 else ''}{first.message}{also}{more}"
            help = {
                "left out": "it is not verified, and no tool; a whole catalogue can say it by hand",
                "lost": "the API still holds to it; `pgagents verify` reads it in the document",
                "repaired": "correct the document there",
            }[first.kind]
            if first.kind == "lost" and first.extent == "nowhere":
                help = "correct it there: until then nothing is held to it"
            id = f"overlay/{first.kind.replace(' ', '-')}"
            at = self.locate(first.at) if first.at else self._locate_document()
            found.append(Problem(at, id, said, help, severity="note"))
        return found

    def _remark_on_hosts(self) -> Problem | None:
        """Return a note on a document whose operations are at several addresses."""
        if self.host:
            others = [label for host, labels in self.hosts.items() if host != self.host for label in labels]
            shown = ", ".join(map(brief, others[:MOST_NAMED]))
            more = f" and {len(others) - MOST_NAMED} more" if len(others) > MOST_NAMED else ""
            said = f"`api.server` chooses {self.host}; left out, as they are at other hosts: {shown}{more}"
            help = "leave `api.server` out to take all hosts"
            return Problem(
                self.locate(("api", "server")), "overlay/several-hosts", said, help, severity="note"
            )
        if len(self.hosts) < 2 or Source.has(self, ("api", "server")) or Source.has(self, ("api", "servers")):
            return None
        counted = ", ".join(f"{brief(host)} ({len(labels)})" for host, labels in self.hosts.items())
        said = f"the document's operations are at several hosts: {counted}"
        first = next(iter(self.hosts))
        help = f"`api: {{server: {first}}}` takes those of one host alone"
        return Problem(self._locate_document(), "overlay/several-hosts", said, help, severity="note")

    def _locate_document(self) -> Span:
        own = (KEY, "document") if self.options is not None and self.options.is_mapping else (KEY,)
        return Source.locate(self, own, at_value=True)

    def is_from_document(self, pointer: Pointer) -> bool:
        """True if the document says the value at `pointer`, or the import concluded it from there."""
        return self.find_own(pointer) is None

    def is_guessed(self, pointer: Pointer) -> bool:
        """Return True if the import made the value up, and asks the author for it."""
        asked = any(note.kind == "decide" and note.at == pointer for note in self.notes)
        return asked and self.find_own(pointer) is None

    def locate(self, pointer: Iterable[str | int], *, at_value: bool = False) -> Span:
        """Return the place of the value at `pointer` of the merged catalogue, in the file that says it."""
        steps = tuple(pointer)
        assert self.document is not None
        if (own := self.find_own(steps)) is not None:
            return Source.locate(self, own, at_value=at_value)
        if self.blames and (cause := self._find_cause(steps)) is not None:
            return Source.locate(self, self.to_written(cause), at_value=at_value)
        if self.document.knows(steps):
            return self.document.locate(steps, at_value=at_value)
        place = Source.locate(self, (KEY,), at_value=at_value)
        return replace(place, guess=self.evidence.explain(steps, self.data)) if len(steps) > 1 else place

    def find_own(self, steps: Pointer) -> Pointer | None:
        """Return the pointer in the author's file if the author says this value, or a part of it."""
        for length in range(1, len(steps) + 1):
            if steps[:length] in self.items:
                number = self.items[steps[:length]]
                return None if number is None else self.to_written((*steps[: length - 1], number))
        if steps in self.stated or any(steps[:n] in self.replaced for n in range(1, len(steps) + 1)):
            return self.to_written(steps)
        return None

    def to_written(self, steps: Pointer) -> Pointer:
        """Return a pointer of the merged catalogue as one of the author's file."""
        if len(steps) > 1 and steps[0] == "actions":
            return self.patterns.find_origin(("actions", self.keys.get(str(steps[1]), steps[1]), *steps[2:]))
        return steps

    def _find_cause(self, steps: Pointer) -> Pointer | None:
        """Return the author's line that most likely causes a problem at a part of the document.

        A concluded call contradicts what the author says of its action's argument.
        """
        call = value_at(self.data, steps[:3]) if steps[0] == "resources" else None
        if isinstance(call, Mapping) and ("actions", call.get("action"), "input") in self.stated:
            steps = ("actions", str(call["action"]), *steps[3:])

        def count_common(other: Pointer) -> int:
            return next(
                (n for n, pair in enumerate(zip(steps, other, strict=False)) if pair[0] != pair[1]),
                min(len(steps), len(other)),
            )

        nulls = sorted(self.removed, key=count_common, reverse=True)
        if nulls and count_common(nulls[0]) > 1:
            return nulls[0]
        near = max(self.stated, key=lambda at: (count_common(at), -len(at), str(at)), default=None)
        if near is not None and count_common(near) > 1:
            return near
        return nulls[0] if nulls else near

    def has(self, pointer: Iterable[str | int]) -> bool:
        """True if the merged catalogue has a value at exactly this pointer."""
        value: Any = self.data
        for step in pointer:
            inside = isinstance(step, int) and isinstance(value, list) and 0 <= step < len(value)
            if not inside and not (isinstance(value, dict) and step in value):
                return False
            value = value[step]
        return True

    def pointers(self) -> Iterator[Pointer]:
        """Yield the pointer of every value of the merged catalogue, parents first."""
        stack: list[tuple[Pointer, Any]] = [((), self.data)]
        while stack:
            pointer, value = stack.pop()
            yield pointer
            members = value.items() if isinstance(value, dict) else ()
            items = enumerate(value) if isinstance(value, list) else ()
            stack.extend(((*pointer, step), child) for step, child in reversed([*members, *items]))

    def part(self, file: str) -> Source:
        """Return the author's file, the document or one of its overlays, by its name in messages."""
        if self.document is not None and file == self.document.file:
            return self.document
        return next((overlay for overlay in self.overlays if overlay.file == file), self)

    def find_written(self, pointer: Pointer) -> tuple[Source, Pointer] | None:
        """Return the author's file and the pointer in it if it holds exactly this value."""
        own = self.find_own(pointer)
        author = Source(self.file, self.text, None, self.root)
        return (author, own) if own is not None and author.has(own) else None

    def list_holders(self, pointer: Pointer) -> list[Span]:
        """Return the author's entries above a part of the document, which comments about it stand above."""
        stated = (
            pointer[:length] for length in range(len(pointer), 1, -1) if pointer[:length] in self.stated
        )
        holders = [self.to_written(at) for at in islice(stated, 1)]
        if pointer[:1] == ("actions",) and len(pointer) > 1:
            key = self.keys.get(str(pointer[1]))
            holders += [("actions", pattern) for pattern in self.patterns.fitting.get(key, ())]
        return [Source.locate(self, at) for at in holders]
