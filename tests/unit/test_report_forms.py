"""SARIF, annotations, Markdown and the page: valid, at the catalogue's line, and unmoved by what a hostile
server says.
"""

from __future__ import annotations

import datetime
import json
import re
from base64 import b64encode
from dataclasses import replace
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from overlaying import over
from pgagents.base.http import Request, Response, Silence
from pgagents.base.places import Span
from pgagents.cli.inputs import report_files
from pgagents.cli.main import main
from pgagents.report.baseline import Line, apply
from pgagents.report.contract import Rank, Verdict
from pgagents.report.formats import github, html, junit, markdown, sarif, text
from pgagents.report.formats import json as as_json
from pgagents.report.presentation import conclude, make_headline
from pgagents.report.read import read
from pgagents.report.report import Report, Result
from pgagents.report.verdicts import by_surface
from test_report import ALL, SOURCE, contract, exchange, report

DATA = Path(__file__).parents[1] / "data"
SARIF: Any = jsonschema_rs.Draft7Validator(
    json.loads((DATA / "sarif-2.1.0.schema.json").read_text()), validate_formats=True
)
HOSTILE = (
    '"><script src=//x></script><img src=x onerror=1>'
    "\n::error::x\r\n::stop-commands::y\u2028](http://x)|`~ ${x} {{x}} \x1b[2J\u202e\x00"
)


def hostile() -> Report:
    """A report in which whatever a server can choose is hostile."""
    sent = Request("POST", "/x?q=" + HOSTILE, (("X-A", HOSTILE),), HOSTILE.encode())
    answer = Response(500, (("Content-Type", HOSTILE), (HOSTILE, HOSTILE)), HOSTILE.encode())
    one = report(ALL, exchanges=(exchange(sent, answer), exchange(sent, Silence("reset", HOSTILE))))
    finding = replace(one.findings[0], expected=HOSTILE, actual=HOSTILE)
    results = tuple(replace(r, reason=HOSTILE) if r.reason else r for r in one.results)
    footer = replace(one.footer, notes=(HOSTILE,), left_behind=(HOSTILE,))
    return replace(one, findings=(finding,), results=results, footer=footer, stale=(HOSTILE,))


def test_junit_has_no_command_of_a_ci_in_a_promise() -> None:
    one = hostile()
    results = tuple(replace(r, contract=replace(r.contract, says=HOSTILE)) for r in one.results)
    shown = junit.render(replace(one, results=results), SOURCE).decode()
    assert "::error" in shown
    assert not [line for line in shown.splitlines() if line.startswith("::")]


@pytest.mark.parametrize(
    "make",
    [lambda: report(ALL), lambda: report(ALL, complete=False), lambda: report({}), hostile],
    ids=range(4),
)
def test_sarif_is_valid_by_its_standard(make: Any) -> None:
    log = json.loads(sarif.render(make(), SOURCE))
    assert [f"{e.instance_path}: {e.message}" for e in SARIF.iter_errors(log)] == []


def test_schema_of_sarif_refuses_what_the_standard_does_not_have() -> None:
    log = sarif.document(report(ALL), SOURCE)
    log["runs"][0]["results"][0]["lines"] = 3
    assert not SARIF.is_valid(log)


def test_sarif_has_a_result_for_each_broken_contract_at_its_line() -> None:
    one = report(ALL)
    one = replace(
        one,
        header=replace(one.header, in_repository="api/catalogue/a b.yaml"),
        checks={"refuses_bad_input": "What is wrong is refused.\n\nMore."},
    )
    run = sarif.document(one, SOURCE)["runs"][0]
    assert len(run["results"]) == ALL[Verdict.BROKEN]
    place = run["results"][0]["locations"][0]["physicalLocation"]
    assert place == {
        "artifactLocation": {"uri": "api/catalogue/a%20b.yaml"},
        "region": {"startLine": 4, "startColumn": 7},
    }
    rule = run["tool"]["driver"]["rules"][run["results"][0]["ruleIndex"]]
    assert rule["id"] == run["results"][0]["ruleId"] == "refuses_bad_input"
    assert rule["shortDescription"]["text"] == "What is wrong is refused."
    assert "More." in rule["help"]["text"]
    assert [n["message"]["text"] for n in run["invocations"][0]["toolExecutionNotifications"]] == [
        "1 contract untested: why untested"
    ]


