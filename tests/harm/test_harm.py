"""The rule "do no harm": a run changes nothing that it did not make itself. It undoes what it made, and lists
what it could not undo.

Each case is a small server with the catalogue of a careful author. It behaves in one legal way that easily
leads a tester to harm.
"""

from __future__ import annotations

import json
import re
from functools import lru_cache
from threading import Lock

import pytest

from harm.cases import CASES
from harm.runs import (
    EVERYONE,
    METHODS,
    harms,
    model_of,
    run,
    server_of,
    text_of,
    undeclared,
    unlisted,
    unmarked,
    writes,
)
from harm.servers.base import KEYS, Row, Server
from lengths import rarely
from pgagents.base.http import Request, Response, Silence
from pgagents.catalogue.load import load_text
from pgagents.report.contract import Verdict
from pgagents.report.report import Report
from pgagents.suggest.session import Suggesting
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.run.run import plan
from verifying import TOO_SMALL

SEEDS = (0, 1, 2)
FRESH = (0, 2)
"""Seeds of runs on a new server. The other one has a server on which a run was already."""
LATER_S = 60.0
ENDS = {"unsent": (19,), "unanswered": (4, 23), "silent": (7, 31)}
"""Requests at which a run is broken off, by the way in which it is."""

OWNERLESS = re.compile(
    r"https://([a-z0-9-]+\.)*(example\.(com|net|org)|[a-z0-9-]+\.example|example)(:[0-9]+)?(/|$)"
)

CANNOT = re.compile(
    "(valid_calls/example|honours_manifest/accepts)/|(invalid_input/minimum/.*|honours_manifest/refuses)/remove_"
)
"""Contracts of a catalogue's example that names something older, which may be called by nobody.

Neither may a removal of the id 0, which a server that counts from zero would carry out.
"""

MIDDLE = 17
"""The request of one run at which another one runs."""

FIRST = "nested"
"""The case that each way of running is tried with at every push; the others are of the matrix."""


OURS = (
    "credentials",
    "credentials_made",
    "largest_ids",
    "largest_ids_bare",
    "other_id",
    "plain_reference",
    "stuck",
)
"""The cases about what is a run's own that are tried with eight workers, too."""

every_case = pytest.mark.parametrize("name", CASES, scope="module")  # so a case's tests stand together
first_case = pytest.mark.parametrize("name", rarely(CASES, FIRST))
beside_case = pytest.mark.parametrize("name", rarely(CASES, FIRST, "orphans", "renames_ignored"))
every_seed = pytest.mark.parametrize("seed", SEEDS)


def assert_no_harm(server: Server, report: Report) -> None:
    """Nothing of others was touched, and of the run nothing is left that the report does not name."""
    server.now += LATER_S
    server.tick()
    assert harms(server) == []
    assert unlisted(server, report) == []


# -- with leave to write
# ---------------------------------------------------------------------------------------------


@lru_cache(maxsize=2)  # tests of a case stand together
def first_run(name: str) -> tuple[Server, Report]:
    """A server and the run that several tests look at."""
    server = server_of(name)
    return server, run(name, server)


def assert_told(name: str, report: Report) -> None:
    """What can be shown is tested, and the rest is untested with its reason."""
    case = CASES[name]
    untested = [r for r in report.results if r.verdict is Verdict.UNTESTED]
    if not case.broken:
        assert [f"{f.contract.id}: {f.expected}, {f.actual}" for f in report.findings] == []
        assert report.exit_code == (3 if any(not r.excused for r in untested) else 0)
    left_out = [r for r in report.results if r.verdict is Verdict.NOT_SELECTED]
    if case.green is False:
        assert report.exit_code != 0 or [r for r in left_out if "would call it" in r.reason]
    if case.green:
        assert [
            f"{r.contract.id}: {r.reason}"
            for r in untested
            if not CANNOT.match(r.contract.id)
            and "CONFLICT" not in r.reason
            and not (r.excused and r.contract.id.startswith(TOO_SMALL))
        ] == []
        assert report.footer.left_behind == () or name == "messages"
    assert not case.reason or [r for r in (*untested, *left_out) if case.reason in r.reason]


