"""A report read back is the one that was written; what is not whole is refused with one message."""

from __future__ import annotations

import datetime
import json
import os
import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgagents.base.errors import PgagentsError
from pgagents.base.http import Request, Response, Silence
from pgagents.base.places import Span
from pgagents.base.reading import parse
from pgagents.cli.inputs import report_files
from pgagents.cli.main import main
from pgagents.report.baseline import Line, apply, read_baseline
from pgagents.report.contract import Verdict
from pgagents.report.formats import json as as_json
from pgagents.report.merge import Part, compare, merge
from pgagents.report.read import MAX_LINE, parse_report, read
from pgagents.report.report import ELSEWHERE, Report, Result
from pgagents.report.verdicts import actual_of
from test_report import ALL, SOURCE, contract, exchange, report
from test_report_forms import hostile


def written(path: Path, one: Report) -> Path:
    path.write_bytes(as_json.render(one, SOURCE))
    return path


def whole() -> Report:
    """A report with everything in it that one can have."""
    sent = Request("POST", "/x", (("A", "b"),), b"\xff\x00")
    one = report(
        ALL,
        exchanges=(
            exchange(sent, Silence("reset", "by peer", begun=True)),
            replace(exchange(sent), base="http://plain"),
        ),
    )
    header = replace(one.header, in_repository="a/c.yaml", again="pgagents verify --env x.yaml", shard=(2, 3))
    header = replace(header, unasked=("gpt",))
    return replace(
        one,
        header=header,
        findings=(replace(one.findings[0], when="limit is 50"),),
        checks={"law": "Laws hold."},
        stale=("b.yaml:1: gone",),
        carried={"gpt": ("a@rest",)},
    )


@pytest.mark.parametrize(
    "make", [whole, hostile, lambda: report({}), lambda: report(ALL, complete=False)], ids=range(4)
)
def test_every_form_of_a_file_is_that_of_the_run(make: Callable[[], Report], tmp_path: Path) -> None:
    one = make()
    back, source = read(written(tmp_path / "r.json", one))
    for form in report_files.FORMS:
        assert report_files.render(form, back, source) == report_files.render(form, one, SOURCE), form


@given(st.integers(0, 10_000))
def test_report_that_is_cut_off_anywhere_is_refused(at: int) -> None:
    raw = as_json.render(report(ALL), SOURCE).rstrip()
    with pytest.raises(
        PgagentsError, match=r"is cut off|is not a JSON report|is not a whole report|no report of pgagents"
    ):
        parse_report(raw[: min(at, len(raw) - 1)], "r.json")


def edited(edit: Callable[[Any], Any]) -> bytes:
    data = json.loads(as_json.render(whole(), SOURCE))
    edit(data)
    return json.dumps(data).encode()


WRONG: dict[str, tuple[Callable[[Any], Any], str]] = {
    "no footer": (lambda d: d.pop("footer"), "not a whole report"),
    "another version": (lambda d: d["header"].update(format=2), "has format 2; this version reads format 1"),
    "no version": (lambda d: d["header"].pop("format"), "no report of pgagents"),
    "a result less": (lambda d: d["results"].pop(), "header states 15 contracts, and it has 14"),
    "a result twice": (lambda d: d["results"].__setitem__(0, d["results"][1]), "stands there twice"),
    "other counts": (lambda d: d["footer"].update(kept=99), "counts other verdicts"),
    "a finding less": (lambda d: d["findings"].clear(), "its findings are not its broken contracts"),
    "a line beyond": (lambda d: d["results"][0]["source"].update(line=MAX_LINE + 1), "a place lies beyond"),
    "no number": (lambda d: d["footer"].update(requests="many"), "not a whole report"),
    "a name that steers": (
        lambda d: d["results"][3].update(contract="\x1b[2J"),
        "characters that no name has",
    ),
    "a file that turns": (
        lambda d: d["results"][3]["source"].update(file="a\u202eb"),
        "characters that no name has",
    ),
    "a version of two lines": (
        lambda d: d["header"].update(version="1\n::error::"),
        "characters that no name has",
    ),
    "no such shard": (lambda d: d["header"]["shard"].update(number=4), "it is shard 4 of 3"),
    "headers of another shape": (
        lambda d: d["findings"][0]["exchanges"][0]["request"].update(headers=[["a"]]),
        "not a whole report",
    ),
}


