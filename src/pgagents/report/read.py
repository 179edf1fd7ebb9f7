"""Read a JSON report back into the same values, so that every format can be made from a file.

A report may come from anywhere (a CI artefact, a colleague). So its size and depth are limited, it is
validated against the schema, and an incomplete report is refused.
"""

from __future__ import annotations

import base64
import binascii
import json
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from pgagents.base.errors import PgagentsError
from pgagents.base.http import Request, Response, Silence, read_json
from pgagents.base.places import Place, Source, Span
from pgagents.base.registry import folder
from pgagents.report.contract import Contract, Rank, Verdict
from pgagents.report.formats.json import FORMAT
from pgagents.report.reason import Reason
from pgagents.report.report import (
    Alarm,
    Cause,
    Causes,
    ChangedRow,
    Finding,
    Footer,
    Header,
    Lift,
    NotCalled,
    NotSent,
    Proved,
    RecordedExchange,
    Report,
    Result,
    Untried,
    Withheld,
)

FOUND = (Verdict.BROKEN.value, Verdict.ODD.value)

MAX_BYTES = 100_000_000
MAX_LINE = 1_000_000
"""Larger line numbers are refused. A catalogue has at most 16 MB."""
AGAIN = "write it again with `pgagents verify … --report report.json`"


def read(path: Path, *, most: int = MAX_BYTES) -> tuple[Report, Source]:
    """Return the report of a file, and a source with its places and quoted lines.

    Raises PgagentsError if the file is unreadable, cut off, of another version, or inconsistent.
    """
    data = parse_report(_bytes(path, most), str(path))
    _check_report(data, str(path))
    return _report(data), _source(data)


def parse_report(raw: bytes, name: str) -> dict[str, Any]:
    """Return the JSON of a report of this version. Raises PgagentsError for anything else."""
    found = read_json(raw)
    if found.problem:
        cut = raw.lstrip()[:1] == b"{" and not raw.rstrip().endswith(b"}")
        what = "is cut off, so it is not a whole report" if cut else "is not a JSON report"
        raise PgagentsError(f"{name} {what} ({found.problem})", AGAIN)
    header = found.value.get("header") if isinstance(found.value, dict) else None
    if not isinstance(header, dict) or "format" not in header:
        raise PgagentsError(
            f"{name} is JSON, but no report of pgagents verify", "give a file that --report NAME.json wrote"
        )
    if header["format"] != FORMAT:
        said = json.dumps(header["format"])[:40]
        raise PgagentsError(f"{name} has format {said}; this version reads format {FORMAT}", AGAIN)
    data: dict[str, Any] = found.value
    return data


def _bytes(path: Path, most: int) -> bytes:
    try:
        told = path.stat()
        if not stat.S_ISREG(told.st_mode):  # reading a pipe would block
            raise PgagentsError(
                f"{path} is not a file", "give the path of a report that --report NAME.json wrote"
            )
        raw = b"" if told.st_size > most else path.read_bytes()
    except (OSError, ValueError) as error:
        said = error.strerror if isinstance(error, OSError) else error
        raise PgagentsError(
            f"cannot read {path}: {said}", "give the path of a report that --report NAME.json wrote"
        ) from None
    if told.st_size > most:
        raise PgagentsError(f"{path} has {told.st_size:,} bytes; a report has at most {most:,}", AGAIN)
    return raw


@cache
def _schema() -> Any:
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(
        json.loads((folder("schemas") / "report.schema.json").read_text(encoding="utf-8"))
    )