@pytest.mark.parametrize("seed", rarely(FRESH, SEEDS[0]))
@every_case
def test_a_run_touches_nothing_of_others_and_leaves_nothing(name: str, seed: int) -> None:
    server, report = first_run(name)
    if seed:
        server = server_of(name, seed)
        report = run(name, server, seed=seed)
    else:
        assert_told(name, report)
    assert_no_harm(server, report)
    sent = [str(entry) for entry in undeclared(name, server)]
    assert sent == [], "writes to a path by a method that the catalogue does not name"


def test_what_a_key_made_in_another_project_is_removed_at_once() -> None:
    """Its project may have room for one."""
    server, _ = first_run("idempotent_replayed")
    made: dict[str, int] = vars(server)["of_second"]
    ends = {e.target.rpartition("/")[2]: e.number for e in server.log if e.method == "DELETE"}
    assert len(made) > 1
    assert [id for id, number in made.items() if ends[id] - number > 3] == []


@pytest.mark.parametrize("name", ["chosen_ids", "upsert_email", "get_or_create"])
def test_a_search_for_laws_harms_nobody(name: str) -> None:
    """A value that an answer held may be the id or the address of somebody else's thing."""
    server, companion = server_of(name), Suggesting.of(model_of(name))
    report = run(name, server, companion=companion)
    assert companion.samples.count
    assert_no_harm(server, report)
    assert report.footer.left_behind == ()


@pytest.mark.parametrize(
    ("name", "actions", "evidence"),
    [
        ("paid_jobs", ("transcribe",), "its description says `Costs 3 cents per minute"),
        ("mailing", ("remind", "invite_member"), "its description says `An e-mail with the item's title"),
    ],
)
def test_what_buys_or_sends_is_called_only_by_name_and_counted(
    name: str, actions: tuple[str, ...], evidence: str
) -> None:
    server, report = first_run(name)
    assert server.bought == 0  # type: ignore[attr-defined]  # these two servers count it
    assert report.footer.bought == {}
    for action in actions:
        results = [r for r in report.results if r.contract.action == action]
        over_http = [r for r in results if r.contract.surface != "mcp"]  # no MCP server runs
        reasons = {(r.verdict, r.reason) for r in over_http}
        ((verdict, reason),) = reasons
        assert verdict is Verdict.NOT_SELECTED
        assert reason.endswith(f"--allow {action} would call it")
        assert evidence in reason or action != actions[0]
    for workers in (1, 8):
        server = server_of(name)
        report = run(name, server, allow=actions, workers=workers)
        assert set(report.footer.bought) == set(actions)
        assert server.bought == sum(done for done, _ in report.footer.bought.values())  # type: ignore[attr-defined]
        assert [table for table, _ in server.left()] == []
        assert {harm.table for harm in server.harms} <= {"accounts", "outbox"}, "what was asked for by name"


def test_author_who_says_that_a_call_costs_nothing_has_it_called() -> None:
    text = text_of(CASES["paid_jobs"])
    assert text.count("    may_cost: ") == 1
    told = load_text(text.replace("    may_cost: ", "    costs: false\n    may_cost: "), "paid_jobs.yaml")
    server = server_of("paid_jobs")
    report = run("paid_jobs", server, model=told)
    assert server.bought > 0  # type: ignore[attr-defined]  # the server counts it
    assert report.footer.bought == {}, "nothing is counted of which its author says that it costs nothing"


def test_what_the_author_gives_to_every_create_is_no_id() -> None:
    """It is the folder of a new file here, under the name that a file's own place has elsewhere."""
    _, report = first_run("folders")
    kept = {r.contract.id for r in report.results if r.verdict is Verdict.KEPT}
    assert "valid_calls/example/kept/create_file@rest" in kept
    assert not [r for r in report.results if "overwrite" in r.reason]