@pytest.mark.parametrize("name", WRONG)
def test_report_that_contradicts_itself_is_refused(name: str, tmp_path: Path) -> None:
    edit, said = WRONG[name]
    (tmp_path / "r.json").write_bytes(edited(edit))
    with pytest.raises(PgagentsError) as caught:
        read(tmp_path / "r.json")
    assert said in caught.value.message
    assert caught.value.help


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"[]",
        b"{}",
        b"null",
        b"<xml/>",
        b"\xff\xfe",
        b"[" * 100_000,
        b'{"header": 1}',
        b'{"header": {"format": 1}}',
    ],
)
def test_what_is_no_report_is_refused(raw: bytes, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "r.json").write_bytes(raw)
    for command in (["show"], ["merge"], ["diff", str(tmp_path / "r.json")]):
        assert main(["report", *command, str(tmp_path / "r.json")]) == 2
        said = capsys.readouterr()
        assert said.out == ""
        assert said.err.startswith("error: ")
        assert "Traceback" not in said.err


def test_file_that_cannot_be_read_is_one_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "huge").open("wb") as stream:
        stream.truncate(200_000_000)  # no disk space: it has no blocks
    for name, said in {
        "nowhere": "No such file",
        ".": "is not a file",
        "pipe": "is not a file",
        "huge": "has 200,000,000 bytes",
    }.items():
        assert main(["report", "show", str(tmp_path / name)]) == 2
        assert said in capsys.readouterr().err


def test_odd_numbers_and_texts_of_a_report_are_shown(tmp_path: Path) -> None:
    def odd(data: Any) -> None:
        data["footer"]["requests"] = 10**400
        data["findings"][0]["actual"] = data["results"][0]["says"] = "\ud800\x1b[2J"
        data["footer"]["notes"] = ["\ud800\x1b[2J"]
        data["header"]["started_at"] = "yesterday"

    raw = edited(odd).replace(b'"seconds": 1.5', b'"seconds": 1e300')
    (tmp_path / "r.json").write_bytes(raw)
    back, source = read(tmp_path / "r.json")
    for form in report_files.FORMS:
        assert b"\x1b" not in report_files.render(form, back, source), form