def test_sarif_has_the_line_of_the_document_that_a_catalogue_lies_over() -> None:
    source, at = over().source, ("actions", "list_notes")
    one = report(ALL)
    results = (replace(r, contract=replace(r.contract, origin=at)) for r in one.results)
    found = sarif.document(replace(one, results=tuple(results)), source)["runs"][0]["results"][0]
    span = source.locate(at)
    assert span.file != source.file
    region = {"startLine": span.line, "startColumn": span.column}
    assert found["locations"][0]["physicalLocation"]["region"] == region


def test_sarif_and_junit_tell_a_finding_in_the_same_words() -> None:
    one = report(ALL)
    told = {f"{make_headline(f)}; expected {f.expected}" for f in one.findings}
    results = sarif.document(one, SOURCE)["runs"][0]["results"]
    failures = ElementTree.fromstring(junit.render(one, SOURCE)).iter("failure")
    assert told <= {r["message"]["text"] for r in results}
    assert told <= {failure.get("message") for failure in failures}


def test_sarif_knows_a_contract_again_where_its_line_has_moved() -> None:
    def prints(one: Report) -> list[str]:
        return [
            r["partialFingerprints"]["primaryLocationLineHash"]
            for r in sarif.document(one, SOURCE)["runs"][0]["results"]
        ]

    one = report(ALL)
    moved = replace(
        one, results=tuple(replace(r, contract=replace(r.contract, origin=())) for r in one.results)
    )
    assert prints(one) == prints(moved)
    assert len(set(prints(one))) == ALL[Verdict.BROKEN]


def test_known_finding_is_suppressed_in_sarif_and_no_annotation() -> None:
    one = report(ALL)
    one = replace(one, findings=(replace(one.findings[0], known="ticket 4711 (until 2026-12-31)"),))
    results = sarif.document(one, SOURCE)["runs"][0]["results"]
    assert all(r["suppressions"][0]["justification"].startswith("ticket 4711") for r in results)
    assert not [line for line in github.commands(one, SOURCE) if line.startswith("::error")]


def test_annotation_stands_at_the_catalogues_line() -> None:
    lines = github.render(report({Verdict.BROKEN: 2, Verdict.UNTESTED: 1}), SOURCE).decode().splitlines()
    assert lines == [
        (
            "::error file=catalogue/c.yaml,line=4,col=7,"
            "title=wrong%3A refuses_bad_input/broken0/search@rest::GET /lots: status 200"
            "%0Apromised: a limit above 25 is refused%0Aexpected: status 400%0Athe same cause broke 1 more"
        ),
        "::warning title=pgagents%3A not tried::1 contract: why untested",
    ]


@given(st.text())
def test_annotation_is_one_command_whatever_it_says(said: str) -> None:
    line = github.command("error", {"file": said, "line": 3, "title": said}, said)
    assert len(line.splitlines()) == 1
    head, _, rest = line.removeprefix("::error ").partition("::")
    assert rest is not None
    parts = dict(part.split("=", 1) for part in head.split(","))
    assert parts.keys() == {"file", "line", "title"}
    assert not re.search(r"[:,\r\n]", parts["file"])


def test_no_line_of_hostile_annotations_is_another_command() -> None:
    text = github.render(hostile(), SOURCE).decode()
    assert all(re.match(r"::(error|warning|notice) (file|title)=", line) for line in text.splitlines())


@given(st.text(min_size=1))
def test_code_span_and_block_of_markdown_end_where_they_should(said: str) -> None:
    span = markdown.code(said)
    fence = re.match(r"`+", span)
    assert fence
    assert fence.group() not in span[len(fence.group()) : -len(fence.group())].replace("`" * 200, "")
    first, *inner, last = "\n".join(markdown.fence_text(said)).split("\n")
    assert first == f"{last}text"
    assert last not in inner