@first_case
def test_a_run_with_one_key_harms_nobody(name: str) -> None:
    server = server_of(name)
    assert_no_harm(server, run(name, server, keys={"main": KEYS["main"]}))


@first_case
def test_one_run_after_the_other_on_one_server_harms_nobody(name: str) -> None:
    """An earlier run's leavings are strangers to the next one."""
    server = first_run(name)[0].copied()
    server.now += LATER_S
    server.tick()
    server.guard_all()
    assert_no_harm(server, run(name, server, seed=SEEDS[1]))


@beside_case
def test_two_shards_at_the_same_server_harm_nobody(name: str) -> None:
    server = server_of(name)
    for number in (1, 2):
        assert_no_harm(server, run(name, server, shard=(number, 2)))
        server.guard_all()


@first_case
def test_another_run_in_the_middle_touches_nothing_of_the_first(name: str) -> None:
    """The other one is the second shard, on another machine at the same time."""
    server, count, turn = server_of(name), [0], Lock()
    left: list[tuple[str, Row]] = []

    def handler(request: Request) -> Response | Silence:
        with turn:  # else what the first run sends beside this request is taken for the other's
            count[0] += 1
            if count[0] == MIDDLE:
                ours = server.guard_all()
                left.extend(unlisted(server, run(name, server, shard=(2, 2))))
                server.release(ours)
            return server(request)

    report = run(name, server, handler=handler, shard=(1, 2))
    assert left == []
    assert_no_harm(server, report)


LOOKS = 2
"""The looks at what a removal changed that may come on top of a bound, as its help says."""


@first_case
def test_seven_requests_are_seven_and_harm_nobody(name: str) -> None:
    server = server_of(name)
    report = run(name, server, max_requests=7)
    assert_no_harm(server, report)
    assert report.footer.requests <= 7 + LOOKS


@first_case
def test_a_smoke_run_sends_sixty_requests_with_those_that_undo_and_look_at_what_stays(name: str) -> None:
    report = run(name, server_of(name), profile="smoke")
    assert report.footer.requests <= 60 + LOOKS or name == "delete_202"  # it is asked until each is gone


@pytest.mark.parametrize("name", OURS)
def test_eight_workers_harm_nobody(name: str) -> None:
    server = server_of(name)
    assert_no_harm(server, run(name, server, workers=8))


# -- broken off
# ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("way", ["unsent", "unanswered"])
@first_case
def test_a_run_that_is_interrupted_undoes_or_lists_what_it_made(name: str, way: str) -> None:
    """Interrupted before a request is sent, or after it did its work and before the answer came."""
    for at in ENDS[way]:
        server, count = server_of(name, at), [0]

        def handler(
            request: Request, server: Server = server, count: list[int] = count, at: int = at
        ) -> Response | Silence:
            count[0] += 1
            if count[0] == at:
                if way == "unanswered":
                    server(request)
                raise KeyboardInterrupt
            return server(request)

        report = run(name, server, seed=at, handler=handler)
        assert_no_harm(server, report)


@beside_case
def test_a_server_that_stops_answering_leaves_only_what_is_listed(name: str) -> None:
    """Every call from then on does its work, and none is answered."""
    for at in ENDS["silent"]:
        server, count = server_of(name, at), [0]

        def handler(
            request: Request, server: Server = server, count: list[int] = count, at: int = at
        ) -> Response | Silence:
            count[0] += 1
            answer = server(request)
            return answer if count[0] < at else Silence("timeout", "no answer in time")

        report = run(name, server, seed=at, handler=handler)
        assert_no_harm(server, report)


# -- without leave to write
# ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", rarely(SEEDS[:2], SEEDS[0]))
@every_case
def test_without_leave_a_run_only_reads_and_changes_nothing(name: str, seed: int) -> None:
    """It sends GET, HEAD and OPTIONS, and a POST that the catalogue calls a read.

    An address on this machine gives no leave: it may be a tunnel to production.
    """
    server, url = server_of(name, seed), "http://localhost:8080" if seed else ""
    report = run(name, server, seed=seed, url=url, allow_writes=False)
    assert harms(server) == []
    assert server.tables == server.at_start
    assert report.footer.left_behind == ()
    assert [str(entry) for entry in writes(name, server.log)] == []


