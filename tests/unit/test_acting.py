"""Hold the rule that tells by words if a call acts to tables of real GETs and tools."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import pytest

from pgagents.base.acting import find_shared_prefix, is_of_actions, why_acts
from pgagents.base.verbs import ACTING_VERBS, CHANGING_VERBS, READING_VERBS, VERBS_OR_NOUNS

DATA = Path(__file__).parents[1] / "data" / "reads"
Row = dict[str, str]


def rows_of(name: str) -> list[Row]:
    with (DATA / name).open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


def by_source(rows: Iterable[Row], column: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        found.setdefault(row[column], []).append(row)
    return found


def acts(row: Row, *, strict: bool = False) -> bool:
    return bool(why_acts(row["operationId"], row["path"], row["summary"], strict=strict))


@cache
def judged_gets() -> list[tuple[bool, Row, bool]]:
    """Return each GET with its row: if its document is one of actions, and if the rule withholds it."""
    judged = []
    for document in by_source(rows_of("labels.tsv"), "source").values():
        strict = is_of_actions(sum(map(acts, document)), len(document))
        labelled = sum(row["label"] == "acts" for row in document)
        of_actions = labelled >= 3 and labelled >= 0.3 * len(document)
        judged += [
            (of_actions or "#Action=" in row["path"], row, acts(row, strict=strict)) for row in document
        ]
    return judged


def judged_tools(*, cut: bool) -> Iterator[tuple[str, bool]]:
    """Yield each tool's label by its hint, and if the rule withholds it; `cut` removes the shared prefix."""
    for tools in by_source(rows_of("mcp.tsv"), "server").values():
        prefix = find_shared_prefix([row["tool"] for row in tools]) if cut else ""
        for row in tools:
            label = "reads" if row["readOnlyHint"] == "true" else "acts"
            name = row["tool"].removeprefix(prefix)
            yield label, bool(why_acts(name, "", row["description"], tool=True))


def score(title: str, judged: Iterable[tuple[str, bool]]) -> tuple[float, float]:
    """Print and return precision and recall of what is withheld; unclear rows do not count."""
    counts = {(label, withheld): 0 for label in ("acts", "reads", "unclear") for withheld in (True, False)}
    for outcome in judged:
        counts[outcome] += 1
    right, missed, wrong = counts["acts", True], counts["acts", False], counts["reads", True]
    precision, recall = right / (right + wrong), right / (right + missed)
    print(f"{title}: precision {precision:.3f}, recall {recall:.3f} ({right} withheld, {missed} called, ")
    print(f"  {wrong} of {wrong + counts['reads', False]} reads withheld)")
    return precision, recall


@pytest.mark.parametrize(
    ("title", "groups", "least"),
    [
        ("all GETs", (False, True), (0.90, 0.97)),
        ("ordinary REST", (False,), (0.53, 0.95)),
        ("documents of actions", (True,), (0.98, 0.97)),
    ],
)
def test_rule_withholds_gets_that_act_and_few_others(
    title: str, groups: tuple[bool, ...], least: tuple[float, float]
) -> None:
    judged = [(row["label"], withheld) for group, row, withheld in judged_gets() if group in groups]
    precision, recall = score(title, judged)
    assert (precision >= least[0], recall >= least[1]) == (True, True), (precision, recall)


@pytest.mark.parametrize(
    ("table", "label", "withheld"),
    [
        ("made_up.tsv", "acts", (58, 58)),
        ("made_up.tsv", "reads", (1, 30)),
        ("made_up_more.tsv", "acts", (153, 159)),
        ("made_up_more.tsv", "reads", (3, 102)),
        ("made_up_names.tsv", "acts", (111, 116)),
        ("made_up_names.tsv", "reads", (0, 60)),
        ("made_up_prose.tsv", "acts", (96, 120)),
        ("made_up_prose.tsv", "reads", (5, 120)),
        ("made_up_abroad.tsv", "acts", (136, 143)),
        ("made_up_abroad.tsv", "reads", (3, 123)),
    ],
)
def test_short_names_and_descriptions_say_that_a_get_acts(
    table: str, label: str, withheld: tuple[int, int]
) -> None:
    rows = [row for row in rows_of(table) if row["label"] == label]
    found = [why_acts(r["operationId"], r["path"], r["summary"], r["description"]) for r in rows]
    assert (sum(map(bool, found)), len(rows)) == withheld


