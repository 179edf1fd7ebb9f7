"""A GET that acts by its words gets no request at all, until its caller permits it."""

from __future__ import annotations

import json
from contextlib import redirect_stderr, redirect_stdout
from functools import cache
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from calling import served
from harm.servers import acting_gets
from harm.servers.acting_gets import Pads
from importing import imported
from lengths import rarely
from pgagents.base.errors import PgagentsError
from pgagents.base.http import Request
from pgagents.catalogue.model.model import Model
from pgagents.cli.inputs import verification
from pgagents.cli.inputs.document import load_document
from pgagents.cli.main import main
from pgagents.importer.catalogue import Choice
from pgagents.report.contract import Verdict
from pgagents.report.read import read
from pgagents.report.report import Report
from pgagents.report.verdicts import describe_withheld
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.gate import GuardedPaths
from pgagents.verify.run.run import verify

SHAPES = {
    "pads": acting_gets.pads,
    "verbs": acting_gets.verbs,
    "few": acting_gets.few,
    "told": acting_gets.told,
}
WAYS: dict[str, dict[str, Any]] = {
    "smoke": {"profile": "smoke"},
    "usual": {},
    "writes": {"allow_writes": True},
    "workers": {"allow_writes": True, "workers": 4},
    "exclusive": {"allow_writes": True, "exclusive": True},
    "deep": {"profile": "deep", "max_requests": 600},
}


@pytest.fixture(scope="module")
def documents(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("documents")
    places = {name: folder / f"{name}.json" for name in SHAPES}
    for name, place in places.items():
        place.write_text(json.dumps(SHAPES[name]()[0]), encoding="utf-8")
    return places


@cache
def load(place: Path, chosen: Choice) -> Model:
    return load_document(str(place), chosen)


def run(place: Path, chosen: Choice | None = None, **options: Any) -> tuple[Pads, Report]:
    """A run against the server of a document, in this process."""
    server, model = Pads(json.loads(place.read_text(encoding="utf-8"))), load(place, chosen or Choice())
    allow = verification.actions(model, options.pop("allow", ()))
    report = verify(
        model,
        server,
        Identities({}),
        Options(live=False, allow=allow, **options),
        clock=lambda: 1_790_000_000.0,
        sleep=lambda _: None,
        wall=lambda: "2026-04-18T16:00:00Z",
        url="http://127.0.0.1:1",
    )
    return server, report


@pytest.mark.parametrize("way", rarely(WAYS, "smoke", "workers"))
@pytest.mark.parametrize("shape", SHAPES)
def test_a_get_that_acts_gets_no_request_of_any_method(
    documents: dict[str, Path], shape: str, way: str
) -> None:
    """A POST of the same path is an operation of its own, and follows the rule for writes."""
    acting = SHAPES[shape]()[1]
    server, report = run(documents[shape], **WAYS[way])
    writes = WAYS[way].get("allow_writes", False)
    assert server.count(acting, besides="POST" if writes else "") == {}
    assert server.requests, "the others are called"
    assert {call.operation for call in report.footer.withheld.calls} >= {f"GET {path}" for path in acting}
    assert report.footer.withheld.of_actions == (shape != "few")


def test_shape_of_etherpad_keeps_its_reads(documents: dict[str, Path]) -> None:
    server, report = run(documents["pads"])
    document, acting = acting_gets.pads()
    assert (len(document["paths"]), len(acting)) == (48, 21)
    called = {path for _, path in server.requests} & server.paths
    assert len(called) == 48 - len(report.footer.withheld.calls) >= 20
    withheld = {r.contract.action for r in report.results if r.reason.startswith("GET ")}
    assert len(withheld) == len(report.footer.withheld.calls)


def test_what_was_not_called_says_its_word_and_the_options(documents: dict[str, Path]) -> None:
    _, report = run(documents["verbs"])
    (reason,) = {r.reason for r in report.results if r.contract.action == "reboot_pad"}
    assert reason == (
        "GET /rebootPad acts, as its name says `reboot`: --reads 'GET /rebootPad' calls it as a read, "
        "--allow 'GET /rebootPad' as a write"
    )
    (call,) = (c for c in report.footer.withheld.calls if c.operation == "GET /lockPad")
    assert (call.why, call.reason) == ('"Locks a pad"', 'its summary says "Locks a pad"')


def test_reads_and_acts_decide_in_both_directions(documents: dict[str, Path]) -> None:
    chosen = Choice(reads=("lockPad", "GET /s*Pad"), acts=("gettext", "GET /sendPad"))
    server, _ = run(documents["verbs"], chosen)
    called = {path for _, path in server.requests} & server.paths
    assert called == {f"/{v}Pad" for v in acting_gets.VERBS if v[0] == "s" or v == "lock"} - {"/sendPad"}
    server, _ = run(documents["verbs"], Choice(reads=("lockPad",), acts=("*",)))
    assert {path for _, path in server.requests} & server.paths == {"/lockPad"}


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        (Choice(reads=("lockPaf",)), "--reads lockPaf: no POST or GET fits it"),
        (Choice(acts=("GET /lokPad",)), "--acts GET /lokPad: no GET fits it"),
        (Choice(acts=("POST /lockPad",)), "--acts POST /lockPad: no GET fits it"),
        (Choice(acts=("",)), "--acts : no GET fits it"),
        (Choice(reads=("lockPad",), acts=("GET /lockPad",)), "GET /lockPad fits both --reads and --acts"),
        (Choice(reads=("lock*",), acts=("*Pad",)), "GET /lockPad fits both --reads and --acts"),
    ],
)
def test_an_operation_that_is_not_there_or_named_twice_is_one_message(
    documents: dict[str, Path], chosen: Choice, message: str
) -> None:
    with pytest.raises(PgagentsError) as error:
        load(documents["verbs"], chosen)
    assert str(error.value) == message
    assert error.value.help


