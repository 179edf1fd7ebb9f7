"""The journal of a run: what could be made on the server, written into a file before it is sent.

A run that is killed cannot undo anything. A later run with the same file does it instead (`recovery.py`).

The file has one JSON object a line, and is only added to while a run goes on:

| line | says |
|---|---|
| `pgagents_journal` | the first line: the server and the API that the file is about |
| `run` | a run begins; its part of the marks, and its process |
| `send` | a call that could make something is about to be sent |
| `done` | that call has been answered, and what it made is known |
| `made` | an instance that a call made |
| `now` | the instance is proved to be the run's own or not, or has another id, state or members |
| `gone` | the instance is gone |
| `left` | nothing can be done about a call or an instance, and a report has named it |
| `kind` | the evidence that creates of a kind make new instances |

Ids and values come from the server: their lengths are bounded, both when they are written and when they are
read. Keys and secret members are never written.

Each line ends with `seal`, which a key of the user's own makes of the line and of all lines before it. A line
that somebody else wrote, or that comes from another place or another journal, is refused: it must not lead to
a removal.
"""

from __future__ import annotations

import contextlib
import hmac
import json
import os
import re
import secrets
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

from pgagents.base.errors import PgagentsError
from pgagents.base.http import json_bytes
from pgagents.catalogue.model.resource import Id, is_scalar

FORM = 2
HEAD = b'{"pgagents_journal":'
MOST_BYTES = 128_000_000
"""The size up to which a journal is read and written."""
MOST_LINE = 64_000
MOST_TEXT = 400
"""The longest text of a server that is written, in characters."""
MOST_PLACE = 4 * MOST_TEXT
MOST_ENTRIES = 100_000
"""The most calls and instances that a journal may leave open."""
KEY_BYTES = 32
_MOST_SEAL = 64 + len('"}')
_TAG = re.compile(r"[0-9a-f]{16}")
_HOLDER = re.compile(rb'\{"run":"[0-9a-f]{16}","at":"[^"]{0,40}","pid":(\d{1,10}),"seal":"[0-9a-f]{64}"\}\n')
_SEALED = re.compile(rb'(?P<said>\{.+),"seal":"(?P<seal>[0-9a-f]{64})"\}\n', re.S)


@dataclass(slots=True)
class Sent:
    """A call that could make something, as the journal has it. `whole` is true if all its values are there.

    `marked` are the arguments with the run's mark, also those in which it cannot be seen, such as numbers.
    """

    number: int
    action: str
    surface: str
    role: str
    owner: str
    input: Mapping[str, Any]
    marked: tuple[str, ...]
    whole: bool


@dataclass(slots=True)
class Made:
    """An instance that a run made. `by` is the number of its call, `up` that of the instance around it.

    `body` has its bounded members, `could` the arguments of its create that may have led to an older one.
    """

    number: int
    by: int
    resource: str
    id: Id
    place: str
    role: str
    body: Mapping[str, Any]
    state: str | None
    could: tuple[str, ...]
    up: int
    refers: tuple[int, ...]
    ours: bool


@dataclass(slots=True)
class Past:
    """The calls and instances that earlier runs left open, by number and in their order."""

    tags: list[str] = field(default_factory=list)
    """The earlier runs' parts of their marks."""
    sent: dict[int, Sent] = field(default_factory=dict)
    """Calls whose effect is not known."""
    made: dict[int, Made] = field(default_factory=dict)
    makers: dict[int, Sent] = field(default_factory=dict)
    """The calls that made these instances."""
    kinds: dict[str, Mapping[str, Any]] = field(default_factory=dict)
    marks: int = 0
    """The greatest number of a mark."""
    last: int = 0
    """The greatest number of a line."""

    @property
    def is_open(self) -> bool:
        """True if something may still be on the server."""
        return bool(self.sent or self.made)


