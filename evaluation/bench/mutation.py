"""One mutant of the sandbox, tried: in a forked process its module is compiled with the slip in it, and
what it makes is verified.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import pickle
import resource
import select
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

from evaluation.bench.mutate import Mutant
from pgagents.base.http import Handler, Request, Response
from pgagents.catalogue.load import load_file
from pgagents.inprocess import inside, over_tls, verify_sandbox
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.verify.plan.options import Options
from pgagents.verify.run import sender

CATALOGUE = Path("catalogue/park_graph.yaml")
SOURCE = Path("src/pgagents")
PACKAGES = ("pgagents.sandbox", "pgagents.sandbox.park_graph")
FOUND, NOTICED, MISSED, NO_START, HUNG = "found", "noticed", "missed", "no start", "hung"
"""The outcomes of a mutant. noticed: no contract is broken, but some could not be tried, so that the run is
not green.
"""
DIFFERS, SAME, UNREACHED = "answers differ", "same answers", "not reached"
"""The traces that a run saw of a missed one."""
_MOST_CPU_S = 30
_MOST_WALL_S = 240.0
_MOST_BYTES = 4 << 30
_SHOWN = 110


@dataclass(frozen=True, slots=True)
class Told:
    """An exchange or a delivery: what was sent, and a digest and the text of what came."""

    sent: str
    digest: bytes
    came: str


@dataclass(frozen=True, slots=True)
class Tried:
    """The outcome of a mutant. `checks` found it or could not be tried; `shown` is the first answer that is
    another one.
    """

    mutant: Mutant
    outcome: str
    checks: tuple[str, ...] = ()
    contracts: tuple[str, ...] = ()
    reach: str = ""
    shown: str = ""


@dataclass(slots=True)
class _Seen:
    """The outcome of a run in a forked process."""

    started: bool = False
    broken: list[str] = field(default_factory=list)
    untested: list[str] = field(default_factory=list)
    exchanges: list[Told] = field(default_factory=list)
    lines: set[tuple[str, int]] = field(default_factory=set)


def modules() -> list[Path]:
    """Every module of the sandbox and of its domain, without faults and variations."""
    paths = (SOURCE / "sandbox").rglob("*.py")
    return sorted(p for p in paths if not {"faults", "variations"} & set(p.parts))


class Trial:
    """Tries mutants of these sources beside the sandbox as it is, in runs without bursts and with them.

    `options` are those of each run but for its bursts. Raises AssertionError where a run of the
    sandbox itself is not as it should be.
    """

    def __init__(
        self,
        texts: Mapping[str, str],
        runs: Sequence[bool] = (False, True),
        options: Options = Options(),  # noqa: B008  # frozen
    ) -> None:
        self._model, self._options = load_file(CATALOGUE), options
        self._codes = {str(p): compile(p.read_text(encoding="utf-8"), str(p), "exec") for p in modules()}
        self._texts = texts
        verify_sandbox(
            self._model, inside(self._model), self._options
        )  # so that what is worked out once is there in each process
        self._plain: dict[bool, list[Told]] = {}
        self._lines: set[tuple[str, int]] = set()
        for bursts in runs:
            first, again = (self._run(None, bursts, trace=trace) for trace in (True, False))
            assert first is not None
            assert again is not None
            assert not again.broken, f"the sandbox itself breaks {again.broken}"
            assert [t.digest for t in first.exchanges] == [t.digest for t in again.exchanges], (
                "two runs differ"
            )
            self._plain[bursts] = again.exchanges
            self._lines |= first.lines

    def still(self) -> None:
        """Raises AssertionError where the tree was changed since: then what was tried meanwhile is worth
        nothing.
        """
        for bursts, plain in self._plain.items():
            seen = self._run(None, bursts)
            assert seen is not None
            assert [t.digest for t in seen.exchanges] == [t.digest for t in plain], (
                "the tree was changed while mutants were tried"
            )

    def of(self, mutant: Mutant) -> Tried:
        """Try one."""
        reach, shown = SAME if self._is_reached(mutant) else UNREACHED, ""
        for bursts in self._plain:
            seen = self._run(mutant, bursts)
            if seen is None:
                return Tried(mutant, HUNG)
            if not seen.started:
                return Tried(mutant, NO_START)
            if seen.broken:
                return Tried(mutant, FOUND, _checks(seen.broken), tuple(seen.broken[:3]))
            if seen.untested:
                return Tried(mutant, NOTICED, _checks(seen.untested), tuple(seen.untested[:3]))
            if not shown and (shown := _difference(self._plain[bursts], seen.exchanges)):
                reach = DIFFERS
        return Tried(mutant, MISSED, reach=reach, shown=shown)

    def _is_reached(self, mutant: Mutant) -> bool:
        first, last = mutant.lines
        return any((mutant.file, line) in self._lines for line in range(first, last + 1))

    def _run(self, mutant: Mutant | None, bursts: bool, trace: bool = False) -> _Seen | None:
        """Verify in a forked process; None where it did not come to an end."""
        reading, writing = os.pipe()
        child = os.fork()
        if not child:
            os.close(reading)
            self._child(mutant, bursts, trace, writing)
        os.close(writing)
        data = _all(reading, _MOST_WALL_S)
        if data is None:
            os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        return pickle.loads(data) if data else None  # written by a process that we forked

    def _child(self, mutant: Mutant | None, bursts: bool, trace: bool, writing: int) -> None:
        seen, code = _Seen(), 0
        try:
            if not trace:
                resource.setrlimit(resource.RLIMIT_CPU, (_MOST_CPU_S, _MOST_CPU_S))
                resource.setrlimit(resource.RLIMIT_AS, (_MOST_BYTES, _MOST_BYTES))
            os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
            sender.ThreadPoolExecutor, sender.Barrier = _Turns, _Gate  # type: ignore[assignment,misc]  # in this process alone
            codes = dict(self._codes)
            if mutant is not None:
                codes[mutant.file] = compile(mutant.apply(self._texts[mutant.file]), mutant.file, "exec")
            for name in [name for name in sys.modules if _of_sandbox(name)]:
                del sys.modules[name]
            sys.meta_path.insert(0, _Finder(codes))
            if trace:
                _trace(seen.lines, frozenset(self._texts))
            self._verify(seen, bursts)
        except (
            Exception
        ) as error:  # a mutant may fail in any way; before it serves, that is all that is to be known
            if seen.started:
                seen.broken = [f"crashed/{type(error).__name__}"]
        finally:
            sys.settrace(None)
            with os.fdopen(writing, "wb") as file:
                pickle.dump(seen, file)
            os._exit(code)

    def _verify(self, seen: _Seen, bursts: bool) -> None:
        opened = inside(self._model)
        seen.started = True
        front, keys = opened.sandbox.front, opened.keys
        if bursts:
            keys["main"] = opened.sandbox.tokens["test"]
        taking, events = opened.inbox.take, list[Told]()

        def take(path: str, headers: Any, body: bytes, at: float) -> int:
            events.append(_make_told(f"event to {path}", f"{at} {headers} {body!r}"))
            return taking(path, headers, body, at)

        opened.inbox.take = take  # type: ignore[method-assign]  # in this process alone, which only watches
        front.plaintext = _record_exchanges(front.plaintext, seen.exchanges)  # type: ignore[method-assign]  # as above
        handler = _record_exchanges(over_tls(opened.sandbox.handler), seen.exchanges)
        report: Report = verify_sandbox(
            self._model, opened, replace(self._options, limits=bursts), keys=keys, handler=handler
        )
        seen.broken = [r.contract.id for r in report.results if r.verdict is Verdict.BROKEN]
        seen.untested = [
            r.contract.id for r in report.results if r.verdict is Verdict.UNTESTED and not r.excused
        ]
        seen.exchanges += sorted(
            events, key=lambda t: (t.sent, t.came)
        )  # each webhook has a sender of its own, in no order to the others


def _of_sandbox(module: str) -> bool:
    return any(module == package or module.startswith(f"{package}.") for package in PACKAGES)


class _Finder:
    """Gives the sandbox's modules by code that was compiled before."""

    def __init__(self, codes: Mapping[str, CodeType]) -> None:
        self._codes = codes

    def find_spec(self, name: str, path: object = None, target: object = None) -> ModuleSpec | None:  # noqa: ARG002  # as importlib calls it
        """The module of that name, if it is one of them."""
        if not _of_sandbox(name):
            return None
        stem = SOURCE.joinpath(*name.split(".")[1:])
        file, inner = (
            (stem / "__init__.py", [str(stem)]) if stem.is_dir() else (stem.with_suffix(".py"), None)
        )
        if str(file) not in self._codes:
            return None
        return importlib.util.spec_from_file_location(
            name,
            file,
            loader=_Loader(name, str(file), self._codes[str(file)]),
            submodule_search_locations=inner,
        )


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, code: CodeType) -> None:
        super().__init__(name, path)
        self._code = code

    def get_code(self, fullname: str) -> CodeType:  # noqa: ARG002  # as importlib calls it
        """Return the code that is run as the module."""
        return self._code