@pytest.mark.parametrize("name", ["GET /lockPad", "lockPad", "lock_pad", "get /LOCK*"])
def test_allow_calls_one_as_a_write_and_nothing_beside_it(documents: dict[str, Path], name: str) -> None:
    """No HEAD, no wrong method and nothing random goes to it, with and without leave to write."""
    for writes in (False, True):
        server, report = run(documents["verbs"], allow=(name,), allow_writes=writes)
        acting = acting_gets.verbs()[1]
        sent = server.count(acting)
        assert set(sent) == {("GET", "/lockPad")}
        assert sent["GET", "/lockPad"] < 20
        assert report.footer.lasting == (f"{sent['GET', '/lockPad']} × GET /lockPad",)
        kept = [r for r in report.results if r.contract.action == "lock_pad" and r.verdict is Verdict.KEPT]
        assert kept


def test_allow_of_nothing_names_what_is_near(documents: dict[str, Path]) -> None:
    with pytest.raises(PgagentsError) as error:
        run(documents["verbs"], allow=("GET /lokPad",))
    assert (str(error.value), error.value.help) == (
        "--allow GET /lokPad: there is no such action",
        "did you mean `GET /lockPad`?",
    )


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "TRACE", "POST", "PUT", "PGV"])
def test_nothing_goes_to_a_get_of_which_no_action_could_be_made(
    documents: dict[str, Path], method: str
) -> None:
    """It is written in several ways that a lenient server reads alike."""
    model = load(documents["few"], Choice())
    withheld = {get.label: (get.action, str(get.acting)) for get in model.withheld.gets}
    assert withheld == {"GET /reboot": ("power", "reboot"), "GET /session/logout": ("", "logout")}
    paths = GuardedPaths(model)
    for target in ("/session/logout", "/session/logout/?a=1", "//session/%6Cogout", "/session//logout#x"):
        get = paths.find_withheld(Request(method, target))
        assert get is not None
        assert get.label == "GET /session/logout"
    assert paths.find_withheld(Request(method, "/session")) is None