def _check_report(data: dict[str, Any], name: str) -> None:
    """Raise PgagentsError if the report violates its schema, is incomplete or is inconsistent."""
    for error in _schema().iter_errors(data):
        at = "/".join(map(str, error.instance_path)) or "its root"
        raise PgagentsError(
            f"{name} is not a whole report: {str(error.message)[:200]} (at {at[:100]})", AGAIN
        )
    results, footer = data["results"], data["footer"]
    verdicts = {r["contract"]: r["verdict"] for r in results}
    counts = Counter(verdicts.values())
    groups = [
        (f["verdict"], [verdicts.get(id) for id in (f["contract"], *f["also"])]) for f in data["findings"]
    ]
    told = Counter(verdict for _, several in groups for verdict in several)
    ids = {id for f in data["findings"] for id in (f["contract"], *f["also"])}
    wrong = ""
    if len(results) != data["header"]["contracts"]:
        wrong = f"its header states {data['header']['contracts']:,} contracts, and it has {len(results):,}"
    elif len(verdicts) != len(results):
        wrong = "a contract stands there twice"
    elif any(counts[v.value] != footer[v.value] for v in Verdict):
        wrong = "its footer counts other verdicts than it has"
    elif (
        ids != {id for id, verdict in verdicts.items() if verdict in FOUND}
        or told.total() != len(ids)
        or any(
            (Verdict.BROKEN.value in several) != (verdict == Verdict.BROKEN) for verdict, several in groups
        )
    ):
        wrong = "its findings are not its broken contracts"
    elif any(told["source"]["line"] > MAX_LINE for told in (*results, *data["findings"])):
        wrong = f"a place lies beyond line {MAX_LINE:,}"
    elif (shard := data["header"].get("shard")) and shard["number"] > shard["of"]:
        wrong = f"it is shard {shard['number']} of {shard['of']}"
    elif not all(text.isprintable() for text in _names(data)):
        wrong = "a name in it has characters that no name has"
    if wrong:
        raise PgagentsError(f"{name} is not a whole report: {wrong}", AGAIN)


def _names(data: dict[str, Any]) -> Iterator[str]:
    """Yield the texts that every format shows unescaped: contract names and those of the header.

    All other texts are escaped where they are shown.
    """
    yield from (value for value in data["header"].values() if isinstance(value, str))
    for told in (*data["results"], *data["findings"]):
        yield from (
            told["contract"],
            told["check"],
            told["action"],
            told["surface"],
            told["source"]["file"],
            told["source"].get("pointer", ""),
            *told["requirement"],
        )
    yield from (id for told in data["findings"] for id in (*told["also"], told.get("shown_by", "")))
    yield from data["footer"].get("served", {})


def _header(h: Mapping[str, Any]) -> Header:
    return Header(
        h["tool"],
        h["version"],
        h["catalogue"],
        h["catalogue_sha256"],
        h["url"],
        h["seed"],
        h["profile"],
        h["started_at"],
        h["contracts"],
        h.get("in_repository", ""),
        h.get("again", ""),
        (h["shard"]["number"], h["shard"]["of"]) if "shard" in h else None,
        Rank(h.get("fail_on", Rank.LAX)),
        h.get("title", ""),
        tuple(h.get("unasked", ())),
        h.get("day", ""),
    )


def _footer(f: Mapping[str, Any]) -> Footer:
    drawn = f.get("random_calls", {})
    return Footer(
        f["requests"],
        _seconds(f["seconds"]),
        {v: f[v.value] for v in Verdict},
        f["complete"],
        f.get("served", {}),
        tuple(f.get("left_behind", ())),
        tuple(f.get("notes", ())),
        _seconds(f.get("seconds_generating", 0)),
        _seconds(f.get("seconds_sending", 0)),
        _seconds(f.get("seconds_judging", 0)),
        tuple(f.get("may_exist", ())),
        tuple(f.get("lasting", ())),
        f.get("workers", 1),
        f.get("alone", {}),
        (drawn.get("operations", 0), drawn.get("of", 0)),
        {name: _seconds(s) for name, s in f.get("waits", {}).items()},
        {name: (done, perhaps) for name, (done, perhaps) in f.get("bought", {}).items()},
        tuple(f.get("gains", ())),
        _withheld(f.get("withheld", {})),
        tuple(Lift(**_tuples(one)) for one in f.get("lifts", ())),
        _seconds(f.get("seconds_drawing", 0)),
        bool(f.get("lease_ended", False)),
        _alarm(f["alarm"]) if "alarm" in f else None,
    )