@pytest.mark.parametrize(
    ("description", "word"),
    [
        ("send a test email to the admin", "send"),
        ("Returns the next message and removes it from the queue.", "remove"),
        ("Gets the log. This also resets the counter.", "reset"),
        ("Get the log, then delete it.", "delete"),
        ("The alerts of a user. They are marked as read.", "marked"),
        ("Messages of a user. They are deleted once they are read.", "deleted"),
        ("Calling this endpoint triggers a backup.", "trigger"),
        ("Status of a report. Sends the report to its owner.", "send"),
        ("The draft is removed for good.", "removed"),
        ("The cache is emptied and rebuilt.", "rebuilt"),
        ("A key. The former key is revoked.", "revoked"),
        ("A file is made and mailed to the account's owner.", "mailed"),
        ("Running this clears the counters.", "clear"),
        ("A job is deleted a day after it has ended.", ""),
        ("Expired keys are removed nightly.", ""),
        ("Users who are deleted are not shown.", ""),
        ("The hook is triggered whenever a thing is made.", ""),
        ("The answer is sent to the caller.", ""),
        ("Says how the service is restarted.", ""),
        ("Tokens that were deleted. Use DELETE to remove a token.", ""),
        ("Events. Send the header X-Token with it.", ""),
        ("Lists jobs that run and delete the old rows.", ""),
        ("Deleted tokens are kept for 30 days.", ""),
        ("Accepts a filter. Enables you to see all of them.", ""),
        ("Updates are listed by date. Resets of passwords are not among them.", ""),
        ("Drafts that will be sent when the time is reached.", ""),
        ("Punches the ticket.", "punches"),
        ("Punches the clock has seen.", ""),
        ("Places a user follows.", ""),
        ("Returns the ticket and punches it.", "punches"),
        ("Returns the ticket and texts a caller has sent.", ""),
        ("Lists all that\npunches the ticket", ""),
        ("Pours 3 cups.", "pours"),
        ("Tops up the card.", "tops"),
        ("Beware: this will sound the horn.", "sound"),
        ("This will let the caller see all.", ""),
        ("This moves on.", "move"),
        ("Prints a label as PDF.", ""),
        ("Prints a label for the parcel.", "print"),
        ("Retreives the list.", ""),
        ("Each call punches one of ten holes.", "each call punches one"),
        ("Each call returns one.", ""),
        ("Each call uses one up.", "each call uses one"),
        ("Each call uses the cache.", ""),
        ("A page. Has the side effect of a ring.", "has the side effect"),
        ("A page. It has no side effects.", ""),
        ("A clock that begins as soon as this is read.", "as soon as this is read"),
        ("The snapshot. If there is none, one is taken.", "one is taken"),
        ("A version. When one changes, a new version of the first one is made.", ""),
        ("A credit is used up per request.", "is used up per request"),
        ("The bed is set aside for the caller.", "is set aside for the caller"),
        ("This request costs 5 credits.", "costs"),
        ("Items a customer bought.", ""),
        ("The toolsets the agent has.", ""),
        ("Repositories the signed-in user can open.", ""),
        ("It starts with the newest one.", ""),
        ("This updates every 5 minutes.", ""),
        ("It raises a 404 error if nobody is there.", ""),
        ("Lists the seats that are reserved for you.", ""),
        ("Each request belongs to a user.", ""),
        ("Checks the status of a user in the hall.", ""),
        ("Emails the chart to the team.", "email"),
        ("Performs the reboot.", "reboot"),
        ("Signs you out.", "signs you out"),
    ],
)
def test_predicates_of_a_description_are_read(description: str, word: str) -> None:
    acting = why_acts("things", "/things", "Things", description)
    assert (acting.word, acting.place) == (word, "description" if word else "")


