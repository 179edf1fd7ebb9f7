"""The report's forms: text, JSON, JUnit, and the curl line."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import subprocess
import xml.etree.ElementTree as xml
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pgagents.base.http import Request, Response, Silence
from pgagents.base.reading import parse
from pgagents.base.registry import folder
from pgagents.report.contract import Contract, Rank, Verdict
from pgagents.report.curl import curl, quote
from pgagents.report.formats import json as as_json
from pgagents.report.formats import junit, text
from pgagents.report.layout import table
from pgagents.report.report import Finding, Footer, Header, RecordedExchange, Report, Result

SOURCE = parse(
    """\
actions:
  search:
    input:
      limit: {type: integer, maximum: 25}
""",
    "catalogue/c.yaml",
)
SCHEMA: Any = jsonschema_rs.Draft202012Validator(
    json.loads((folder("schemas") / "report.schema.json").read_text(encoding="utf-8"))
)


def contract(id: str, *, action: str = "search", surface: str = "rest") -> Contract:
    return Contract(
        id,
        id.split("/")[0],
        action,
        surface,
        "a limit above 25 is refused",
        ("actions", "search", "input", "limit"),
        ("PG-L5",),
    )


def exchange(
    request: Request, answer: Response | Silence | None = None, *, role: str = "main"
) -> RecordedExchange:
    return RecordedExchange(
        7,
        request,
        answer or Response(200, (("Content-Type", "application/json"),), b'{"lots":[]}'),
        0.012,
        "limit 26",
        role,
    )


GET = Request("GET", "/lots?limit=26", (("Authorization", "Bearer [key of main]"), ("Host", "x")))


def report(
    verdicts: dict[Verdict, int],
    *,
    complete: bool = True,
    exchanges: tuple[RecordedExchange, ...] = (exchange(GET),),
) -> Report:
    results = [
        Result(
            contract(f"refuses_bad_input/{verdict.value}{n}/search@rest"),
            verdict,
            "" if verdict is Verdict.KEPT else f"why {verdict.value}",
        )
        for verdict, count in verdicts.items()
        for n in range(count)
    ]
    broken = [r for r in results if r.verdict is Verdict.BROKEN]
    findings = (
        [
            Finding(
                broken[0].contract,
                Rank.WRONG,
                "status 400",
                "status 200",
                exchanges,
                True,
                tuple(r.contract.id for r in broken[1:]),
            )
        ]
        if broken
        else []
    )
    counts = {v: verdicts.get(v, 0) for v in Verdict}
    header = Header(
        "pgagents",
        "0.1.0",
        SOURCE.file,
        "0" * 64,
        "https://api.example",
        3,
        "standard",
        "2026-11-20T08:00:00Z",
        len(results),
    )
    return Report(
        header,
        tuple(findings),
        tuple(results),
        Footer(42, 1.5, counts, complete, {"rest": 500, "dispatcher": 130}),
    )


ALL = {
    Verdict.KEPT: 5,
    Verdict.BROKEN: 2,
    Verdict.ODD: 0,
    Verdict.UNTESTED: 1,
    Verdict.NOT_SELECTED: 4,
    Verdict.NOT_APPLICABLE: 3,
}


@pytest.mark.parametrize(
    ("verdicts", "complete", "code"),
    [
        ({Verdict.KEPT: 1}, True, 0),
        ({Verdict.KEPT: 1, Verdict.NOT_SELECTED: 1, Verdict.NOT_APPLICABLE: 1}, True, 0),
        ({Verdict.KEPT: 1, Verdict.UNTESTED: 1}, True, 3),
        ({Verdict.KEPT: 1}, False, 3),
        ({Verdict.BROKEN: 1, Verdict.UNTESTED: 1}, False, 1),
    ],
)
def test_something_found_outranks_something_untested(
    verdicts: dict[Verdict, int], complete: bool, code: int
) -> None:
    one = report(verdicts, complete=complete)
    assert one.exit_code == code
    assert f"\nexit {code}: " in text.render(one, SOURCE)
    assert as_json.document(one, SOURCE)["footer"]["exit_code"] == code


@pytest.mark.parametrize(
    ("rank", "fail_on", "code"),
    [
        (Rank.LAX, Rank.LAX, 1),
        (Rank.ODD, Rank.LAX, 0),
        (Rank.ODD, Rank.ODD, 1),
        (Rank.UNDOCUMENTED, Rank.CRASH, 0),
        (Rank.EXPOSED, Rank.CRASH, 1),
    ],
)
def test_a_finding_of_the_rank_that_was_asked_for_or_a_worse_one_fails_the_run(
    rank: Rank, fail_on: Rank, code: int
) -> None:
    one = report({Verdict.KEPT: 1, Verdict.BROKEN: 1})
    one = replace(one, findings=(replace(one.findings[0], rank=rank),))
    one = replace(one, header=replace(one.header, fail_on=fail_on))
    assert one.exit_code == code
    assert f"\nexit {code}: " in text.render(one, SOURCE)
    assert SCHEMA.is_valid(as_json.document(one, SOURCE))


@pytest.mark.parametrize(
    ("fail_on", "code"), [(Rank.LAX, 3), (Rank.ODD, 3), (Rank.WRONG, 3), (Rank.EXPOSED, 0)]
)
def test_who_asks_for_exposed_alone_owes_no_verdict(fail_on: Rank, code: int) -> None:
    one = report({Verdict.KEPT: 1, Verdict.UNTESTED: 1})
    one = replace(one, header=replace(one.header, fail_on=fail_on))
    assert one.exit_code == code
    ended = replace(one, footer=replace(one.footer, complete=False))
    assert ended.exit_code == 3


def test_text_report_leads_from_the_finding_to_the_catalogue_and_to_curl() -> None:
    assert text.render(report(ALL), SOURCE) == (Path(__file__).parents[1] / "data" / "report.txt").read_text(
        encoding="utf-8"
    )


def test_text_report_of_a_run_that_was_stopped_ends_in_the_code_that_the_shell_sees() -> None:
    one = report(ALL, complete=False)
    assert text.render(one, SOURCE, stopped=True).endswith("\nexit 130: stopped before the end\n")
    assert as_json.document(one, SOURCE)["footer"]["exit_code"] == 1


@pytest.mark.parametrize(
    ("field", "head"),
    [("left_behind", "left behind on the server"), ("may_exist", "may have been made by this run")],
)
def test_text_report_lists_what_may_be_there_a_line_each(field: str, head: str) -> None:
    one = report({Verdict.KEPT: 1})
    names: dict[str, Any] = {field: tuple(f"session s{n}" for n in range(60))}
    told = text.render(replace(one, footer=replace(one.footer, **names)), SOURCE)
    assert f"{head}: 60\n  session s0\n  session s1\n" in told
    assert "\n  session s11\n  and 48 more, all in the JSON report\n" in told


@pytest.mark.parametrize(("reasons", "more"), [(5, ""), (6, "1 more reason:"), (7, "2 more reasons:")])
def test_text_report_counts_the_reasons_that_it_leaves_out(reasons: int, more: str) -> None:
    one = report({Verdict.UNTESTED: reasons})
    each = tuple(replace(result, reason=f"why {n}") for n, result in enumerate(one.results))
    told = text.render(replace(one, results=each), SOURCE)
    assert (f"  and {more} --why" in told) if more else ("more reason" not in told)


@pytest.mark.parametrize("name", ["left_behind", "may_exist"])
def test_text_report_wraps_what_may_still_be_on_the_server(name: str) -> None:
    one = report({Verdict.KEPT: 1})
    listed = (f"session s0 ({'delete_session answered 409, ' * 5}so it is still there)", "session s1")
    told = text.render(replace(one, footer=replace(one.footer, **{name: listed})), SOURCE, width=80)
    assert "\n  session s0 (delete_session answered 409, " in told
    assert "\n      delete_session" in told, "what goes on is not taken for another instance"
    assert "still there)\n  session s1\n" in told
    assert max(map(len, told.splitlines())) <= 80


def test_text_report_tells_the_reason_behind_a_long_id() -> None:
    one = report({Verdict.KEPT: 1})
    listed = (f"session {'s' * 500}… (the id cannot stand in a path)",)
    told = text.render(replace(one, footer=replace(one.footer, left_behind=listed)), SOURCE, width=80)
    assert "cannot stand in a path)" in " ".join(told.split())


def test_text_report_keeps_to_its_width() -> None:
    one = report(ALL)
    long = replace(
        one.findings[0],
        expected="word " * 100,
        actual="x" * 400,
        also=tuple(f"{n}/{'y' * 60}" for n in range(5)),
    )
    for line in text.render(replace(one, findings=(long,)), SOURCE).splitlines():
        assert len(line) <= 100 or line.lstrip().startswith(("curl", "pgagents "))  # to be copied whole


def test_text_report_without_colour_has_no_escapes() -> None:
    hostile = exchange(GET, Response(200, (("Content-Type", "\x1b]0;x\x07"),), b"\x1b[2J\xff\x00"))
    one = report(ALL, exchanges=(hostile,))
    assert "\x1b" not in text.render(one, SOURCE)
    painted = text.render(one, SOURCE, colour=True)
    assert "\x1b[31;1m" in painted
    assert "\x1b[2J" not in painted


def test_text_report_names_the_reason_of_all_that_was_left_out() -> None:
    lines = text.render(report(ALL), SOURCE, why=True).splitlines()
    assert "not tried, though this run should have 1, of 1 line of yours: why untested" in lines
    assert "not tried 4, of 1 line of yours: why not_selected" in lines
    assert "not applicable 3, of 1 line of yours: why not_applicable" in lines
    shown = text.render(report(ALL), SOURCE)
    assert "refuses_bad_input/not_selected0/search@rest" not in shown, "ids only with --why"
    assert "\n5 promises kept; 5 not tried, 4 of them: why not_selected (--why)\n" in shown


def test_text_report_names_the_checks_without_a_contract_in_its_reasons() -> None:
    made = replace(report(ALL), checks={"refuses_bad_input": "", "pagination": "", "idempotency": ""})
    shown = text.render(made, SOURCE, why=True)
    assert "\n    idempotency, pagination\n" in shown
    assert "idempotency" not in text.render(made, SOURCE)


@pytest.mark.parametrize("complete", [True, False])
def test_json_report_is_valid_under_its_schema(complete: bool) -> None:
    silent = exchange(replace(GET, method="POST", body=b"\xff\x00"), Silence("timeout", "30 s"))
    data = json.loads(
        as_json.render(report(ALL, complete=complete, exchanges=(exchange(GET), silent)), SOURCE)
    )
    assert [e.message for e in SCHEMA.iter_errors(data)] == []
    assert data["footer"]["complete"] is complete
    assert {v.value: data["footer"][v.value] for v in Verdict} == {v.value: n for v, n in ALL.items()}
    finding = data["findings"][0]
    assert finding["source"] == {"file": "catalogue/c.yaml", "line": 4, "column": 7}
    assert finding["requirement"] == ["PG-L5"]
    assert finding["exchanges"][1]["request"]["body_base64"] == "/wA="
    assert Counter(r["verdict"] for r in data["results"]) == {v.value: n for v, n in ALL.items() if n}


def test_schema_refuses_a_report_without_a_footer() -> None:
    data = json.loads(as_json.render(report(ALL), SOURCE))
    del data["footer"]["complete"]
    assert not SCHEMA.is_valid(data)


def test_junit_has_one_case_a_contract() -> None:
    root = xml.fromstring(junit.render(report(ALL), SOURCE))
    cases = root.findall("./testsuite/testcase")
    assert len(cases) == sum(ALL.values())
    kinds = Counter(child.tag for case in cases for child in case)
    assert kinds == {"failure": 2, "error": 1, "skipped": 7}
    suite = root.find("testsuite")
    assert suite is not None
    assert [suite.get(k) for k in ("tests", "failures", "errors", "skipped")] == ["15", "2", "1", "7"]


def test_junit_skips_what_is_known_and_has_an_error_for_a_stale_line() -> None:
    one = report(ALL)
    one = replace(
        one,
        findings=(replace(one.findings[0], known="ticket 4711"),),
        stale=("known.yaml:3: it is kept now",),
    )
    root = xml.fromstring(junit.render(one, SOURCE))
    assert [root.get(k) for k in ("tests", "failures", "errors", "skipped")] == ["15", "0", "1", "9"]
    assert [e.get("message") for e in root.iter("skipped")].count("known: ticket 4711") == 2
    assert [e.get("message") for e in root.iter("error") if e.get("type") == "stale"] == [
        "known.yaml:3: it is kept now"
    ]


def test_junit_of_a_run_cut_short_has_an_error() -> None:
    root = xml.fromstring(junit.render(report({Verdict.KEPT: 1}, complete=False), SOURCE))
    assert [e.get("type") for e in root.iter("error")] == ["incomplete"]


@given(st.text(), st.binary(max_size=60))
def test_every_form_takes_any_text(what: str, body: bytes) -> None:
    one = report(
        ALL,
        exchanges=(
            exchange(
                Request("POST", "/x?" + what, (("X-A", what),), body), Response(500, (("A", what),), body)
            ),
        ),
    )
    finding = replace(
        one.findings[0], expected=what, actual=what, contract=replace(one.findings[0].contract, says=what)
    )
    one = replace(
        one, findings=(finding,), results=(*one.results, Result(finding.contract, Verdict.UNTESTED, what))
    )
    xml.fromstring(junit.render(one, SOURCE))
    assert SCHEMA.is_valid(json.loads(as_json.render(one, SOURCE)))
    shown = text.render(one, SOURCE)
    assert all(c.isprintable() or c == "\n" for c in shown)


def test_curl_leaves_the_key_out() -> None:
    line = curl(exchange(GET), "https://api.example/")
    assert (
        line == "curl -sS -i 'https://api.example/lots?limit=26' -H \"Authorization: Bearer $PGAGENTS_TOKEN\""
    )
    second = Request("GET", "/lots", (("Authorization", "Bearer [key of second]"),))
    assert '-H "Authorization: Bearer $PGAGENTS_TOKEN_SECOND"' in curl(
        exchange(second, role="second"), "https://api.example"
    )


def test_curl_puts_the_key_where_it_travelled() -> None:
    shell = {"PGAGENTS_TOKEN": "k1", "PATH": os.environ["PATH"]}
    basic = Request(
        "POST",
        "/a?api_key=[key of main]&b='",
        (("Authorization", "Basic [key of main]"),),
        b'{"key": "[key of main]"}',
    )
    line = curl(exchange(basic), "https://api.example")
    said = subprocess.run(
        ["bash", "-c", line.replace("curl", "printf '%s\\n'", 1)],
        env=shell,
        capture_output=True,
        text=True,
        check=True,
    )
    words = said.stdout.splitlines()
    assert "https://api.example/a?api_key=k1&b='" in words
    assert "Authorization: Basic k1" in words
    assert '{"key": "k1"}' in words


def test_report_says_whose_key_it_was() -> None:
    for value, says in {
        "Bearer [key of main]": "($PGAGENTS_TOKEN)",
        "Bearer nobodys": "(a made-up key)",
        "": "(no key)",
    }.items():
        sent = Request("GET", "/", (("Authorization", value),) if value else ())
        assert f"limit 26 {says}" in text.render(
            report(ALL, exchanges=(exchange(sent),)), SOURCE, verbose=True
        )


def test_curl_shows_a_key_that_was_made_up() -> None:
    made_up = Request("GET", "/", (("Authorization", "Bearer $(reboot)"),))
    assert "-H 'Authorization: Bearer $(reboot)'" in curl(exchange(made_up, role=""), "https://api.example")


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"], exclude_characters="\x00"), max_size=40))
def test_quoted_word_is_one_word_of_a_shell(word: str) -> None:
    if word.isprintable():
        assert shlex.split(quote(word)) == [word]
    else:
        bash = shutil.which("bash")
        if bash is None:
            pytest.skip("there is no bash")
        done = subprocess.run([bash, "-c", f"printf %s {quote(word)}"], capture_output=True, check=True)
        assert done.stdout == word.encode()


def test_wide_table_goes_on_below() -> None:
    head = ["action", *(f"column{n}" for n in range(20))]
    lines = table(head, [["a" * 60, *("1" for _ in range(20))]], ["all", *("1" for _ in range(20))])
    assert all(len(line) <= 100 for line in lines)
    assert sum("action" in line for line in lines) > 1
    assert all(any(f"column{n}" in line for line in lines) for n in range(20))


def test_long_names_of_a_table_that_differ_at_their_end_stay_different() -> None:
    """FastAPI's operation ids begin alike and end with the path and the method."""
    names = [f"sequence_search_api_runs_search_{kind}_get" for kind in ("images", "texts")]
    columns = [f"column{n}" for n in range(9)]
    lines = table(["action", *columns], [[name, *columns] for name in names])
    shown = {line.split()[0] for line in lines if line.startswith("sequence")}
    assert len(shown) == len(names)
    assert all("…" in name and name.endswith("_get") for name in shown)