class JournalFile:
    """An open journal, which no other process can open. `past` is what its earlier runs left open."""

    def __init__(self, path: Path, target: str, api: str, key: bytes) -> None:
        """Open a journal, or begin one. `target` is the server that it is about, `api` the API's name, `key`
        the one of `read_key`.

        Raises PgagentsError for a file that is none, that is about another server, that lacks this key's
        seals, or that another process uses.
        """
        self.path = path
        self._about = {"target": target, "api": api}
        self._key, self._last_seal = key, b""
        self._file = _open(path)
        try:
            _lock(self._file, path)
            self.past, self._size = self._read()
            if stat.S_IMODE(os.fstat(self._file).st_mode) & 0o077:
                os.fchmod(self._file, 0o600)
        except OSError as error:
            os.close(self._file)
            raise PgagentsError(
                f"cannot keep the journal {path}: {error.strerror}", "give a file in a folder of yours"
            ) from None
        except BaseException:
            os.close(self._file)
            raise
        self._number = self.past.last

    def close(self) -> None:
        """Close the file, so that another process can open it."""
        os.close(self._file)

    def next_number(self) -> int:
        """Return the number of the next call or instance."""
        self._number += 1
        return self._number

    def write(self, line: Mapping[str, Any], *, durable: bool = False) -> None:
        """Add a line. A `durable` one outlives a crash of the machine, too. Raises OSError."""
        said = json_bytes(line)
        seal = self._seal(said)
        text = said[:-1] + b',"seal":"' + seal + b'"}\n'
        if self._size + len(text) > MOST_BYTES:
            raise OSError(0, f"it has more than {MOST_BYTES:,} bytes")
        if (written := os.write(self._file, text)) < len(text):
            os.ftruncate(self._file, self._size)
            raise OSError(0, f"only {written} of {len(text)} bytes could be written")
        self._size, self._last_seal = self._size + len(text), seal
        if durable:
            getattr(os, "fdatasync", os.fsync)(self._file)

    def empty(self) -> None:
        """Begin the file anew, because nothing that it names can be on the server. Raises OSError.

        Numbers go on, so that none is used twice.
        """
        os.ftruncate(self._file, 0)
        self._size, self._last_seal = 0, b""
        # without the nonce, lines from before could be put back
        self.write({"pgagents_journal": FORM, **self._about, "nonce": secrets.token_hex(16)})

    def _seal(self, said: bytes) -> bytes:
        return hmac.new(self._key, self._last_seal + said, sha256).hexdigest().encode()

    def _read(self) -> tuple[Past, int]:
        """Return what the file says, and its size without a last line that was cut."""
        if (size := os.fstat(self._file).st_size) > MOST_BYTES:
            raise self._refuse(f"it has {size:,} bytes, and at most {MOST_BYTES:,} are read")
        with os.fdopen(os.dup(self._file), "rb") as stream:
            head = stream.readline(MOST_LINE)
            if not head.endswith(b"\n") and (HEAD.startswith(head) or head.startswith(HEAD)):
                if len(head.partition(b'","seal":"')[2]) > _MOST_SEAL:  # another program joined its lines
                    raise self._refuse("its first line goes on behind its seal")
                self.empty()
                return Past(), self._size
            self._check_head(head)
            past, end = Past(), len(head)
            for number, line in enumerate(iter(lambda: stream.readline(MOST_LINE + 1), b""), 2):
                if not line.endswith(b"\n") and stream.read(1) == b"":
                    break  # the process that wrote it was killed
                said, problem = self._unseal(line) if line.endswith(b"\n") else (b"", "it is too long")
                if problem := problem or _take(past, said):
                    raise self._refuse(f"line {number} is none of a journal: {problem}")
                if len(past.sent) + len(past.made) > MOST_ENTRIES:
                    raise self._refuse(f"it leaves more than {MOST_ENTRIES:,} calls and instances open")
                end += len(line)
        os.ftruncate(self._file, end)
        return past, end

    def _unseal(self, line: bytes) -> tuple[bytes, str]:
        """Return what a line says, and what is wrong with its seal; empty if nothing is."""
        parts = _SEALED.fullmatch(line)
        if parts is None:
            return b"", "it has no seal"
        said = parts["said"] + b"}"
        seal = self._seal(said)
        if not hmac.compare_digest(seal, parts["seal"]):
            return said, "its seal is not one of your key at this place"
        self._last_seal = seal
        return said, ""

    def _check_head(self, head: bytes) -> None:
        if not head.startswith(HEAD):
            raise self._refuse("it is not a journal of pgagents")
        found = _object(head)
        if found.get("pgagents_journal") != FORM:
            raise self._refuse("another version of pgagents wrote it")
        about = {name: str(found.get(name, ""))[:MOST_TEXT] for name in self._about}
        if any(found.get(name) != mine for name, mine in self._about.items()):
            raise PgagentsError(
                f"the journal {self.path} is about {about['api']} at {about['target']}, and this run is "
                f"about {self._about['api']} at {self._about['target']}",
                "give each server and API a file of its own",
            )
        if problem := self._unseal(head)[1]:
            raise self._refuse(f"line 1 is none of a journal: {problem}")

    def _refuse(self, why: str) -> PgagentsError:
        return PgagentsError(
            f"cannot use {self.path} as a journal: {why}",
            "look at what it names, remove that from the server if it is still there, and give another file",
        )