@pytest.mark.parametrize(
    ("path", "word"),
    [
        ("/movies/{id}/rate/{stars}", "rate"),
        ("/lamps/{id}/dim/{level}", "dim"),
        ("/player/previous", "previous"),
        ("/games/{id}/resign", "resign"),
        ("/polls/{id}/vote/{vote_id}", ""),
        ("/movies/{id}/report/{format}", ""),
        ("/movies/{id}/review/{language}", ""),
        ("/shops/{id}/order/{year}", ""),
        ("/episodes/{id}/next", ""),
        ("/players/{id}/next-match", ""),
    ],
)
def test_an_argument_of_a_deed_and_a_player_are_told_by_the_path(path: str, word: str) -> None:
    assert why_acts("", path).word == word


@pytest.mark.parametrize(("cut", "least"), [(False, (0.97, 0.85)), (True, (0.96, 0.90))])
def test_rule_withholds_tools_that_act_and_few_others(cut: bool, least: tuple[float, float]) -> None:
    precision, recall = score("MCP tools", judged_tools(cut=cut))
    assert (precision >= least[0], recall >= least[1]) == (True, True), (precision, recall)


def test_every_acting_get_of_a_document_of_actions_is_withheld() -> None:
    """Etherpad has 48 operations, all by GET: 21 of them act."""
    pads = [(row, withheld) for _, row, withheld in judged_gets() if row["source"] == "own:etherpad"]
    assert sum(row["label"] == "acts" for row, _ in pads) == 21
    assert [row["operationId"] for row, withheld in pads if row["label"] == "acts" and not withheld] == []
    wrong = [row["operationId"] for row, withheld in pads if row["label"] != "acts" and withheld]
    assert wrong == ["createDiffHTMLUsingGET"]


@pytest.mark.parametrize(
    ("name", "path", "summary", "word", "place"),
    [
        ("deletePad", "/pads", "", "delete", "name"),
        ("copyPadUsingGET", "/copyPad", "", "copy", "name"),
        ("Pads_Copy", "/x", "", "copy", "name"),
        ("DROP_TABLE", "/x", "", "drop", "name"),
        ("photos.deleteComment", "/rest", "", "delete", "name"),
        ("contact_delete", "/rest", "", "delete", "name"),
        ("", "/users/{id}/resendWelcomeSms", "", "resend", "path"),
        ("", "/v1/{name}:cancelOperation", "Returns a job", "cancel", "path"),
        ("jobsCall", "/jobs/{id}:run", "A job", "run", "path"),
        ("", "/rest?action=deleteItem", "", "delete", "path"),
        ("", "/#Action=PublishTopic", "", "publish", "path"),
        ("", "/cgi/reboot.cgi", "", "reboot", "path"),
        ("", "/relay/{command}", "", "{action}", "path"),
        ("", "/sendtx/{hex}", "Send transaction", "send", "path"),
        ("", "/things/{id}/lock", "", "lock", "path"),
        ("forkThing", "/things/{x}/fork", "", "fork", "name and path"),
        ("lockDoor", "/locks/{id}/door", "Lock the door", "lock", "summary"),
        ("deleteItem", "/deletes/{id}/item", "", "delete", "name"),
        ("dismissAlert", "/dismiss/{id}/alert", "Alert", "dismiss", "name"),
        ("", "/library/scan2", "Starts a scan", "start", "summary"),
        ("", "/shots", "Allows the user to delete a shot", "delete", "summary"),
        ("share_shot", "/shots/{id}/share", "Share a screenshot", "share", "summary"),
        ("get_users_id_reset", "/users/{id}/reset", "", "reset", "path"),
        ("getMode", "/mode/reset", "Resets the mode", "reset", "path and summary"),
        ("emailCheck", "/email/verify/{token}", "", "verify", "code"),
        ("getOtp", "/users/{id}/code", "Generate a new OTP", "generate", "secret"),
    ],
)
def test_a_call_that_acts_names_the_word_and_its_place(
    name: str, path: str, summary: str, word: str, place: str
) -> None:
    acting = why_acts(name, path, summary)
    assert (acting.word, acting.place) == (word, place)
    assert str(acting) == (f'"{summary}"' if place == "summary" else word)