def test_curl_puts_the_variable_where_the_key_stood() -> None:
    line = curl(exchange(Request("GET", "/", (("X-Key", "a [key of second] b"),))), "https://api.example")
    assert line.endswith("""-H 'X-Key: a '"$PGAGENTS_TOKEN_SECOND"' b'""")
    scheme = exchange(Request("GET", "/", (("X-Key", "[key of main.api-key]"),)), role="main.api-key")
    assert curl(scheme, "https://api.example").endswith("""-H 'X-Key: '"$PGAGENTS_TOKEN_API_KEY\"""")
    masked = curl(
        exchange(Request("GET", "/", (("Authorization", "[redacted]"),)), role="fleet"), "https://api.example"
    )
    assert masked.endswith('-H "Authorization: Bearer $PGAGENTS_TOKEN_FLEET"')


def test_curl_prints_a_run_of_one_letter_by_a_command() -> None:
    long = Request("POST", f"/a?b={'x' * 5_000}&c=%zz", (), b'{"a": "%s\'%s"}' % (b"0" * 100, b"1" * 99))
    line = curl(exchange(long), "https://api.example")
    assert len(line) < 500
    shell = shutil.which("sh")
    if shell is None:
        pytest.skip("there is no sh")
    said = subprocess.run(
        [shell, "-c", f"curl() {{ printf '%s\n' \"$@\"; }}; {line}"], capture_output=True, check=True
    )
    words = said.stdout.decode().splitlines()
    assert f"https://api.example{long.target}" in words
    assert long.body.decode() in words