def verify_by_command(place: Path, *words: str) -> tuple[int, str, str, Pads]:
    """Run `pgagents verify` in this process: its exit code, its output, its messages and the server."""
    server = Pads(json.loads(place.read_text(encoding="utf-8")))
    with served(server) as url, pytest.MonkeyPatch.context() as patch, StringIO() as out, StringIO() as err:
        patch.chdir(place.parent)
        patch.setenv("XDG_CACHE_HOME", str(place.parent / "cache"))
        with redirect_stdout(out), redirect_stderr(err):
            code = main(["verify", "--url", url, *words])
        return code, out.getvalue(), err.getvalue(), server


LINE = (
    "not called: 2 GETs whose names or summaries say that they act: GET /reboot (reboot), "
    "GET /session/logout (logout). --reads 'GET /reboot' calls it; --acts 'GET /x' withholds another; "
    "--allow 'GET /x' calls one as a write, --allow-writes alone does not"
)


def test_every_form_of_the_report_says_what_was_not_called(documents: dict[str, Path]) -> None:
    place = documents["few"]
    names = ("r.json", "r.xml", "r.sarif", "r.md", "r.html", "r.txt")
    words = [word for name in names for word in ("--report", name)]
    _, out, _, _ = verify_by_command(place, "--openapi", place.name, *words)
    assert LINE in " ".join(out.split())
    texts = {name: (place.parent / name).read_text(encoding="utf-8") for name in names}
    assert [name for name, text in texts.items() if "GET /reboot" not in text] == []
    assert LINE in " ".join(texts["r.txt"].split())
    assert json.loads(texts["r.json"])["footer"]["withheld"] == {
        "calls": [
            {
                "operation": "GET /reboot",
                "why": "reboot",
                "reason": "its path says `reboot`",
                "action": "power",
            },
            {
                "operation": "GET /session/logout",
                "why": "logout",
                "reason": "its path says `logout`",
                "action": "",
            },
        ],
        "of": 3,
        "of_actions": False,
    }
    report, _ = read(place.parent / "r.json")
    assert describe_withheld(report.footer.withheld) == [LINE]


def test_plan_says_what_would_not_be_called(documents: dict[str, Path]) -> None:
    place = documents["few"]
    words = ("--plan", "--report", "plan.json", "--report", "plan.txt")
    code, out, _, server = verify_by_command(place, "--openapi", place.name, *words)
    assert (code, server.requests) == (0, [])
    assert LINE in " ".join(out.split())
    data = json.loads((place.parent / "plan.json").read_text(encoding="utf-8"))
    assert [call["operation"] for call in data["withheld"]["calls"]] == ["GET /reboot", "GET /session/logout"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--reads", "GET /rebot"), "did you mean `GET /reboot`?"),
        (("--acts", "PATCH /*"), "--acts PATCH /*: no GET fits it"),
        (("--allow", "GET /rebot"), "did you mean `GET /reboot`?"),
        (("--allow", "leave"), "--allow leave: there is no such action"),
        (("--reads", "power", "--acts", "power"), "fits both --reads and --acts"),
    ],
)
def test_wrong_operation_is_one_message_before_anything_is_sent(
    documents: dict[str, Path], words: tuple[str, ...], message: str
) -> None:
    place = documents["few"]
    code, out, err, server = verify_by_command(place, "--openapi", place.name, *words)
    assert (code, out, server.requests) == (2, "", [])
    assert message in err
    assert "Traceback" not in err


@pytest.mark.parametrize(("flag", "effect"), [("--reads", "read"), ("--acts", "write")])
def test_a_catalogue_says_effect_itself(documents: dict[str, Path], flag: str, effect: str) -> None:
    catalogue = documents["few"].with_suffix(".yaml")
    made = imported(documents["few"])
    catalogue.write_text(made.text, encoding="utf-8")
    assert "its path says `reboot`; if it only reads: `effect: read`" in made.text
    code, _, err, _ = verify_by_command(documents["few"], catalogue.name, flag, "power")
    assert code == 2
    assert f"`effect: {effect}`" in err
