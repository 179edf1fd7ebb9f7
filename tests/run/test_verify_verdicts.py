"""No false alarm: what a catalogue documents or leaves open is not a finding, and what is still one shows
beside it.
"""

from __future__ import annotations

from dataclasses import replace
from urllib.parse import unquote

import pytest

from pgagents.base.errors import InputError
from pgagents.base.http import Request, Response, Silence
from pgagents.report.contract import Rank, Verdict
from pgagents.report.curl import curl
from pgagents.report.report import Report
from small_api import KEY, NOTES, URL, Notes, accepting, answer, catalogue, verified, with_resource
from verifying import ids

WRITES = ("create_note", "change_note", "delete_note")
"""Named by the caller, as a catalogue without resources is only read."""


def found(report: Report) -> dict[str, str]:
    """Return each finding's subject and the answer seen."""
    return {f.contract.id: f.actual for f in report.findings}


def verdict(report: Report, contract: str) -> tuple[Verdict, str]:
    """The verdict on a contract, and its reason."""
    return next((r.verdict, r.reason) for r in report.results if r.contract.id == contract)


def test_a_documented_404_for_an_id_that_was_made_up_is_no_finding():
    report = verified(catalogue(), Notes())
    assert found(report) == {}
    said, reason = verdict(report, "valid_calls/ordinary/get_note@rest")
    assert said is Verdict.UNTESTED
    assert "note_id is an id that was made up" in reason


def test_a_documented_404_for_the_word_null_in_a_path_is_no_finding():
    text = NOTES.replace(
        "input: {note_id: {type: string, minLength: 1, maxLength: 40, required: true}}",
        "input: {note_id: {type: integer, minimum: 1, required: true}}",
        1,
    )
    server = Notes()
    report = verified(catalogue(text), server)
    assert "/notes/null" in {request.path for request in server.log}
    assert found(report) == {}


def test_an_undocumented_404_for_an_id_that_was_made_up_is_one():
    text = NOTES.replace("errors: [NOT_FOUND, REFUSED]", "errors: [REFUSED]", 1)
    report = verified(catalogue(text), Notes())
    assert "documented_status/get_note@rest" in found(report)


def test_a_404_for_an_id_that_is_there_is_one():
    def forgetful(_: Notes, request: Request) -> Response | None:
        return (
            answer(404, {"detail": "gone"})
            if request.method == "GET" and request.path.startswith("/notes/")
            else None
        )

    why = "nothing shows that this run made the note: --allow create_note would call it"
    for key, said in ((KEY, (Verdict.KEPT, "")), ("live_9f", (Verdict.NOT_SELECTED, why))):
        server = Notes(forgetful, key=accepting(key))
        report = verified(with_resource(), server, keys={"main": key}, allow_writes=True)
        assert "valid_calls/ordinary/get_note@rest" in found(report)
        assert verdict(report, "valid_calls/values/create_note@rest") == said
        assert all("it is not changed" in left for left in report.footer.left_behind)
        assert not {"PUT", "DELETE"} & {
            r.method for r in server.log if r.path.strip("/") in {f"notes/{id}" for id in server.notes}
        }


def test_with_real_ids_everything_is_kept():
    report = verified(with_resource(), Notes())
    assert found(report) == {}
    assert verdict(report, "valid_calls/ordinary/get_note@rest")[0] is Verdict.KEPT
    assert verdict(report, "absent_id/unknown/note_id/get_note@rest")[0] is Verdict.KEPT


def test_who_promises_that_arguments_come_first_is_held_to_it():
    def ids_first(server: Notes, request: Request) -> Response | None:
        parts = request.path.strip("/").split("/")
        missing = len(parts) == 2 and parts[1] not in server.notes
        return answer(404, {"detail": "no such note"}) if missing else None

    open_ = verified(catalogue(), Notes(ids_first), allow=WRITES)
    assert found(open_) == {}
    fixed = verified(
        catalogue(NOTES + "behaviour: {absent_id_first: validation}\n"), Notes(ids_first), allow=WRITES
    )
    assert any(id.startswith("invalid_input/") for id in found(fixed))


