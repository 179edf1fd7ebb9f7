"""`pgagents verify --openapi` finds what `schemathesis run` finds, key by key, or the table says why not."""

from __future__ import annotations

import json
import re
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
import schemathesis.checks

import kept_process
from contains import faults
from contains.shelf import DOCUMENT, KEY, Shelf, refuse, serving
from pgagents.base.http import Request, Response
from pgagents.base.reading import parse
from pgagents.cli.main import main
from verifying import TOO_SMALL

TABLE = Path(__file__).with_name("keys.yaml")
PAGE = Path(__file__).parents[2] / "docs" / "explain" / "schemathesis.md"
SLOW = "max_response_time"
"""A check that an option adds."""
BY_HAND = "object_level_authorization"
"""A check that needs a file with identities."""
LIMIT_S = 300
REMOVALS_OF_ZERO = {
    "honours_manifest/refuses/delete_book@anthropic",
    "invalid_input/minimum/book_id/delete_book@rest",
}
"""Contracts that only a removal of the id 0 could test. A server that counts from zero would do it."""


@cache
def keys() -> dict[str, dict[str, str]]:
    source = parse(TABLE.read_text("utf-8"), TABLE.name)
    assert not source.problems, source.problems
    assert isinstance(source.data, dict)
    return dict(source.data)


def verify(folder: Path, server: Shelf, *words: str, document: Any = DOCUMENT) -> dict[str, Any]:
    """Return the report of `pgagents verify --openapi` on a server.

    It runs in this process, which draws the random calls once for all servers.
    """
    (folder / "library.json").write_text(json.dumps(document, indent=1), "utf-8")
    with serving(server) as url, pytest.MonkeyPatch.context() as patch, StringIO() as said:
        patch.chdir(folder)
        patch.setenv("PGAGENTS_TOKEN", KEY)
        patch.setenv("XDG_CACHE_HOME", str(folder / "cache"))
        line = ["verify", "--openapi", "library.json", "--url", url, "--allow-writes", "--report", "r.json"]
        with redirect_stdout(said), redirect_stderr(said):
            main([*line, "--max-time", str(LIMIT_S), *words])
        assert (folder / "r.json").exists(), said.getvalue()
    report: dict[str, Any] = json.loads((folder / "r.json").read_text("utf-8"))
    return report


def list_found(report: dict[str, Any]) -> dict[str, str]:
    """Return the verdict of each contract that was not kept, by id, whichever finding tells it."""
    return {r["contract"]: r["verdict"] for r in report["results"] if r["verdict"] in ("broken", "odd")}


def run_schemathesis(folder: Path, row: dict[str, str]) -> set[str]:
    """Return the kinds of failure that `schemathesis run` finds on a row's server."""
    (folder / "library.json").write_text(json.dumps(DOCUMENT), "utf-8")
    only = ["--max-response-time", "1"] if row["check"] == SLOW else ["--checks", row["check"]]
    with serving(getattr(faults, row["server"])()) as url:
        words = ["run", "library.json", "--url", url, "-H", f"Authorization: Bearer {KEY}", "--seed", "1"]
        words += ["--phases", row["phases"], "-n", "30", "--continue-on-failure", *only]
        words += ["--report", "json", "--report-json-path", "s.json"]
        words += ["--generation-database", "none"]  # what an earlier run found is not tried first
        done = kept_process.run_schemathesis(words, folder)
    assert (folder / "s.json").exists(), done.stdout
    return {f["type"] for f in json.loads((folder / "s.json").read_text("utf-8"))["failures"]}


def test_every_check_of_schemathesis_has_a_row() -> None:
    schemathesis.checks.load_all_checks()
    every = {check.__name__ for check in schemathesis.checks.CHECKS.get_all()}
    assert every | {SLOW} == {row["check"] for row in keys().values()}
    assert {p for row in keys().values() for p in row["phases"].split(",")} == {
        "examples",
        "coverage",
        "fuzzing",
        "stateful",
    }


def test_every_row_has_a_verdict_and_a_server_of_its_own() -> None:
    for name, row in keys().items():
        assert row["verdict"] in ("broken", "odd", "none"), name
        assert (row["verdict"] == "none") == ("why" in row) == (not row["found"]), name
        assert issubclass(getattr(faults, row["server"]), Shelf), name
    assert len({row["server"] for row in keys().values()}) == len(keys())


def list_rows() -> list[str]:
    """Return the rows of the page's table."""
    return [
        f"| `{row['check']}` | `{row['failure']}` | {row['phases'].replace(',', ', ')} | "
        f"{describe(getattr(faults, row['server']))} | {told(row)} |"
        for row in keys().values()
    ]


def describe(fault: type[Shelf]) -> str:
    """Return the first sentence of a fault's docstring, without its end."""
    return re.sub(r"\s+", " ", str(fault.__doc__)).rstrip(". ").lower()


def told(row: dict[str, str]) -> str:
    return f"`{row['found'].partition('/')[0]}`, {row['verdict']}" if row["found"] else row["why"]