def _record_exchanges(
    handler: Handler | Callable[[Request], Response], into: list[Told]
) -> Callable[[Request], Any]:
    lock = threading.Lock()

    def answer(request: Request) -> Any:
        given = handler(request)
        sent = f"{request.method} {request.target[:_SHOWN]} {request.body[:_SHOWN].decode(errors='replace')}"
        headers = replace(given, body=b"") if isinstance(given, Response) else given
        came = (
            f"{headers} {given.body.decode(errors='replace')}" if isinstance(given, Response) else str(given)
        )
        with lock:
            into.append(_make_told(sent, came))
        return given

    return answer


class _Gate:
    """Stands in for the barrier that calls wait at: they go one after the other."""

    def __init__(self, _parties: int) -> None:
        pass

    def wait(self) -> None:
        """Nobody else comes."""


class _Turns:
    """Stands in for the threads that send several calls at the same time. The sandbox takes one at a time
    anyway, and so each run takes them in the same order.
    """

    def __init__(self, _workers: int) -> None:
        pass

    def __enter__(self) -> _Turns:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def map(self, act: Callable[[Request], Any], requests: Sequence[Request]) -> list[Any]:
        """The answers."""
        return [act(request) for request in requests]


def _make_told(sent: str, came: str) -> Told:
    return Told(sent, hashlib.sha256(f"{sent}\n{came}".encode(errors="replace")).digest(), came)