@pytest.mark.parametrize(
    ("name", "path", "summary"),
    [
        ("listOrders", "/orders", "Orders"),
        ("", "/orders", ""),
        ("", "/builds/{id}", ""),
        ("", "/export", ""),
        ("", "/runs", "Runs of a job"),
        ("", "/share", ""),
        ("sets_list", "/sets", "List sets"),
        ("orders#index", "/orders", ""),
        ("StopPoint", "/StopPoint", "Gets stop points"),
        ("", "/monitor", "Retrieves the state"),
        ("Thing_ExecuteSearchByName", "/searchbyname", "Execute a search"),
        ("", "/upload-tokens", "List tokens"),
        ("get_delete_requests", "/delete-requests", ""),
        ("dataSet", "/data", "A set"),
        ("getReset", "/resets/last", "The last reset"),
        ("", "/valid", "Confirm that a code is right"),
        ("liftDoors", "/lifts/{id}/doors", "Doors"),
        ("orderProgress", "/orders/{id}/progress", "Order progress"),
        ("bans", "/servers/{id}/bans", "Bans"),
        ("cellLock", "/locks/{id}/cell", "Cell"),
        ("", "/valid", "Check if a user may close a thing"),
        ("", "/info", "Request list of users"),
        ("", "", ""),
        ("чтение", "/ü", "読む"),
        ("{" * 2_000, "/" * 5_000, "(" * 5_000),
    ],
)
def test_nouns_and_reading_words_do_not_act(name: str, path: str, summary: str) -> None:
    assert not why_acts(name, path, summary)


@pytest.mark.parametrize(
    ("name", "path", "summary", "withheld"),
    [
        ("padUsers", "/padUsers", "", True),
        ("getText", "/getText", "", False),
        ("listPads", "/listPads", "", False),
        ("conversations.history", "/conversations.history", "", False),
        ("authorNames", "/authorNames", "Returns the names", False),
    ],
)
def test_a_document_of_actions_has_only_certain_reads_called(
    name: str, path: str, summary: str, withheld: bool
) -> None:
    assert not why_acts(name, path, summary)
    assert bool(why_acts(name, path, summary, strict=True)) == withheld


@pytest.mark.parametrize(
    ("acting", "gets", "of_actions"), [(2, 2, False), (3, 30, True), (3, 31, False), (0, 0, False)]
)
def test_three_gets_and_a_tenth_make_a_document_of_actions(acting: int, gets: int, of_actions: bool) -> None:
    assert is_of_actions(acting, gets) == of_actions


@pytest.mark.parametrize(
    ("names", "prefix"),
    [
        (["browser_click", "browser_close", "help"], "browser_"),
        (["API-get-user", "API-post-page"], "API-"),
        (["get_a", "get_b", "get_c"], ""),
        (["send_a", "send_b"], ""),
        (["shop_get"], ""),
        (["a_get", "b_get", "c_get"], ""),
        ([], ""),
    ],
)
def test_only_a_name_that_most_tools_share_and_that_is_no_verb_is_a_prefix(
    names: list[str], prefix: str
) -> None:
    assert find_shared_prefix(names) == prefix


@pytest.mark.parametrize(
    ("name", "description", "word"),
    [
        ("issue_write", "Perform write operations", "write"),
        ("git_commit", "Records changes", "commit"),
        ("open_page", "", "open"),
        ("helper", "Notion | Create a page", "create"),
    ],
)
def test_a_tool_needs_one_place_alone(name: str, description: str, word: str) -> None:
    assert why_acts(name, "", description, tool=True).word == word
    assert not why_acts("list_pages", "", description and "Lists pages", tool=True)


def test_each_verb_is_of_one_kind() -> None:
    assert not ACTING_VERBS & READING_VERBS
    assert not ACTING_VERBS & VERBS_OR_NOUNS
    assert not READING_VERBS & VERBS_OR_NOUNS
    assert CHANGING_VERBS <= ACTING_VERBS | VERBS_OR_NOUNS