def _report(data: dict[str, Any]) -> Report:
    untried = tuple(Untried(**_tuples(one)) for one in data.get("untried", ()))
    reasons = {one.reason: Reason(one.reason, one.options, one.lines) for one in untried}
    results = tuple(
        Result(
            _contract(r),
            Verdict(r["verdict"]),
            reasons.get(r.get("reason", ""), r.get("reason", "")),
            bool(r.get("excused", False)),
        )
        for r in data["results"]
    )
    carried = {surface: tuple(places) for surface, places in data.get("carried", {}).items()}
    return Report(
        _header(data["header"]),
        tuple(map(_finding, data["findings"])),
        results,
        _footer(data["footer"]),
        data.get("checks", {}),
        tuple(data["footer"].get("stale", ())),
        carried,
        untried,
        tuple(Proved(**_tuples(one)) for one in data.get("yours", ())),
    )


def _tuples(told: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in told.items()}


def _alarm(told: Mapping[str, Any]) -> Alarm:
    rows = tuple(ChangedRow(row["name"], row["before"], row["after"]) for row in told["rows"])
    calls = tuple(map(_exchange, told["calls"]))
    return Alarm(told["verdict"], rows, told["count"], calls, told["writes"], told["others"])


def _withheld(told: Mapping[str, Any]) -> Withheld:
    calls = (NotCalled(**call) for call in told.get("calls", ()))
    held = told.get("arguments", ())
    arguments = (NotSent(one["argument"], one["why"], tuple(one["allow"])) for one in held)
    return Withheld(tuple(calls), told.get("of", 0), told.get("of_actions", False), tuple(arguments))


def _contract(told: Mapping[str, Any]) -> Contract:
    """Return the contract. Its origin is its id; the report's source has the place."""
    origin = (told["contract"],)
    return Contract(
        told["contract"],
        told["check"],
        told["action"],
        told["surface"],
        told["says"],
        origin,
        tuple(told["requirement"]),
    )


def _finding(told: Mapping[str, Any]) -> Finding:
    exchanges = tuple(map(_exchange, told["exchanges"]))
    return Finding(
        _contract(told),
        Rank(told["rank"]),
        told["expected"],
        told["actual"],
        exchanges,
        told["stable"],
        tuple(told["also"]),
        told.get("known", ""),
        told.get("also_curl", {}),
        _causes(told["causes"]) if "causes" in told else None,
        told.get("shown_by", ""),
        (told["curl"] or "") if "shown_by" in told else "",
        told.get("member", ""),
        told.get("claim", ""),
        told.get("plain", False),
        told.get("when", ""),
        confirm=told.get("confirm", ""),
        lines=tuple(told.get("lines", ())),
    )


def _causes(told: Mapping[str, Any]) -> Causes:
    derived = {id: Cause(one["key"], one["claim"]) for id, one in told["derived"].items()}
    return Causes(told["key"], tuple(told["claims"]), derived)


def _exchange(told: Mapping[str, Any]) -> RecordedExchange:
    sent, got = told["request"], told["answer"]
    request = Request(sent["method"], sent["target"], _headers(sent), _body(sent))
    answer: Response | Silence
    if "silence" in got:
        answer = Silence(got["silence"], got["detail"], got.get("begun", False))
    else:
        answer = Response(got["status"], _headers(got), _body(got))
    return RecordedExchange(
        told["number"],
        request,
        answer,
        _seconds(told["seconds"]),
        told["why"],
        told["role"],
        told.get("action", ""),
        told.get("surface", ""),
        told.get("base", ""),
        told.get("key_header", "Authorization"),
        told.get("certificate", False),
        told.get("printed", ""),
        tuple(told.get("arguments", ())),
        told.get("variables", {}),
    )


def _seconds(told: float) -> float:
    """Return a time that can be printed, even for a value such as 1e300."""
    return float(min(max(told, 0), 1e9))