def test_a_documented_redirect_is_an_answer():
    def moved(_: Notes, request: Request) -> Response | None:
        if request.path == "/notes" and request.method == "GET":
            return Response(302, (("Location", "https://files.example.org/notes"),))
        return None

    output = "output: {200: {type: object, properties: {notes"
    documented = catalogue(
        NOTES, (output, "output: {302: {description: Elsewhere}, 200: {type: object, properties: {notes")
    )
    report = verified(documented, Notes(moved))
    assert found(report) == {}
    assert verdict(report, "valid_calls/ordinary/list_notes@rest")[0] is Verdict.KEPT
    assert "documented_status/list_notes@rest" in found(verified(catalogue(), Notes(moved)))


def test_the_default_of_a_path_parameter_is_what_is_asked_for():
    text = NOTES.replace("note_id: {type: string,", "note_id: {type: string, default: first,", 1)
    server = Notes()
    server.make("first", "the first note")
    report = verified(catalogue(text), server)
    assert found(report) == {}
    assert verdict(report, "valid_calls/ordinary/get_note@rest")[0] is Verdict.KEPT


def _body_first(_: Notes, request: Request) -> Response | None:
    """As FastAPI does: a body that cannot be read is refused before anybody asks for a key."""
    return (
        answer(422, {"detail": "no JSON"}) if request.body[:1] == b"{" and request.body[-1:] != b"}" else None
    )


@pytest.mark.parametrize("point", ["", "behaviour: {auth_first: any}\n"])
def test_a_body_may_be_looked_at_before_the_key(point: str):
    assert found(verified(catalogue(NOTES + point), Notes(before=_body_first), allow=WRITES)) == {}


def test_who_promises_that_the_key_comes_first_is_held_to_it():
    report = verified(
        catalogue(NOTES + "behaviour: {auth_first: true}\n"), Notes(before=_body_first), allow=WRITES
    )
    assert "key_authentication/before_body/create_note@rest" in found(report)


EXPORT = """
  export_notes:
    title: Export notes
    description: Gives all notes as a file.
    http: GET /export
    effect: read
    output: {200: {type: string, content_type: MEDIA}}
surfaces:"""


class _Files(Notes):
    """It also has a file, and gives it to those only who accept one."""

    media, body = "text/csv", b"id,text\r\n"

    def plainly(self, request: Request) -> Response:
        if request.path != "/export" or not self.key(request):
            return Notes.plainly(self, request)
        accepted = request.header("Accept") or "*/*"
        if self.media not in accepted and "*/*" not in accepted:
            return answer(406, {"detail": f"only {self.media}"})
        return Response(200, (("Content-Type", self.media),), self.body)


@pytest.mark.parametrize(
    ("media", "body"),
    [
        ("text/csv", b"id,text\r\n"),
        ("application/yaml", b"notes: []\n"),
        ("image/png", b"\x89PNG\r\n\x1a\n\x00\xff\x00\x00\x00\x00IEND\xaeB`\x82"),
        ("application/pdf", b"%PDF-1.7\n\xe2\n%%EOF\n"),
        ("image/tiff", b"II*\x00\xff"),
    ],
)
def test_an_answer_of_another_type_is_asked_for_and_read_as_that(media: str, body: bytes):
    server = _Files()
    server.media, server.body = media, body  # type: ignore[misc]  # this server's alone
    report = verified(catalogue(NOTES, ("\nsurfaces:", EXPORT.replace("MEDIA", media))), server)
    assert found(report) == {}
    assert verdict(report, "response_schema/200/export_notes@rest")[0] is Verdict.KEPT
    assert verdict(report, "content_type/export_notes@rest")[0] is Verdict.KEPT


def test_an_answer_of_another_type_than_the_declared_one_is_a_finding():
    report = verified(
        catalogue(NOTES, ("\nsurfaces:", EXPORT.replace("MEDIA", "application/yaml"))), _AnyAccept()
    )
    assert found(report)["content_type/export_notes@rest"] == "Content-Type: text/csv"


class _AnyAccept(_Files):
    def plainly(self, request: Request) -> Response:
        return _Files.plainly(self, request.with_header("Accept", None))


@pytest.mark.parametrize(
    ("media", "body", "actual"),
    [
        ("image/png", b"\x89PNG\r\n\x1a\n\x00\xff", "it does not end as image/png does: it is cut off"),
        ("application/pdf", b"%PDF\xe2", "it does not begin as application/pdf does"),
    ],
)
def test_half_a_file_is_a_finding(media: str, body: bytes, actual: str):
    server = _Files()
    server.media, server.body = media, body  # type: ignore[misc]  # this server's alone
    report = verified(catalogue(NOTES, ("\nsurfaces:", EXPORT.replace("MEDIA", media))), server)
    assert found(report) == {"response_schema/200/export_notes@rest": actual}