@first_case
def test_without_leave_and_key_a_run_only_reads(name: str) -> None:
    server = server_of(name)
    run(name, server, keys={}, keyless=True, allow_writes=False)
    assert server.tables == server.at_start


# -- one by one
# ------------------------------------------------------------------------------------------------------


@every_seed
def test_a_put_that_is_no_upsert_is_never_sent_for_an_unknown_id(seed: int) -> None:
    server = server_of("put_undeclared", seed)
    run("put_undeclared", server, seed=seed)
    assert server.upserted == []


@pytest.mark.parametrize("name", ["canned", "get_or_create_enum"])
def test_what_answers_something_older_is_never_written_to(name: str) -> None:
    """Nothing of that resource is ours, so that creates and reads alone succeed."""
    server = server_of(name)
    run(name, server)
    assert [
        str(entry) for entry in server.writes if entry.method != "POST" and entry.status in (200, 204)
    ] == []


@pytest.mark.parametrize("name", ["singletons", "filtered", "no_resources"])
def test_what_names_no_instance_is_sent_only_where_it_is_allowed_by_name(name: str) -> None:
    """A collection, a singleton, a filter, a list of ids."""
    bare = [
        a
        for a in model_of(name).actions
        if a.effect == "write" and "{" not in a.path and a.name not in ("add_item",)
    ]
    assert bare
    server = server_of(name)
    run(name, server)
    for action in bare:
        assert [
            str(e)
            for e in server.log
            if (e.method, e.target.partition("?")[0]) == (action.method, action.path)
        ] == []


def test_an_action_that_is_allowed_by_name_is_sent() -> None:
    server = server_of("singletons")
    run("singletons", server, allow=("change_me",))
    sent = {(entry.method, entry.target) for entry in server.writes if entry.method in METHODS}
    assert sent == {("PATCH", "/me")}


@pytest.mark.parametrize("name", ["other_id_by_hand", "no_id_by_hand"])
def test_what_an_allowed_call_makes_is_removed_or_listed(name: str) -> None:
    """No call of the catalogue makes it, and its answer has the id under another name, or not at all."""
    server = server_of(name)
    made = len(server.tables["items"])
    report = run(name, server, allow=("add_item",))
    assert [entry for entry in server.log if entry.method == "POST" and entry.status == 201]
    assert_no_harm(server, report)
    assert len(server.tables["items"]) == made + len(report.footer.left_behind)
    assert report.footer.may_exist == ()


@pytest.mark.parametrize("workers", [1, 8])
@pytest.mark.parametrize("name", ["stuck", "messages"])
def test_few_are_made_where_none_is_removed(name: str, workers: int) -> None:
    server = server_of(name)
    report = run(name, server, workers=workers)
    made = [row for id, row in server.tables["items"].items() if ("items", id) not in server.before]
    assert 0 < len(made) <= 5
    assert_no_harm(server, report)
    assert len(report.footer.left_behind) == (len(made) if name == "stuck" else 0)


def test_the_plan_names_what_stays() -> None:
    allowed = Options(allow_writes=True)
    plans = {name: plan(model_of(name), allowed, Identities(EVERYONE)) for name in ("messages", "nested")}
    assert {name: made.lasting for name, made in plans.items()} == {"messages": ("item",), "nested": ()}


def test_no_credential_is_made_for_a_user_that_was_there_before() -> None:
    """A user that the run has made may have one."""
    server = server_of("credentials_made")
    run("credentials_made", server)
    posts = {entry.target for entry in server.log if entry.method == "POST" and entry.status == 201}
    assert [target for target in posts if target.endswith("/tokens")]
    assert not posts & {"/users/ann/tokens", "/users/ben/tokens"}