@pytest.mark.parametrize("form", report_files.FORMS)
def test_show_prints_the_form_that_was_asked_for(
    form: str, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    path = written(tmp_path / "r.json", report(ALL))
    back, source = read(path)
    assert main(["report", "show", str(path), "--format", form]) == 0
    assert capfdbinary.readouterr().out == report_files.render(form, back, source)


# -- shards
# -------------------------------------------------------------------------------------------------------


def shards(count: int = 3, verdicts: dict[Verdict, int] = ALL) -> list[Part]:
    """The reports of a run in so many parts: contract n is taken by shard n modulo count."""
    one = report(verdicts)
    parts = []
    for number in range(1, count + 1):
        results = tuple(
            r if n % count == number - 1 else Result(r.contract, Verdict.NOT_SELECTED, ELSEWHERE)
            for n, r in enumerate(one.results)
        )
        broken = {r.contract.id for r in results if r.verdict is Verdict.BROKEN}
        findings = tuple(
            replace(f, contract=r.contract, also=())
            for f in one.findings
            for r in one.results
            if r.contract.id in broken and r.verdict is Verdict.BROKEN
        )
        counts = {v: sum(r.verdict is v for r in results) for v in Verdict}
        header = replace(one.header, shard=(number, count))
        parts.append(
            Part(
                f"{number}.json",
                replace(
                    one,
                    header=header,
                    results=results,
                    findings=findings,
                    footer=replace(one.footer, by_verdict=counts),
                ),
                SOURCE,
            )
        )
    return parts


def test_operations_with_random_calls_are_those_of_all_shards() -> None:
    """Each shard draws for its own."""
    parts = [
        replace(part, report=replace(part.report, footer=replace(part.report.footer, drawn=(n, 6))))
        for n, part in enumerate(shards(), 1)
    ]
    assert merge(parts)[0].footer.drawn == (6, 6)


def test_shards_make_the_whole_again() -> None:
    merged, _ = merge(shards()[::-1])
    one = report(ALL)
    assert merged.results == one.results
    assert merged.footer.by_verdict == one.footer.by_verdict
    assert {id for f in merged.findings for id in (f.contract.id, *f.also)} == {
        id for f in one.findings for id in (f.contract.id, *f.also)
    }
    assert merged.footer.requests == 3 * one.footer.requests
    assert merged.header == one.header
    assert merged.exit_code == 1


def change(part: Part, **header: Any) -> Part:
    return replace(part, report=replace(part.report, header=replace(part.report.header, **header)))


def taken_by_none(parts: list[Part]) -> list[Part]:
    first = parts[0].report
    results = (Result(first.results[0].contract, Verdict.NOT_SELECTED, ELSEWHERE), *first.results[1:])
    return [replace(parts[0], report=replace(first, results=results)), *parts[1:]]


def taken_by_two(parts: list[Part]) -> list[Part]:
    second = parts[1].report
    results = (Result(second.results[0].contract, Verdict.KEPT), *second.results[1:])
    return [parts[0], replace(parts[1], report=replace(second, results=results)), *parts[2:]]


MIXED: dict[str, tuple[Callable[[list[Part]], list[Part]], str]] = {
    "missing": (lambda p: p[:2], "shard 3 of 3 is missing"),
    "twice": (lambda p: [*p, p[1]], "shard 2 of 3 is there twice: 2.json and 2.json"),
    "of another count": (lambda p: [*p[:2], change(p[2], shard=(3, 4))], "mixed shards: of 3 and of 4"),
    "whole run": (lambda p: [*p[:2], change(p[2], shard=None)], "is the report of a whole run"),
    "another seed": (lambda p: [*p[:2], change(p[2], seed=9)], "another seed"),
    "another catalogue": (lambda p: [*p[:2], change(p[2], catalogue_sha256="f" * 64)], "another catalogue"),
    "another server": (lambda p: [*p[:2], change(p[2], url="https://other.example")], "another server"),
    "another profile": (lambda p: [*p[:2], change(p[2], profile="deep")], "another profile"),
    "another version": (lambda p: [*p[:2], change(p[2], version="9")], "another version"),
    "taken by none": (taken_by_none, "1 contracts were taken by no shard"),
    "taken by two": (taken_by_two, "was taken by two shards"),
}


@pytest.mark.parametrize("name", MIXED)
def test_shards_that_do_not_make_a_whole_are_refused(name: str) -> None:
    edit, said = MIXED[name]
    with pytest.raises(PgagentsError, match=said):
        merge(edit(shards()))


def test_a_report_keeps_the_pointers_of_a_document_in_json(tmp_path: Path) -> None:
    """Read from a file or merged, it names the places as the run did."""
    data = {"paths": {"/x": {"get": {"responses": {}}}}}
    for indent in (None, 2):
        document = parse(json.dumps(data, indent=indent), "openapi.json")
        origin = ("paths", "/x", "get")
        parts = []
        for part in shards(2):
            one = part.report
            results = tuple(replace(r, contract=replace(r.contract, origin=origin)) for r in one.results)
            findings = tuple(replace(f, contract=replace(f.contract, origin=origin)) for f in one.findings)
            one = replace(one, results=results, findings=findings)
            file = tmp_path / part.name
            file.write_bytes(report_files.render("json", one, document))
            parts.append(Part(part.name, *read(file)))
        merged, source = merge(parts)
        place = str(document.locate(origin))
        assert place.endswith(" (/paths/~1x/get)")
        for form in ("text", "html", "markdown", "junit"):
            shown = report_files.render(form, merged, source).decode()
            assert "/paths/~1x/get" in shown, form
        assert "openapi.json#/paths/~1x/get" in report_files.render("text", merged, source).decode()


def test_merging_writes_the_reports_and_ends_as_the_whole_run_would(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    paths = [str(written(tmp_path / part.name, part.report)) for part in shards(2)]
    out = tmp_path / "whole.json"
    assert (
        main(["report", "merge", *paths, "--report", str(out), "--report", str(tmp_path / "whole.html")]) == 1
    )
    assert "\nexit 1: something found\n" in capsys.readouterr().out
    back, source = read(out)
    assert back.header.shard is None
    assert b"limit: {type: integer, maximum: 25}" in report_files.render("html", back, source)
    assert main(["report", "merge", paths[0], "--report", str(tmp_path / "none.json")]) == 2
    assert not (tmp_path / "none.json").exists()


def test_one_cause_in_two_shards_is_told_once() -> None:
    """By the finding that the fewest exchanges show; what came back otherwise, or is accepted, is another
    cause.
    """
    kept, got = shards(3), Request("GET", "/x", (), b"")
    one = report(ALL)

    def finding(part: Part, actual: str, count: int, status: int = 200, **more: Any) -> Part:
        shown = tuple(exchange(got, Response(status, (), b"")) for _ in range(count))
        own = next(r for r in part.report.results if r.verdict is Verdict.BROKEN or r.reason != ELSEWHERE)
        told = replace(
            one.findings[0], contract=own.contract, also=(), actual=actual, exchanges=shown, **more
        )
        return replace(part, report=replace(part.report, findings=(told,)))

    alike = [
        finding(kept[0], "lost: [1]", 3, claim="lost: {lost}"),
        finding(kept[1], "lost: [2]", 1, claim="lost: {lost}"),
        finding(kept[2], "lost: [3]", 2, claim="lost: {lost}"),
    ]
    merged, _ = merge(alike)
    assert len(merged.findings) == 1
    assert len(merged.findings[0].exchanges) == 1
    assert len({merged.findings[0].contract.id, *merged.findings[0].also}) == 3
    for other in (
        finding(kept[2], "added: [3]", 2),
        finding(kept[2], "lost: [3]", 2, 201),
        finding(kept[2], "lost: [3]", 2, known="soon"),
    ):
        assert len(merge([*alike[:2], other])[0].findings) == 2


# -- diff
# ---------------------------------------------------------------------------------------------------------


def judged(**verdicts: Verdict) -> Report:
    one = report({})
    results = tuple(Result(contract(f"c/{name}@rest"), verdict) for name, verdict in verdicts.items())
    return replace(one, results=results, header=replace(one.header, contracts=len(results)))


def test_diff_tells_what_changed_and_fails_for_what_broke() -> None:
    kept, broken, untested, left = Verdict.KEPT, Verdict.BROKEN, Verdict.UNTESTED, Verdict.NOT_SELECTED
    old = judged(a=kept, b=broken, c=kept, d=broken, e=kept, f=untested, g=kept)
    new = judged(a=broken, b=kept, c=untested, d=broken, e=left, f=untested, h=broken, i=kept)
    changes = compare(old, new)
    named = {
        name: "".join(r.contract.id[2] for r in getattr(changes, name))
        for name in ("newly_broken", "fixed", "newly_untested", "left_out", "still_broken", "gone", "added")
    }
    assert named == {
        "newly_broken": "ah",
        "fixed": "b",
        "newly_untested": "c",
        "left_out": "e",
        "still_broken": "d",
        "gone": "g",
        "added": "i",
    }
    assert changes.exit_code == 1
    assert compare(new, new).exit_code == 0
    assert compare(judged(a=kept), judged(a=untested)).exit_code == 3


def test_diff_of_files_says_what_broke(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old = written(tmp_path / "old.json", report({Verdict.KEPT: 2}))
    new = written(tmp_path / "new.json", report({Verdict.KEPT: 1, Verdict.BROKEN: 1}))
    assert main(["report", "diff", str(old), str(new)]) == 1
    said = capsys.readouterr().out
    assert "newly broken 1\n  refuses_bad_input/broken0/search@rest" in said
    assert main(["report", "diff", str(new), str(new)]) == 0


# -- baseline
# -----------------------------------------------------------------------------------------------------

TODAY = datetime.date(2026, 11, 20)


def line(contract: str, until: str = "2026-11-20", reason: str = "ticket 4711") -> Line:
    return Line(contract, reason, datetime.date.fromisoformat(until), Span("known.yaml", 3, 1))


def test_known_findings_do_not_fail_the_run() -> None:
    one = apply(report({Verdict.KEPT: 1, Verdict.BROKEN: 2}), [line("refuses_bad_input/broken")], TODAY)
    assert one.exit_code == 0
    assert [f.known for f in one.findings] == ["ticket 4711 (until 2026-11-20)"]
    assert "exit 0" in report_files.render("text", one, SOURCE).decode()
    assert one.footer.by_verdict[Verdict.BROKEN] == 2


def test_what_a_finding_broke_beside_the_known_still_fails() -> None:
    one = apply(report({Verdict.BROKEN: 3}), [line("refuses_bad_input/broken1/search@rest")], TODAY)
    assert one.exit_code == 1
    assert [(f.contract.id[-13:], len(f.also), bool(f.known)) for f in one.findings] == [
        ("0/search@rest", 1, False),
        ("1/search@rest", 0, True),
    ]


FIRST, SECOND, THIRD = (f"refuses_bad_input/broken{n}/search@rest" for n in range(3))
OWN = "curl -sS https://api.example/lots?limit=27"
OF_FIRST = "https://api.example/lots?limit=26"


def with_one_cause() -> Report:
    """A report with one finding of three contracts. No request of the third one is known."""
    one = report({Verdict.BROKEN: 3})
    results = tuple(replace(r, reason=f"status 20{n}") for n, r in enumerate(one.results))
    return replace(one, results=results, findings=(replace(one.findings[0], also_curl={SECOND: OWN}),))


def shown(form: str, one: Report, id: str) -> str:
    """Return the text about a contract's finding in a format, as one line."""
    text = report_files.render(form, one, SOURCE).decode()
    if form == "json":
        (found,) = (f for f in json.loads(text)["findings"] if f["contract"] == id)
    elif form == "sarif":
        (run,) = json.loads(text)["runs"]
        places = {r["locations"][0]["logicalLocations"][0]["fullyQualifiedName"]: r for r in run["results"]}
        found = {**places[id], "locations": []}
    elif form == "junit":
        (found,) = (case for case in text.split("<testcase ") if f'name="{id}"' in case)
    else:
        begins = {"text": r"^\d+ of \d+  ", "markdown": "^### ", "html": "^<article ", "github": "^::"}[form]
        parts = re.split(f"(?={begins})", text, flags=re.M)
        found = next(part for part in parts if _is_of(form, part, id))
    plain = found if isinstance(found, str) else json.dumps(found)
    return " ".join(unescape(plain).replace("<!-- -->", "").split())


def _is_of(form: str, part: str, id: str) -> bool:
    """Return whether a part of a report is a contract's finding."""
    if form == "text":
        return any(line.startswith(f"        {id}") for line in part.splitlines())
    begins = {"html": f"<code>{id}</code></dd>", "markdown": f"- contract: `{id}`"}
    return begins.get(form, id) in part


def test_each_contract_of_one_finding_has_what_was_answered_to_it() -> None:
    one = with_one_cause()
    (finding,) = one.findings
    came = {r.contract.id: actual_of(r, finding) for r in one.results if r.verdict is Verdict.BROKEN}
    assert came == {FIRST: finding.actual, SECOND: "status 201", THIRD: "status 202"}
    assert actual_of(replace(one.results[1], reason=""), finding) == finding.actual


def test_suffixes_lead_to_formats() -> None:
    """GitHub's annotations are not a file; a new format without a suffix must say so here."""
    assert set(report_files.FORMS) - set(report_files.SUFFIXES.values()) == {"github"}
    assert set(report_files.SUFFIXES.values()) <= set(report_files.FORMS)


EVERY_FORM = sorted(report_files.FORMS)


@pytest.mark.parametrize("form", EVERY_FORM)
def test_finding_split_by_a_baseline_shows_the_evidence_of_its_own_contract(form: str) -> None:
    one = apply(with_one_cause(), [line(FIRST)], TODAY)
    assert [(f.contract.id, f.also, bool(f.known)) for f in one.findings] == [
        (SECOND, (THIRD,), False),
        (FIRST, (), True),
    ]
    said = shown(form, one, SECOND)
    assert "status 201" in said
    assert "status 400" not in said
    assert "status 200" not in said
    assert (OWN in said) is (form != "github")
    assert FIRST in said
    if form not in ("json", "html", "text", "markdown"):
        assert "limit=26" not in said
    if form in ("text", "markdown", "html"):
        accepted = f"the same cause broke {FIRST}, which the baseline accepts"
        assert f"{accepted}: the exchanges shown are of that one" in said
    assert not re.search(rf"curl [^>]*{re.escape(OF_FIRST)}", said)


@pytest.mark.parametrize("form", EVERY_FORM)
def test_known_part_of_a_finding_is_not_shown_with_the_evidence_of_the_new_one(form: str) -> None:
    one = apply(with_one_cause(), [line(SECOND)], TODAY)
    first, second = one.findings
    assert (first.contract.id, first.also, first.shown_by, first.expected) == (
        FIRST,
        (THIRD,),
        "",
        "status 400",
    )
    assert (second.contract.id, second.shown_by, second.actual) == (SECOND, FIRST, "status 201")
    if form not in ("github", "junit"):
        said = shown(form, one, SECOND)
        assert "status 201" in said
        assert "status 400" not in said
        assert "which the baseline accepts" not in said
    if form not in ("github",):
        assert "limit=26" in shown(form, one, FIRST)


def test_contract_without_a_request_of_its_own_has_no_curl_line_of_another() -> None:
    one = apply(with_one_cause(), [line(FIRST), line(SECOND)], TODAY)
    third = one.findings[0]
    assert (third.contract.id, third.own_curl) == (THIRD, "")
    for form in ("text", "markdown", "html"):
        said = shown(form, one, THIRD)
        assert "no curl line: the report has no request that broke this contract itself" in said, form
        assert f"curl -sS -i '{OF_FIRST}'" not in said, form
    assert json.loads(report_files.render("json", one, SOURCE))["findings"][0]["curl"] is None


def test_contracts_of_a_finding_that_a_baseline_leaves_whole_keep_its_evidence() -> None:
    whole = with_one_cause()
    for lines in ([], [line("refuses_bad_input/broken")]):
        (found,) = apply(whole, lines, TODAY).findings
        assert replace(found, known="") == whole.findings[0]


def test_split_finding_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    one = apply(with_one_cause(), [line(FIRST)], TODAY)
    back, source = read(written(tmp_path / "r.json", one))
    assert [(f.shown_by, f.own_curl) for f in back.findings] == [(FIRST, OWN), ("", "")]
    for form in report_files.FORMS:
        assert report_files.render(form, back, source) == report_files.render(form, one, SOURCE), form
    again = apply(back, [line(FIRST), line(SECOND)], TODAY)
    assert [(f.contract.id, f.shown_by) for f in again.findings] == [
        (THIRD, FIRST),
        (SECOND, FIRST),
        (FIRST, ""),
    ]


def test_merged_finding_shows_a_shard_with_exchanges_of_its_own() -> None:
    one, two = shards(2, {Verdict.BROKEN: 2})
    (split,), (own,) = one.report.findings, two.report.findings
    of_another = replace(split, shown_by="refuses_bad_input/known/search@rest", own_curl=OWN)
    longer = replace(own, exchanges=own.exchanges * 2)
    parts = [
        replace(part, report=replace(part.report, findings=(found,)))
        for part, found in ((one, of_another), (two, longer))
    ]
    (merged,) = merge(parts)[0].findings
    assert (merged.contract.id, merged.also, merged.shown_by) == (SECOND, (FIRST,), "")
    assert merged.also_curl == {FIRST: OWN}


STALE = {
    "kept": (line("refuses_bad_input/kept0/search@rest"), "is kept now: take the line out"),
    "unknown": (line("refuses_bad_input/brokn0/search@rest"), "no contract's id is or begins with"),
    "expired": (
        line("refuses_bad_input/broken0/search@rest", "2026-11-19"),
        "was to be fixed by 2026-11-19",
    ),
}


@pytest.mark.parametrize("name", STALE)
def test_line_of_a_baseline_that_no_longer_holds_fails_the_run(name: str) -> None:
    stale, said = STALE[name]
    one = apply(
        report({Verdict.KEPT: 1, Verdict.BROKEN: 1}),
        [line("refuses_bad_input/broken0/search@rest"), stale],
        TODAY,
    )
    assert len(one.stale) == 1
    assert one.stale[0].startswith("known.yaml:3: ")
    assert said in one.stale[0]
    assert one.exit_code == 1
    for form in ("text", "json", "markdown", "html", "sarif", "github"):
        assert b"known.yaml:3" in report_files.render(form, one, SOURCE).replace(b"%3A", b":"), form


def test_what_was_not_tried_makes_no_line_stale() -> None:
    one = apply(
        report({Verdict.NOT_SELECTED: 1, Verdict.UNTESTED: 1}),
        [line("refuses_bad_input/not"), line("refuses_bad_input/un")],
        TODAY,
    )
    assert one.stale == ()


BAD = {
    "no list": ("contract: a", "a baseline is a list"),
    "no mapping": ("- a", "a line of a baseline is a mapping"),
    "no reason": ("- {contract: a, until: 2026-12-31}", "`reason` is text and must be there"),
    "empty reason": ("- {contract: a, reason: ' ', until: 2026-12-31}", "`reason` is text and must be there"),
    "no date": ("- {contract: a, reason: b, until: soon}", "`soon` is not a date"),
    "misspelt key": ("- {contract: a, reason: b, util: 2026-12-31}", "unknown key `util`"),
    "no YAML": ("- {contract: ]", ""),
}


@pytest.mark.parametrize("name", BAD)
def test_faulty_baseline_is_refused_at_its_place_before_anything_is_sent(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text, said = BAD[name]
    path = tmp_path / "known.yaml"
    path.write_text(text)
    assert main(["verify", "--url", "http://127.0.0.1:9", "--baseline", str(path)]) == 2
    shown = capsys.readouterr().err
    assert said in shown
    assert f"{path}:1:" in shown
    assert "Traceback" not in shown


@pytest.mark.parametrize("size", [10, 1_200_000])
def test_report_given_as_a_baseline_is_called_a_report(size: int, tmp_path: Path) -> None:
    path = tmp_path / "old.json"
    path.write_text(json.dumps({"header": {"format": 1}, "checks": ["x" * size]}, indent=2), encoding="utf-8")
    with pytest.raises(PgagentsError, match="is a report, and no list of accepted findings") as raised:
        read_baseline(path)
    assert "pgagents report diff" in raised.value.help


def test_baseline_of_a_file_is_read(tmp_path: Path) -> None:
    (tmp_path / "known.yaml").write_text(
        "- contract: law/payout  # a comment\n  reason: rounding\n  until: 2026-12-31\n"
    )
    found = read_baseline(tmp_path / "known.yaml")
    assert [(one.contract, one.reason, one.until.isoformat(), one.span.line) for one in found] == [
        ("law/payout", "rounding", "2026-12-31", 1)
    ]
    (tmp_path / "none.yaml").write_text("")
    assert read_baseline(tmp_path / "none.yaml") == ()


def test_answer_that_is_no_text_survives(tmp_path: Path) -> None:
    one = report(ALL, exchanges=(exchange(Request("GET", "/"), Response(200, (), b"\xff\xfe")),))
    back, _ = read(written(tmp_path / "r.json", one))
    answer = back.findings[0].exchanges[0].answer
    assert isinstance(answer, Response)
    assert answer.body == b"\xff\xfe"