def test_the_page_has_the_table() -> None:
    page = PAGE.read_text("utf-8")
    assert "\n".join(list_rows()) in page


@pytest.mark.matrix
def test_a_fault_behind_a_link_is_found_only_through_the_link(tmp_path: Path) -> None:
    without = json.loads(json.dumps(DOCUMENT))
    for path, method, status in (("/books", "post", "201"), ("/books/{book_id}", "get", "200")):
        del without["paths"][path][method]["responses"][status]["links"]
    crash = "no_crashes/get_shelf@rest"
    words = ("--only", crash)
    assert list_found(verify(tmp_path, faults.CrashBehindLink(), *words)) == {crash: "broken"}
    assert list_found(verify(tmp_path, faults.CrashBehindLink(), *words, document=without)) == {}


class Elsewhere(Shelf):
    """Keeps no shelf for a new book, which a link does not rule out."""

    def shelf_of(self, book: Any) -> str:
        del book
        return "-"


def test_a_link_that_leads_to_nothing_is_no_finding(tmp_path: Path) -> None:
    found = list_found(verify(tmp_path, Elsewhere(), "--only", "valid_calls/ordinary/get_shelf"))
    assert found == {}


def with_errors(statuses: dict[str, str]) -> Any:
    """Return the document whose operations describe errors under other statuses."""
    document = json.loads(json.dumps(DOCUMENT))
    for item in document["paths"].values():
        for operation in item.values():
            kept = {s: a for s, a in operation["responses"].items() if s.startswith("2")}
            operation["responses"] = kept | {
                status: {**operation["responses"]["401"], "description": text}
                for status, text in statuses.items()
            }
    return document


CRASH = "no_crashes/create_book@rest"


def test_default_describes_errors_and_not_that_a_server_crashes(tmp_path: Path) -> None:
    document = with_errors({"default": "Any error"})
    words = ("--only", CRASH)
    crashing, right = faults.CrashAtMaximum(), Shelf()
    assert list_found(verify(tmp_path, crashing, *words, document=document)) == {CRASH: "broken"}
    assert list_found(verify(tmp_path, right, *words, document=document)) == {}


@pytest.mark.parametrize("named", ["500", "5XX"])
def test_a_server_error_that_the_document_names_is_documented(named: str, tmp_path: Path) -> None:
    document = with_errors({"default": "Any error", named: "The branch is closed"})
    report = verify(tmp_path, faults.CrashAtMaximum(), "--only", CRASH, document=document)
    assert list_found(report) == {CRASH: "odd"}
    assert [finding["rank"] for finding in report["findings"]] == ["documented"]


class CrashOnType(Shelf):
    """Crashes at a removal whose multipart type has no boundary."""

    def at_book(self, request: Request, owner: str) -> Response:
        if request.method == "DELETE" and (request.header("content-type") or "").startswith("multipart"):
            return self.refuse_type()
        return super().at_book(request, owner)

    def refuse_type(self) -> Response:
        return refuse(500, "oops")


class RefusesType(CrashOnType):
    """Refuses such a removal, which its document does not rule out."""

    def refuse_type(self) -> Response:
        return refuse(415, "send no body")


def test_a_type_without_a_boundary_that_crashes_is_found(tmp_path: Path) -> None:
    crash = "no_crashes/framework@rest"
    assert list_found(verify(tmp_path, CrashOnType(), "--only", crash)) == {crash: "broken"}


@pytest.mark.parametrize("server", [Shelf, RefusesType])
def test_a_type_without_a_boundary_may_be_ignored_or_refused(server: type[Shelf], tmp_path: Path) -> None:
    words = [w for one in ("no_crashes", "documented_status", "removals") for w in ("--only", one)]
    assert list_found(verify(tmp_path, server(), *words)) == {}


def test_a_value_of_which_nothing_is_sent_is_no_wrong_value(tmp_path: Path) -> None:
    assert list_found(verify(tmp_path, Shelf(), "--only", "invalid_input/type/limit/list_books")) == {}


@pytest.mark.matrix
def test_the_right_server_has_no_finding_and_no_contract_is_untested(tmp_path: Path) -> None:
    report = verify(tmp_path, Shelf())
    assert list_found(report) == {}
    untested = [r["contract"] for r in report["results"] if r["verdict"] == "untested"]
    assert {id for id in untested if not id.startswith(TOO_SMALL)} == REMOVALS_OF_ZERO


@pytest.mark.matrix
@pytest.mark.parametrize("name", [name for name in keys() if keys()[name]["verdict"] != "none"])
def test_pgagents_finds_it(name: str, tmp_path: Path) -> None:
    row = keys()[name]
    found = list_found(verify(tmp_path, getattr(faults, row["server"])()))
    assert {verdict for id, verdict in found.items() if id.startswith(row["found"])} == {row["verdict"]}


@pytest.mark.matrix
@pytest.mark.parametrize("name", [name for name in keys() if keys()[name]["check"] != BY_HAND])
def test_schemathesis_finds_it(name: str, tmp_path: Path) -> None:
    assert keys()[name]["failure"] in run_schemathesis(tmp_path, keys()[name])