def _open(path: Path) -> int:
    """Open a file of a journal. Raises PgagentsError."""
    flags = os.O_RDWR | os.O_CREAT | os.O_APPEND | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        opened = os.open(path, flags, 0o600)
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise PgagentsError(
            f"cannot write the journal {path}: {why}", "give a file in a folder of yours"
        ) from None
    if not stat.S_ISREG(os.fstat(opened).st_mode):
        os.close(opened)
        raise PgagentsError(f"cannot write the journal {path}: it is not a file", "give a file")
    return opened


def read_key() -> bytes:
    """Return the key that seals this user's journals; make it before the first one. Raises PgagentsError.

    It has a file of its own, because keys of an API change, and some APIs have none.
    """
    path = _find_key()
    try:
        with contextlib.suppress(FileExistsError):
            path.parent.mkdir(mode=0o700, parents=True)
        with contextlib.suppress(FileExistsError):
            _make_key(path)
        opened = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        with os.fdopen(opened, "rb") as stream:
            status, key = os.fstat(opened), stream.read(KEY_BYTES + 1)
    except OSError as error:
        raise PgagentsError(
            f"cannot use {path}, the key that seals journals: {error.strerror or error}",
            "set XDG_STATE_HOME to a folder of yours",
        ) from None
    if not stat.S_ISREG(status.st_mode) or len(key) != KEY_BYTES:
        raise _refuse_key(path, f"it is not a file of {KEY_BYTES} bytes")
    if hasattr(os, "getuid") and status.st_uid != os.getuid():
        raise _refuse_key(path, "it belongs to another user")
    if os.name == "posix" and stat.S_IMODE(status.st_mode) & 0o077:
        raise _refuse_key(path, f"its mode is {stat.S_IMODE(status.st_mode):04o}, so others may know it")
    return key


def _find_key() -> Path:
    """Return the place of the user's key: in the XDG state folder. Raises PgagentsError without a home."""
    given = os.environ.get("XDG_STATE_HOME", "")
    if Path(given).is_absolute():
        return Path(given) / "pgagents" / "journal.key"
    try:
        return Path.home() / ".local" / "state" / "pgagents" / "journal.key"
    except RuntimeError:
        raise PgagentsError(
            "cannot keep the key that seals journals: this user has no home",
            "set XDG_STATE_HOME to a folder of yours",
        ) from None


def _make_key(path: Path) -> None:
    """Make the key's file, whole or not at all. Raises FileExistsError if it is there."""
    if os.path.lexists(path):
        raise FileExistsError
    part = path.with_name(f".{path.name}.{secrets.token_hex(8)}")
    opened = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(opened, "wb") as stream:
            stream.write(secrets.token_bytes(KEY_BYTES))
        os.link(part, path)  # which never replaces a file, as two runs may begin at once
    finally:
        part.unlink()


def _refuse_key(path: Path, why: str) -> PgagentsError:
    return PgagentsError(
        f"cannot use {path}, the key that seals journals: {why}",
        "remove it, after which journals from before are refused, or set XDG_STATE_HOME to a folder of yours",
    )


def _lock(opened: int, path: Path) -> None:
    """Keep other processes from using the journal while this one lives. Raises PgagentsError."""
    try:
        import fcntl
    except ImportError:  # Windows has no such lock
        return
    try:
        fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        holder = _find_holder(opened)
        raise PgagentsError(
            f"the journal {path} is in use{f' by process {holder}' if holder else ''}",
            "wait until that run has ended, or give each run a file of its own",
        ) from None


def _find_holder(opened: int) -> str:
    """Return the process of the last run in a journal; empty if it cannot be read."""
    try:
        size = os.fstat(opened).st_size
        with os.fdopen(os.dup(opened), "rb") as stream:
            stream.seek(0)
            holders = _HOLDER.findall(stream.read(min(size, MOST_BYTES)))
    except OSError:
        return ""
    return holders[-1].decode() if holders else ""