def test_rows_have_no_schema_of_an_object():
    text = EXPORT.replace("MEDIA", "text/csv").replace("type: string", "type: object")
    with pytest.raises(InputError) as raised:
        catalogue(NOTES, ("\nsurfaces:", text))
    [fault] = raised.value.diagnostics
    assert fault.message == "an answer of text/csv is rows, which this schema refuses"
    assert fault.help == "write `type: array` with the columns under `items`"


@pytest.mark.parametrize(
    ("body", "actual"),
    [
        (b"id,text\r\n", {}),
        (b"text,id\r\nhello,n1\r\n", {}),
        (b"id,word\r\nn1,hello\r\n", {"response_schema/200/export_notes@rest"}),
    ],
)
def test_rows_are_compared_with_the_schema_of_a_list(body: bytes, actual: set[str]):
    text = EXPORT.replace("type: string", "type: array, items: {$ref: Note}").replace("MEDIA", "text/csv")
    server = _Files()
    server.body = body  # type: ignore[misc]  # this server's alone
    report = verified(catalogue(NOTES, ("\nsurfaces:", text)), server)
    assert found(report).keys() == set(actual)
    said = verdict(report, "response_schema/200/export_notes@rest")[0]
    assert said is (Verdict.BROKEN if actual else Verdict.KEPT)


def test_a_page_for_people_is_no_finding_where_no_catalogue_says_that_all_is_json():
    def as_page(_: Notes, request: Request) -> Response | None:
        if (request.header("Accept") or "").startswith("text/html"):
            return Response(401, (("Content-Type", "text/html"),), b"<p>no")
        return None

    for seed in range(4):
        assert found(verified(catalogue(), Notes(before=as_page), seed=seed)) == {}
    fixed = [
        found(
            verified(catalogue(NOTES + "behaviour: {content_type: json}\n"), Notes(before=as_page), seed=seed)
        )
        for seed in range(4)
    ]
    assert any(id.startswith("content_type/") for one in fixed for id in one)


def test_a_charset_is_only_to_blame_where_the_call_is_taken_without_it():
    def closed(_: Notes, request: Request) -> Response | None:
        return answer(409, {"detail": "not now"}) if request.method == "POST" else None

    def picky(_: Notes, request: Request) -> Response | None:
        odd = "charset" in (request.header("Content-Type") or "")
        return answer(422, {"detail": "no charset, please"}) if odd else None

    conflict = (
        "NOT_FOUND: {status: 404, meaning: No such note}",
        "NOT_FOUND: {status: 404, meaning: No such note}\n    FULL: {status: 409, meaning: Full}",
    )
    report = verified(
        catalogue(NOTES.replace("errors: [REFUSED]", "errors: [REFUSED, FULL]", 1), conflict),
        Notes(closed),
        allow=WRITES,
    )
    assert "framework/charset@rest" not in found(report)
    assert verdict(report, "framework/charset@rest")[0] is Verdict.UNTESTED
    assert "framework/charset@rest" in found(verified(catalogue(), Notes(before=picky), allow=WRITES))


def test_a_list_without_a_name_is_the_whole_answer():
    def bare(server: Notes, request: Request) -> Response | None:
        whole = request.path == "/notes" and request.method == "GET"
        return answer(200, list(server.notes.values())) if whole else None

    listed = (
        "output: {200: {type: object, properties: {notes: {type: array, items: {$ref: Note}}}, required: "
        "[notes]}}"
    )
    model = with_resource(
        (listed, "output: {200: {type: array, items: {$ref: Note}}}"), ("at: response.notes", "at: response")
    )
    report = verified(model, Notes(bare))
    assert found(report) == {}
    assert verdict(report, "read_after_write/listed/note/list_notes@rest")[0] is Verdict.KEPT


def test_where_no_list_is_found_nothing_is_missing_from_it():
    model = with_resource(
        ("at: response.notes", "at: response.entries"), ("required: [notes]", "required: [notes]")
    )
    report = verified(model, Notes())
    assert found(report) == {}
    assert "no list was found" in verdict(report, "read_after_write/listed/note/list_notes@rest")[1]