def _headers(message: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    return tuple((name, value) for name, value in message["headers"])


def _body(message: Mapping[str, Any]) -> bytes:
    if "body_base64" in message:
        try:
            return base64.b64decode(message["body_base64"], validate=True)
        except binascii.Error:
            return b""
    return str(message.get("body", "")).encode("utf-8", "replace")


def _source(data: dict[str, Any]) -> Source:
    """Return a source with the lines that the report quotes, at their numbers. All other lines are empty."""
    places, lines, pointers = dict[str | int, Place](), dict[int, str](), dict[str | int, str]()
    files, others = dict[str | int, str](), dict[str, dict[int, str]]()
    for told in (*data["results"], *data["findings"]):
        at = (told["source"]["line"] - 1, told["source"]["column"] - 1)
        places[told["contract"]] = Place(at, at)
        pointers[told["contract"]] = told["source"].get("pointer", "")
        if told["source"]["file"] != data["header"]["catalogue"]:
            files[told["contract"]] = told["source"]["file"]
    for finding in data["findings"]:
        quoted = finding.get("excerpt", {"line": 1, "text": []})
        held = others.setdefault(files[finding["contract"]], {}) if finding["contract"] in files else lines
        held |= {n: text for n, text in enumerate(quoted["text"], quoted["line"]) if n <= MAX_LINE}
    return sparse(data["header"]["catalogue"], places, lines, pointers, files, others)


@dataclass(slots=True)
class ReportSource(Source):
    """The places and lines that a report quotes. `written` are the JSON Pointers of places, by contract.

    `files` are the files of places that are not in the catalogue's own, by contract, and `others` the lines
    that are quoted of these files.
    """

    written: Mapping[str | int, str] = field(default_factory=dict)
    files: Mapping[str | int, str] = field(default_factory=dict)
    others: Mapping[str, Mapping[int, str]] = field(default_factory=dict)

    def part(self, file: str) -> Source:
        """Return the quoted lines of a file."""
        if file == self.file or file not in self.others:
            return self
        return Source(file, _fill(self.others[file]), None, Place((0, 0), (0, 0)))

    def locate(self, pointer: Iterable[str | int], *, at_value: bool = False) -> Span:
        """Return the place of a contract, whose id is the only step of `pointer`."""
        steps = tuple(pointer)
        span = Source.locate(self, steps, at_value=at_value)
        contract = steps[0] if steps else ""
        file = self.files.get(contract, self.file)
        return replace(span, file=file, pointer=self.written.get(contract, ""))


def sparse(
    file: str,
    places: Mapping[str | int, Place],
    lines: Mapping[int, str],
    pointers: Mapping[str | int, str],
    files: Mapping[str | int, str],
    others: Mapping[str, Mapping[int, str]],
) -> ReportSource:
    """Return a source with a few lines (by number, from 1), and with places and JSON Pointers by contract.

    `files` and `others` are as in `ReportSource`.
    """
    root = Place((0, 0), (0, 0), dict(places))
    return ReportSource(file, _fill(lines), None, root, written=pointers, files=files, others=others)


def _fill(lines: Mapping[int, str]) -> str:
    """Return a text with these lines at their numbers, and empty ones between them."""
    return "\n".join(_one_line(lines.get(n, "")) for n in range(1, max(lines, default=0) + 1))


def join_sources(sources: Iterable[Source]) -> Source:
    """Return one source with the places and lines of several sources of the same catalogue."""
    file, places, lines, pointers = "", dict[str | int, Place](), dict[int, str](), dict[str | int, str]()
    files, others = dict[str | int, str](), dict[str, dict[int, str]]()
    for source in sources:
        if isinstance(source, ReportSource):
            files |= source.files
            for name, held in source.others.items():
                others.setdefault(name, {}).update(held)
        file = source.file
        places |= source.root.children or {}
        pointers |= source.written if isinstance(source, ReportSource) else {}
        lines |= {n: text for n, text in enumerate(source.text.split("\n"), 1) if text}
    return sparse(file, places, lines, pointers, files, others)


def _one_line(text: str) -> str:
    return " ".join(text.splitlines())