# -- reading the lines
#
# A line that another program changed is refused as a whole: half of it must not lead to a removal.


def _object(line: bytes) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _take(past: Past, line: bytes) -> str:
    """Take a line into what the journal leaves open. Return what is wrong with it; empty if nothing is."""
    said = _object(line)
    kind = next(iter(said), "")
    read = _READERS.get(kind)
    if read is None:
        return "it has no known word"
    try:
        read(past, said)
    except (KeyError, TypeError, ValueError) as error:
        return f"`{kind}` is not as it was written ({type(error).__name__})"
    return ""


def _text(value: Any, most: int = MOST_TEXT) -> str:
    if not isinstance(value, str) or len(value) > most:
        raise ValueError
    return value


def _number(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value < 2**53:
        raise ValueError
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _members(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError
    return value


def _id(value: Any) -> Id:
    parts = value if isinstance(value, list) else [value]
    if not parts or not all(is_scalar(part) and len(str(part)) <= MOST_TEXT for part in parts):
        raise ValueError
    return tuple(parts) if isinstance(value, list) else value


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise TypeError
    return tuple(map(_text, value))


def _begin_run(past: Past, said: Mapping[str, Any]) -> None:
    if not _TAG.fullmatch(_text(said["run"])):
        raise ValueError
    past.tags.append(said["run"])


def _note_sent(past: Past, said: Mapping[str, Any]) -> None:
    number = _number(said["send"])
    call = Sent(
        number,
        _text(said["action"]),
        _text(said["surface"]),
        _text(said["role"]),
        _text(said["owner"]),
        _members(said["input"]),
        _texts(said["marked"]),
        _flag(said["whole"]),
    )
    past.sent[number] = past.makers[number] = call
    past.marks = max(past.marks, _number(said["marks"]))
    past.last = max(past.last, number)


def _note_done(past: Past, said: Mapping[str, Any]) -> None:
    number = _number(said["done"])
    past.sent.pop(number, None)
    if not _flag(said["made"]):
        past.makers.pop(number, None)


def _note_made(past: Past, said: Mapping[str, Any]) -> None:
    number = _number(said["made"])
    past.made[number] = Made(
        number,
        _number(said["by"]),
        _text(said["resource"]),
        _id(said["id"]),
        _text(said["place"], MOST_PLACE),
        _text(said["role"]),
        _members(said["body"]),
        _text(said["state"]) if said["state"] is not None else None,
        _texts(said["could"]),
        _number(said["up"]),
        tuple(map(_number, said["refers"])),
        _flag(said["ours"]),
    )
    past.last = max(past.last, number)


def _note_now(past: Past, said: Mapping[str, Any]) -> None:
    made = past.made.get(_number(said["now"]))
    id, state, ours, body = _id(said["id"]), said["state"], _flag(said["ours"]), _members(said["body"])
    place, up = _text(said["place"], MOST_PLACE), _number(said["up"])
    refers = tuple(map(_number, said["refers"]))
    if made is not None:
        made.place, made.up, made.refers = place, up, refers
        made.id, made.state = id, _text(state) if state is not None else None
        made.ours, made.body = ours, body


def _note_gone(past: Past, said: Mapping[str, Any]) -> None:
    gone = past.made.pop(_number(said["gone"]), None)
    if gone is not None and gone.by not in past.sent and all(m.by != gone.by for m in past.made.values()):
        past.makers.pop(gone.by, None)


def _note_left(past: Past, said: Mapping[str, Any]) -> None:
    number = _number(said["left"])
    past.sent.pop(number, None)
    past.made.pop(number, None)


def _note_kind(past: Past, said: Mapping[str, Any]) -> None:
    made = [(_text(place, MOST_PLACE), _id(id)) for place, id in said["made"]]
    past.kinds[_text(said["kind"])] = {
        "made": made,
        "read": _number(said["read"]),
        "independent": _texts(said["independent"]),
        "problem": _text(said["problem"]),
        "removed": _flag(said["removed"]),
    }


_READERS = {
    "run": _begin_run,
    "send": _note_sent,
    "done": _note_done,
    "made": _note_made,
    "now": _note_now,
    "gone": _note_gone,
    "left": _note_left,
    "kind": _note_kind,
}