def test_an_object_is_not_judged_as_a_list_of_one():
    listed = (
        "output: {200: {type: object, properties: {notes: {type: array, items: {$ref: Note}}}, required: "
        "[notes]}}"
    )
    model = with_resource(
        (listed, "output: {200: {type: [object, array]}}"), ("at: response.notes", "at: response")
    )
    report = verified(model, Notes())
    assert found(report) == {}
    assert "no list was found" in verdict(report, "read_after_write/listed/note/list_notes@rest")[1]


def _upserting(server: Notes, request: Request) -> Response | None:
    parts = request.path.strip("/").split("/")
    id, text = unquote(parts[-1]), server.text(request)
    if request.method == "PUT" and len(parts) == 2 and text is not None and id not in server.notes:
        return server.make(id, text)
    return None


def test_a_put_that_documents_a_201_makes_what_is_not_there():
    put = (
        "      text: {type: string, minLength: 1, maxLength: 40, required: true}\n    output: {200: "
        "{$ref: Note}}"
    )
    model = with_resource((put, put.replace("{200: {$ref: Note}}", "{200: {$ref: Note}, 201: {$ref: Note}}")))
    report = verified(model, Notes(_upserting))
    assert found(report) == {}
    assert not [r for r in report.results if r.contract.id == "absent_id/unknown/note_id/change_note@rest"]


def test_a_put_that_documents_no_201_makes_nothing():
    """A PUT on an id that nothing has is sent only by a caller who named the action, as it may make
    something.
    """
    unasked = Notes(_upserting)
    report = verified(with_resource(), unasked)
    assert found(report) == {}
    said, reason = verdict(report, "absent_id/unknown/note_id/change_note@rest")
    assert (said, "may create it" in reason) == (Verdict.NOT_SELECTED, True)
    made = {f"/notes/n{number}" for number in range(1, 100)}
    assert {r.path for r in unasked.log if r.method == "PUT"} <= made
    asked = verified(with_resource(), Notes(_upserting), allow=("change_note",))
    assert found(asked)["documented_status/change_note@rest"] == "201"


def test_what_was_deleted_may_be_told_of_as_deleted_where_the_catalogue_says_so():
    def buried(server: Notes, request: Request) -> Response | None:
        parts = request.path.strip("/").split("/")
        if request.method == "DELETE" and len(parts) == 2 and parts[1] in server.notes:
            server.notes[parts[1]]["deleted"] = True
            return Response(204)
        return None

    told = with_resource(
        ("properties: {id: {type: string}, ", "properties: {deleted: {type: boolean}, id: {type: string}, "),
        (
            "    missing: NOT_FOUND\n",
            "    missing: NOT_FOUND\n    gone_when: has(note.deleted) && note.deleted\n",
        ),
    )
    for seed in range(3):
        report = verified(told, Notes(buried), seed=seed)
        assert found(report) == {}
        assert verdict(report, "removals/note/get_note@rest")[0] is Verdict.KEPT
        firm = found(verified(with_resource(), Notes(buried), seed=seed))
        assert firm.keys() == {"removals/note/get_note@rest", "removals/listed/note/list_notes@rest"}


def test_a_removal_that_removes_nothing_is_shown_by_the_read():
    """The finding about the read showed the list that was read after it, 2026-12-01."""

    def unmoved(_: Notes, request: Request) -> Response | None:
        return Response(204) if request.method == "DELETE" else None

    report = verified(with_resource(), Notes(unmoved), only=("removals",))
    (read,) = [f for f in report.findings if f.contract.id == "removals/note/get_note@rest"]
    assert read.exchanges[-1].request.path.startswith("/notes/")


def test_a_status_that_nobody_documents_is_found_of_half_a_body_too():
    def bad_request(_: Notes, request: Request) -> Response | None:
        return (
            answer(400, {"detail": "no JSON"})
            if request.body[:1] == b"{" and request.body[-1:] != b"}"
            else None
        )

    report = verified(catalogue(), Notes(before=bad_request), allow=WRITES)
    assert list(found(report).values()) == ["400"]
    assert verdict(report, "documented_status/create_note@rest")[0] is Verdict.BROKEN
    said = catalogue(NOTES + "behaviour: {refused_status: any}\n")
    assert found(verified(said, Notes(before=bad_request), allow=WRITES)) == {}