def test_a_run_that_judged_nothing_is_no_success() -> None:
    contract = Contract("law/payout/end@rest", "law", "end", "rest", "payout", ())
    left_out = Result(
        contract, Verdict.NOT_SELECTED, "needs the identity `second`: add --identity second=ENVVAR"
    )
    header = Header(
        "pgagents", "1", "api.yaml", "0" * 64, "https://api.example", 0, "standard", "2026-11-20T12:00:00Z", 1
    )
    report = Report(header, (), (left_out,), Footer(0, 0.0, {Verdict.NOT_SELECTED: 1}, True))
    assert report.exit_code == 3
    assert replace(report, header=replace(header, shard=(1, 8))).exit_code == 0, "a shard may come away empty"


def test_a_kind_of_which_many_stay_is_told_with_its_first_ids() -> None:
    ids = ", ".join(f"lsn_{n:012x}" for n in range(38))
    kept = ("5 × lamp (a, b)", f"38 × lesson (ended by cancel_lesson: {ids})")
    one = report({Verdict.KEPT: 1})
    told = text.render(replace(one, footer=replace(one.footer, lasting=kept)), SOURCE, width=80)
    line = " ".join(told[told.index("made, and cannot") :].partition("\n\n")[0].split())
    assert line.startswith(
        "made, and cannot be undone: 5 × lamp (a, b), 38 × lesson (ended by cancel_lesson: lsn_"
    )
    assert line.endswith(", …); the JSON report has all ids")
    assert len(line) < 250