def test_a_child_is_addressed_under_its_own_parent() -> None:
    """No write names a box that was there before, but the one that puts a note into it."""
    server = server_of("nested")
    run("nested", server)
    assert [str(e) for e in server.writes if e.status == 204 and re.fullmatch("/boxes/[123]", e.target)] == []
    assert server.tables["boxes"] == server.at_start["boxes"]
    assert server.tables["notes"] == server.at_start["notes"]


def made_by(name: str) -> list[Row]:
    """Every row that a run made, as it was then."""
    server, made = server_of(name), []

    def handler(request: Request) -> Response | Silence:
        before = {(table, id) for table, rows in server.tables.items() for id in rows}
        answer = server(request)
        made.extend(
            dict(row)
            for table, rows in server.tables.items()
            for id, row in rows.items()
            if (table, id) not in before
        )
        return answer

    run(name, server, handler=handler)
    assert made
    return made


@pytest.mark.parametrize(
    "name", ["integer_ids", "bare", "nested", "tenants", "flows", "upsert_email", "put_declared"]
)
def test_what_is_made_carries_the_mark_of_its_run(name: str) -> None:
    """A mark separates what a killed run left from the rest; a text that is too short for it has none."""
    assert [row for row in made_by(name) if unmarked(row)] == []


def test_what_is_written_to_goes_to_nobody() -> None:
    """A hook's URL and an e-mail address are of domains that nobody can own."""
    made = made_by("hooks")
    assert [row["email"] for row in made if not row["email"].endswith("@example.com")] == []
    assert [row["url"] for row in made if not OWNERLESS.match(row["url"])] == []


@pytest.mark.parametrize("name", ["timeout_create", "crash_create"])
def test_a_create_without_an_answer_is_not_repeated(name: str) -> None:
    """It may have happened, and a second one would make a second item."""
    server = server_of(name)
    run(name, server)
    creates = [entry for entry in server.log if entry.method == "POST"]
    unanswered = [entry.body for entry in creates if entry.status in (None, 502)]
    assert unanswered
    assert [body for body in unanswered if sum(entry.body == body for entry in creates) > 1] == []


def test_a_create_with_an_idempotency_key_is_repeated_with_the_same_key_at_most() -> None:
    server = server_of("idempotent")
    run("idempotent", server)
    assert unlisted(server, run("idempotent", server)) == []


def test_what_no_call_takes_back_is_listed() -> None:
    server = server_of("messages")
    report = run("messages", server)
    made = [row for id, row in server.tables["items"].items() if ("items", id) not in server.before]
    assert made
    ids = ", ".join(sorted(row["id"] for row in made))
    assert report.footer.lasting == (f"{len(made)} × item ({ids})",)


def test_of_a_workflow_only_what_it_made_is_removed() -> None:
    """One workflow removes what it found, which is never sent; the other removes what it made."""
    server = server_of("workflow_found")
    report = run("workflow_found", server)
    assert harms(server) == []
    verdicts = {
        r.contract.id.split("/")[1].partition("@")[0]: r.verdict
        for r in report.results
        if r.contract.check == "workflow_runs"
    }
    assert verdicts == {"tidy": Verdict.NOT_SELECTED, "think_better": Verdict.KEPT}


def test_what_an_unreadable_answer_hid_in_a_container_is_removed_by_its_mark() -> None:
    """The server keeps a note whose box goes, and shows it in the list of that box."""
    server = server_of("orphans")
    hidden: list[int] = []

    def answer(request: Request) -> Response | Silence:
        told = server(request)
        inner = request.method == "POST" and request.path.endswith("/notes")
        if inner and isinstance(told, Response) and told.status == 201 and not hidden:
            hidden.append(json.loads(told.body)["note"]["id"])
            return Silence("protocol", "the answer is not HTTP")
        return told

    report = run("orphans", server, handler=answer)
    assert hidden
    assert [id for id in hidden if id in server.tables["notes"]] == []
    assert harms(server) == []
    assert report.footer.may_exist == ()