def test_a_status_that_nobody_documents_is_odd_of_a_body_that_is_no_text():
    """No client library sends such a body."""

    def bad_request(_: Notes, request: Request) -> Response | None:
        return answer(400, {"detail": "no text"}) if request.body[:1] == b"\xf8" else None

    def refused(_: Notes, request: Request) -> Response | None:
        return answer(422, {"detail": "no text"}) if request.body[:1] == b"\xf8" else None

    report = verified(catalogue(), Notes(before=bad_request), allow=WRITES)
    assert verdict(report, "documented_status/create_note@rest")[0] is Verdict.ODD
    assert [finding.rank for finding in report.findings] == [Rank.ODD]
    assert [finding.stable for finding in report.findings] == [True]
    report = verified(catalogue(), Notes(before=refused), allow=WRITES)
    assert verdict(report, "documented_status/create_note@rest")[0] is Verdict.KEPT


def test_a_header_of_every_call_may_be_a_key_itself():
    def keyed(request: Request) -> bool:
        return request.header("X-Api-Key") == "mine" or request.header("Authorization") in (
            f"Bearer {KEY}",
            f"bearer {KEY}",
        )

    server = Notes(key=keyed)
    report = verified(
        catalogue(), lambda request: server(request.with_header("X-Api-Key", "mine")), bare=server
    )
    assert found(report) == {}
    said, reason = verdict(report, "key_authentication/none/list_notes@rest")
    assert said is Verdict.UNTESTED
    assert "a key itself" in reason


def test_a_gateway_s_header_does_not_hide_that_no_key_is_needed():
    server = Notes(key=lambda _: True)
    report = verified(
        catalogue(), lambda request: server(request.with_header("X-Gateway", "blue")), bare=server
    )
    assert "key_authentication/none/list_notes@rest" in found(report)


def test_a_connection_that_was_closed_between_two_calls_is_no_crash():
    answered: list[str] = []

    class Closing(Notes):
        def __call__(self, request: Request) -> Response | Silence:  # type: ignore[override]  # as a live client's handler
            answered.append(request.method)
            if answered.count(request.method) == 2:
                return Silence("reset", "Connection reset by peer", stale=True)
            return Notes.__call__(self, request)

    report = verified(with_resource(), Closing())
    assert found(report) == {}
    assert {"GET", "POST", "PUT", "DELETE"} <= set(answered)


def test_a_connection_that_is_cut_by_a_call_is_one():
    class Cutting(Notes):
        def __call__(self, request: Request) -> Response | Silence:  # type: ignore[override]  # as a live client's handler
            cut = request.method == "PUT"
            return Silence("reset", "Connection reset by peer") if cut else Notes.__call__(self, request)

    assert "no_crashes/change_note@rest" in found(verified(with_resource(), Cutting()))


def _pages(_: Notes, request: Request) -> Response | None:
    """As many a framework does: what no action answers is a page."""

    def page(status: int) -> Response:
        return Response(status, (("Content-Type", "text/html"),), b"<h1>no</h1>")

    if request.path != "/notes" and not (request.path.startswith("/notes/") and request.path.count("/") == 2):
        return page(404)
    if request.method in ("HEAD", "OPTIONS"):
        return page(405) if request.method == "OPTIONS" else Response(405, (("Content-Type", "text/html"),))
    return page(414) if len(request.target) > 4_000 else None


def test_what_a_framework_answers_is_only_judged_where_the_catalogue_says_how():
    for seed in range(3):
        assert found(verified(catalogue(), Notes(before=_pages), seed=seed)) == {}
    invalid = "framework: {invalid: REFUSED,"
    said = catalogue(NOTES, (invalid, f"{invalid} unknown_path: NOT_FOUND,"))
    broken = ids(verified(said, Notes(before=_pages)), Verdict.BROKEN)
    assert {"content_type/framework@rest", "error_envelope/framework@rest"} <= set(broken)


def test_the_curl_line_accepts_what_the_call_accepted():
    report = verified(
        catalogue(NOTES, ("\nsurfaces:", EXPORT.replace("MEDIA", "application/yaml"))), _AnyAccept()
    )
    finding = next(f for f in report.findings if f.contract.id == "content_type/export_notes@rest")
    exchange = finding.exchanges[-1]
    accept = exchange.request.header("Accept")
    assert (f"-H 'Accept: {accept}'" in curl(exchange, URL)) == (accept != "*/*")
    plainly = replace(
        exchange, request=exchange.request.with_header("Accept", "application/yaml, application/json;q=0.9")
    )
    assert "-H 'Accept: application/yaml, application/json;q=0.9'" in curl(plainly, URL)
    assert "Accept" not in curl(replace(exchange, request=exchange.request.with_header("Accept", "*/*")), URL)