def test_markdown_of_a_hostile_report_has_no_markup_of_the_servers() -> None:
    text = markdown.render(hostile(), SOURCE).decode()
    outside = re.sub(r"(?ms)^(`{3,})text$.*?^\1$|(?<!`)(`+)(?!`).+?(?<!`)\2(?!`)", "", text)
    assert "<script" not in outside
    assert "<img" not in outside
    assert "](http" not in outside
    assert "\x1b" not in text
    assert "\u202e" not in text


def test_markdown_stays_within_what_a_jobs_page_takes() -> None:
    one = report(
        ALL,
        exchanges=tuple(exchange(Request("GET", "/x"), Response(200, (), b"x" * 100_000)) for _ in range(6)),
    )
    many = replace(one, findings=one.findings * 500)
    text = markdown.render(many, SOURCE)
    assert len(text) < 1024 * 1024
    assert b"more findings" in text


class Page(HTMLParser):
    """The parts of a page."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.inner: dict[str, str] = {}
        self.text = ""
        self._in = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self._in = tag if tag in ("style", "script") else ""

    def handle_endtag(self, _tag: str) -> None:
        self._in = ""

    def handle_data(self, data: str) -> None:
        if self._in:
            self.inner[self._in] = self.inner.get(self._in, "") + data
        else:
            self.text += data


def test_page_asks_for_nothing_and_runs_nothing_but_its_own() -> None:
    page = Page(html.render(hostile(), SOURCE).decode())
    names = [tag for tag, _ in page.tags]
    assert names.count("script") == names.count("style") == 1
    assert not {"img", "link", "iframe", "object", "embed", "base", "audio", "video"} & set(names)
    for _, attributes in page.tags:
        assert not {"src", "srcset", "style", "action", "background"} & attributes.keys()
        assert not [name for name in attributes if name.startswith("on")]
        assert (attributes.get("href") or "#").startswith("#")
    assert "url(" not in page.inner["style"]
    assert "@import" not in page.inner["style"]


def test_page_allows_its_own_style_and_script_by_their_hashes() -> None:
    page = Page(html.render(report(ALL), SOURCE).decode())
    policy = next(
        a["content"]
        for tag, a in page.tags
        if tag == "meta" and a.get("http-equiv") == "Content-Security-Policy"
    )
    assert policy
    assert policy.startswith("default-src 'none'; ")
    assert "unsafe" not in policy
    for kind in ("style", "script"):
        digest = b64encode(sha256(page.inner[kind].encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy


def test_page_says_promise_answer_place_and_how_to_see_it_again() -> None:
    page = Page(html.render(report(ALL), SOURCE).decode())
    for said in (
        "a limit above 25 is refused",
        "status 200",
        "catalogue/c.yaml:4",
        "limit: {type: integer, maximum: 25}",
        "PG-L5",
        "curl -sS -i ",
        "--only refuses_bad_input/broken0/search@rest --seed 3",
        "why untested",
        "fails",
    ):
        assert said in page.text, said


def test_page_shows_marks_that_turn_the_writing_as_escapes() -> None:
    page = Page(html.render(hostile(), SOURCE).decode())
    assert "\u202e" not in page.text
    assert "\\x202e" in page.text


@given(st.text(), st.binary(max_size=80))
def test_every_form_takes_any_text_and_bytes(said: str, body: bytes) -> None:
    one = report(
        ALL,
        exchanges=(
            exchange(
                Request("POST", "/x?" + said, (("X-A", said),), body), Response(500, (("A", said),), body)
            ),
        ),
    )
    finding = replace(
        one.findings[0], expected=said, actual=said, contract=replace(one.findings[0].contract, says=said)
    )
    results = tuple(
        replace(r, contract=finding.contract) if r.contract.id == finding.contract.id else r
        for r in one.results
    )
    one = replace(
        one, findings=(finding,), results=results, header=replace(one.header, url=said, catalogue=said)
    )
    for form in report_files.FORMS:
        assert report_files.render(form, one, SOURCE)
    assert SARIF.is_valid(json.loads(sarif.render(one, SOURCE)))


def test_form_is_chosen_by_the_name() -> None:
    named = {
        "a.json": "json",
        "a.XML": "junit",
        "a.sarif": "sarif",
        "a.sarif.json": "sarif",
        "a.md": "markdown",
        "a.html": "html",
    }
    assert {name: report_files.form_of(name) for name in named} == named
    assert report_files.form_of("a.pdf") is None
    assert report_files.form_of("json") is None


def test_longest_suffix_that_fits_chooses_the_form(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(report_files.SUFFIXES, ".page.json", "html")
    assert [report_files.form_of(name) for name in ("a.page.json", "a.Page.JSON", "page.json")] == [
        "html",
        "html",
        "json",
    ]
    assert ".page.json (html)" in report_files.describe_suffixes()


@pytest.mark.parametrize("command", ["verify --help-all", "report merge --help", "demo --help"])
def test_help_names_every_suffix_of_a_report(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(command.split()) == 0
    said = re.split(r"[\s,()]+", capsys.readouterr().out)
    assert {*report_files.SUFFIXES, ".sarif.json"} <= {word.rstrip(".") for word in said}


def on(surface: str, check: str, action: str, verdict: Verdict) -> Result:
    return Result(
        contract(f"{check}/{action}@{surface}", action=action, surface=surface),
        verdict,
        "why" if verdict is Verdict.UNTESTED else "",
    )


def test_vendor_is_told_by_what_it_promises_and_by_the_calls_that_its_calls_end_in() -> None:
    results = (
        on("rest", "law", "search", Verdict.KEPT),
        on("rest", "law", "pay", Verdict.BROKEN),
        on("gpt", "offer", "search", Verdict.KEPT),
        on("copilot", "offer", "search", Verdict.KEPT),
        on("xai", "offer", "search", Verdict.UNTESTED),
    )
    one = report({})
    one = replace(
        one,
        results=results,
        carried={"gpt": ("search@rest",), "copilot": ("search@rest", "pay@rest"), "xai": ()},
    )
    said = {v.surface: (v.word, v.because) for v in by_surface(one)}
    assert said == {
        "rest": ("fails", "law (pay)"),
        "gpt": ("ok", ""),
        "copilot": ("blocked", "law (pay)"),
        "xai": ("untested", "why"),
    }


def test_conclusion_tells_known_ones_apart() -> None:
    one = report({Verdict.KEPT: 3, Verdict.BROKEN: 2})
    assert conclude(one) == "1 finding (1 wrong answer); 3 promises kept"
    assert (
        conclude(replace(one, findings=(replace(one.findings[0], known="x"),)))
        == "no finding; 1 known; 3 promises kept"
    )


@pytest.mark.parametrize("form", sorted(report_files.FORMS))
def test_every_form_has_the_calls_that_bought_or_sent(form: str) -> None:
    one = report(ALL)
    bought = {"transcribe": (1_500, 0), "invite": (2, 1)}
    shown = report_files.render(form, replace(one, footer=replace(one.footer, bought=bought)), SOURCE)
    lines = ("1,500 × transcribe", "2 × invite (1 more in doubt)")
    if form == "json":
        assert json.loads(shown)["footer"]["bought"] == {"transcribe": [1_500, 0], "invite": [2, 1]}
    elif form == "sarif":
        assert all(json.dumps(line)[1:-1] in shown.decode() or line in shown.decode() for line in lines)
    else:
        assert all(line in " ".join(shown.decode().split()) for line in lines)
    assert b"transcribe" not in report_files.render(form, one, SOURCE)


RANKED = {
    Rank.EXPOSED: ("error", "error"),
    Rank.CRASH: ("error", "error"),
    Rank.WRONG: ("error", "error"),
    Rank.UNDOCUMENTED: ("warning", "error"),
    Rank.LAX: ("warning", "error"),
    Rank.DOCUMENTED: ("note", "notice"),
    Rank.COERCED: ("note", "notice"),
    Rank.ODD: ("note", "notice"),
}


@pytest.mark.parametrize("rank", Rank)
def test_every_form_that_shows_findings_says_their_rank(rank: Rank) -> None:
    one = report(ALL)
    one = replace(one, findings=(replace(one.findings[0], rank=rank),))
    level, kind = RANKED[rank]
    (run,) = sarif.document(one, SOURCE)["runs"]
    assert {(r["level"], r["properties"]["rank"]) for r in run["results"]} == {(level, rank.value)}
    (line,) = (line for line in github.commands(one, SOURCE) if "refuses_bad_input/broken0" in line)
    assert line.startswith(f"::{kind} ")
    assert f"title={rank.value}%3A " in line
    assert f'data-rank="{rank.value}"' in html.render(one, SOURCE).decode()
    assert f"### 1. {rank.value.upper()} " in markdown.render(one, SOURCE).decode()
    assert f"1 of 1  {rank.value.upper()}  " in text.render(one, SOURCE, odd=True)
    if rank.is_at_least(Rank.LAX):
        assert f'type="{rank.value}"' in junit.render(one, SOURCE).decode()


def test_a_surface_with_odd_findings_alone_has_a_place_in_every_form() -> None:
    one = report({Verdict.KEPT: 2, Verdict.ODD: 1})
    assert [v.word for v in by_surface(one)] == ["odd"]
    shown = {form: report_files.render(form, one, SOURCE) for form in report_files.FORMS}
    assert b">odd</span>" in shown["html"]
    assert "🟡 odd".encode() in shown["markdown"]


def test_the_wrong_member_is_marked_where_people_read() -> None:
    body = b'{"lots":[{"id":"a","name":"' + b"x" * 200 + b'","price":-1}]}'
    sent = Request("GET", "/lots?limit=26")
    one = report(ALL, exchanges=(exchange(sent, Response(200, (), body)),))
    one = replace(one, findings=(replace(one.findings[0], member="lots.0.price"),))
    lines = text.render(one, SOURCE).splitlines()
    at = next(n for n, line in enumerate(lines) if '"price":-1' in line)
    assert lines[at + 1] == " " * lines[at].index('"price"') + "^" * len('"price":-1')
    assert max(map(len, lines[at : at + 2])) <= 100
    assert "<mark>&#34;price&#34;: -1</mark>" in html.render(one, SOURCE).decode()


def test_an_odd_contract_in_a_firm_finding_is_odd_in_every_form_and_alone(tmp_path: Path) -> None:
    """An odd break of the same cause stands in the firm finding; a baseline may accept the firm part."""
    whole = report({Verdict.BROKEN: 1, Verdict.ODD: 1})
    firm, odd = (
        next(r.contract for r in whole.results if r.verdict is v) for v in (Verdict.BROKEN, Verdict.ODD)
    )
    finding = replace(whole.findings[0], contract=firm, also=(odd.id,))
    one = replace(whole, findings=(finding,))
    path = tmp_path / "report.json"
    path.write_bytes(as_json.render(one, SOURCE))
    assert [(f.contract.id, f.also) for f in read(path)[0].findings] == [(firm.id, (odd.id,))]
    levels = {
        r["partialFingerprints"]["contract/v1"]: r["level"]
        for r in sarif.document(one, SOURCE)["runs"][0]["results"]
    }
    assert sorted(levels.values()) == ["error", "note"]
    line = Line(f"{firm.id}", "known", datetime.date(2030, 1, 1), Span("b", 1, 1))
    left = apply(one, [line], datetime.date(2026, 1, 1)).findings
    assert [(f.contract.id, f.rank, bool(f.known)) for f in left] == [
        (odd.id, Rank.ODD, False),
        (firm.id, finding.rank, True),
    ]