def _difference(plain: Sequence[Told], ours: Sequence[Told]) -> str:
    """The first exchange that was another one, and where in it; empty where all are the same."""
    for one, other in zip(plain, ours, strict=False):
        if one.digest != other.digest:
            same = [a == b for a, b in zip(one.came, other.came, strict=False)]
            at = same.index(False) if False in same else len(same)
            was, came = (text[max(0, at - 30) : at + _SHOWN] for text in (one.came, other.came))
            return (
                f"{one.sent} | {was} | {came}"
                if one.sent == other.sent
                else f"sent {one.sent} | {other.sent}"
            )
    return "" if len(plain) == len(ours) else f"{len(ours)} exchanges in place of {len(plain)}"


def _checks(contracts: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted({id.partition("/")[0].partition("@")[0] for id in contracts}))


def _all(reading: int, most_s: float) -> bytes | None:
    """Return all bytes from a pipe until it is closed; None where it takes too long."""
    parts = []
    while select.select([reading], [], [], most_s)[0]:
        part = os.read(reading, 1 << 20)
        if not part:
            os.close(reading)
            return b"".join(parts)
        parts.append(part)
    os.close(reading)
    return None


def _trace(into: set[tuple[str, int]], files: frozenset[str]) -> None:
    """Note the lines of these files that are run."""

    def line(frame: FrameType, event: str, _: object) -> Any:
        if event == "line":
            into.add((frame.f_code.co_filename, frame.f_lineno))
        return line

    def call(frame: FrameType, event: str, _: object) -> Any:  # noqa: ARG001  # as Python calls it
        return line if frame.f_code.co_filename in files else None

    sys.settrace(call)
