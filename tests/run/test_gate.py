"""The gate of requests: the evidence that an instance is ours, marks, and the language that both need."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

import pytest

from overlaying import notes, over
from pgagents.base.errors import InputError, PgagentsError
from pgagents.base.http import Response, json_bytes
from pgagents.catalogue.harmless.ids import NOBODY, NOBODYS_NUMBER
from pgagents.catalogue.load import load_text
from pgagents.catalogue.model.model import Model
from pgagents.cli.inputs.verification import actions
from pgagents.cli.main import main
from pgagents.verify.fixtures.factory import FixtureFactory
from pgagents.verify.fixtures.instance import Instance
from pgagents.verify.fixtures.lifting import say_existed
from pgagents.verify.fixtures.marks import Marks
from pgagents.verify.fixtures.ownership import OTHERWISE
from pgagents.verify.fixtures.target import target_of
from pgagents.verify.plan.options import Identities, Options
from pgagents.verify.plan.selection import NO_WRITES, list_live_roles
from pgagents.verify.run.gate import Gate
from pgagents.verify.setting import setting_of
from pgagents.verify.wire.asking import answering
from pgagents.verify.wire.call import Call, Raw
from pgagents.verify.wire.encode import request_of
from pgagents.verify.wire.exchange import Exchange

BOXES = """\
pgagents: 1
api:
  {id: boxes, title: Boxes, version: 1.0.0, server: https://boxes.example, contact: a@boxes.example,
   for_people: Boxes, for_models: Boxes.}
security: [{key: []}]
auth:
  schemes: {key: {prefixes: {test_: test}}}
  roles: {main: {description: The key}}
errors:
  envelope: Fault
  code_at: code
  always: [NO_KEY]
  codes: {BAD: 400, NO_KEY: 401, GONE: 404, TAKEN: 409}
  framework: {invalid: BAD, no_key: NO_KEY}
schemas:
  Fault: {required: [code], properties: {code: {type: string}}}
  Box: {required: [id, name], properties: {id: {type: integer}, name: {type: string}}}
  Thing: {required: [id], properties: {id: {type: integer}, meta: {properties: {no: {type: string}}}}}
actions:
  list_boxes:
    title: List boxes
    description: All boxes.
    http: GET /boxes
    effect: read
    output: {200: {type: array, items: {$ref: Box}}}
  make_box:
    title: Make a box
    description: Make one.
    http: POST /boxes
    effect: write
    input:
      name: {type: string, required: true, maxLength: 60}
      colour: {type: string}
    output: {201: {$ref: Box}}
    errors: [BAD, TAKEN]
  read_box:
    title: Read a box
    description: Read one.
    http: GET /boxes/{box_id}
    effect: read
    input: {box_id: {type: integer, refers_to: box}}
    output: {200: {$ref: Box}}
    errors: [GONE]
  drop_box:
    title: Drop a box
    description: Remove one.
    http: DELETE /boxes/{box_id}
    effect: write
    input: {box_id: {type: integer, refers_to: box}}
    output: {204: {}}
    errors: [GONE]
  put_thing:
    title: Put something in a box
    description: Put one.
    http: POST /boxes/{box_id}/things
    effect: write
    input: {box_id: {type: integer, refers_to: box}}
    output: {201: {$ref: Thing}}
    errors: [GONE]
  drop_thing:
    title: Take something out of a box
    description: Remove one.
    http: DELETE /boxes/{box_id}/things/{thing_id}
    effect: write
    input: {box_id: {type: integer, refers_to: box}, thing_id: {type: integer, refers_to: thing}}
    output: {204: {}}
    errors: [GONE]
  drop_all:
    title: Drop boxes
    description: Remove those of a colour.
    http: DELETE /boxes
    effect: write
    input: {colour: {type: string}}
    output: {204: {}}
  confirm:
    title: Confirm a box
    description: Confirm one.
    http: GET /boxes/{box_id}/confirm
    effect: write
    input: {box_id: {type: integer, refers_to: box}}
    output: {200: {$ref: Box}}
surfaces: {rest: {actions: all}}
resources:
  box:
    made_by: {action: make_box, input: {name: =fresh.text}}
    read_by: {action: read_box, input: {box_id: =resource.id}}
    listed_by: {action: list_boxes}
    undone_by: {action: drop_box, input: {box_id: =resource.id}}
    absent: 999999999
    missing: GONE
  thing:
    made_by: {action: put_thing, input: {box_id: =box.id}}
    undone_by: {action: drop_thing, input: {box_id: =box.id, thing_id: =resource.id}}
"""
TAG = "0123456789abcdef"


def boxes(old: str = "", new: str = "") -> Model:
    assert old in BOXES
    return load_text(BOXES.replace(old, new) if old else BOXES, "boxes.yaml")


class Room:
    """A world and its gate, without a server."""

    def __init__(
        self, model: Model | None = None, *, writes: bool = True, allowed: tuple[str, ...] = ()
    ) -> None:
        self.model = model or boxes()
        self.setting = setting_of(self.model, "https://boxes.example")
        self.factory = FixtureFactory(self.setting, TAG, {}, date(2026, 11, 26))
        self.gate = Gate(self.setting, self.factory, writes=writes, allowed=allowed, roles=("main",))

    def objection(self, action: str, values: Mapping[str, Any] | None = None, **changes: Any) -> str:
        endpoint = self.setting.endpoint(action, "rest")
        assert endpoint is not None
        call = Call(endpoint, values or {}, "valid", "a test", **changes)
        return self.gate.objection(call, values or {}, request_of(call, values or {}))

    def answered(
        self,
        action: str,
        values: Mapping[str, Any],
        status: int,
        body: Any,
        number: int = 0,
        note: bool = True,
    ) -> Exchange:
        endpoint = self.setting.endpoint(action, "rest")
        assert endpoint is not None
        call = Call(endpoint, values, "valid", "a test")
        exchange = Exchange(
            number or next(NUMBERS),
            call,
            dict(values),
            request_of(call, values),
            Response(status, (), json_bytes(body)),
            seconds=0.0,
            sent_at=0.0,
            codes=self.model.codes,
            errors=self.model.error_reader,
            limits=self.model.limit_reader,
        )
        if note:
            self.factory.note_exchange(exchange)
            self.factory.note(exchange)
        return exchange

    def box(self, id: int) -> Instance:
        instance = self.factory.pool.find(self.model.resources["box"], id)
        assert instance is not None
        return instance


NUMBERS = iter(range(1, 100_000))


def mark(number: int) -> str:
    return f"pgv-{TAG}-{number}"


def ours(*ids: int) -> Room:
    """A room with boxes that are shown to be ours."""
    return ours_of(boxes(), *ids)


def ours_of(model: Model, *ids: int) -> Room:
    """A room of this catalogue, with boxes that are shown to be ours."""
    room = Room(model)
    for id in ids:
        room.answered("make_box", {"name": mark(id)}, 201, {"id": id, "name": mark(id)})
    for id in ids:
        room.answered("read_box", {"box_id": id}, 200, {"id": id, "name": mark(id)})
    return room


# -- the gate
# --------------------------------------------------------------------------------------------------------


def test_reads_pass_and_a_get_that_writes_is_none():
    room = Room(writes=False)
    assert room.objection("list_boxes") == ""
    assert room.objection("read_box", {"box_id": 7}) == ""
    assert room.objection("confirm", {"box_id": 7}) == NO_WRITES
    stray = Call(None, {}, "framework", "another path", raw=Raw("GET", "/boxes/7/confirm"))
    assert "confirm, which writes" in room.gate.objection(stray, {}, request_of(stray, {}))


def _stray(room: Room, method: str, target: str) -> str:
    """Return the objection to a request that belongs to no action, such as one with odd arguments."""
    call = Call(None, {}, "framework", "another path", raw=Raw(method, target))
    return room.gate.objection(call, {}, request_of(call, {}))


def test_a_head_is_no_read_where_a_get_writes():
    room = Room(writes=True)
    assert "confirm, which writes" in _stray(room, "HEAD", "/boxes/7/confirm?pgv=1")
    for method in ("OPTIONS", "TRACE", "PGV", "POST"):  # some servers run the same code for any method
        assert "only ordinary calls are sent there" in _stray(room, method, "/boxes/7/confirm")
        assert "only ordinary calls are sent there" in _stray(room, method, "//boxes/7/%63onfirm/")
    assert _stray(room, "HEAD", "/boxes/7") == ""


def test_a_read_whose_path_a_writing_template_fits_is_a_read():
    text = BOXES.replace("http: GET /boxes/{box_id}/confirm", "http: GET /{box_id}")
    model = load_text(f"{text}behaviour: {{literal_path: wins}}\n", "boxes.yaml")
    room = Room(model, writes=False)
    assert room.objection("list_boxes") == ""
    assert "confirm, which writes" in _stray(room, "GET", "/crates")
    assert room.objection("confirm", {"box_id": 7}) == NO_WRITES


@pytest.mark.parametrize("path", ["/boxes?pgv=1", "/boxes/", "/boxes?a=1&a=2"])
def test_a_read_that_costs_is_not_called_by_its_path_alone(path: str):
    costly = boxes(
        "    http: GET /boxes\n    effect: read", "    http: GET /boxes\n    effect: read\n    costs: true"
    )
    for room in (Room(costly, writes=False), Room(costly, writes=True)):
        for method in ("GET", "HEAD"):
            assert "list_boxes costs money" in _stray(room, method, path)
    assert _stray(Room(costly, allowed=("list_boxes",)), "GET", path) == ""
    assert _stray(Room(writes=False), "GET", path) == ""


def test_a_key_that_is_no_test_key_writes_nothing_beside_a_main_key_that_is_one():
    model, options = boxes(), Options()
    keys = {"main": "test_1", "second": "live_1", "third": "test_3"}
    assert list_live_roles(model, Identities(keys), options) == {"second"}
    assert list_live_roles(model, Identities(keys), Options(allow_writes=True)) == frozenset()
    room = Room()
    room.gate.live = frozenset(["second"])
    assert "which is not a test key" in room.objection("make_box", {"name": mark(1)}, role="second")
    assert room.objection("make_box", {"name": mark(1)}) == ""
    assert room.objection("list_boxes", role="second") == ""


def test_without_leave_nothing_is_written():
    room = Room(writes=False)
    for action, values in (("make_box", {"name": "a"}), ("drop_box", {"box_id": 7}), ("drop_all", {})):
        assert room.objection(action, values) == NO_WRITES
    broken = Raw(edit=lambda body: body[:-1])
    assert room.objection("make_box", {"name": "a"}, raw=broken) == NO_WRITES


def test_what_was_there_before_is_not_changed():
    room = ours(1, 2)
    room.answered("list_boxes", {}, 200, [{"id": 7, "name": "theirs"}, {"id": 1, "name": mark(1)}])
    assert room.objection("drop_box", {"box_id": 1}) == ""
    assert (
        room.objection("drop_box", {"box_id": 7}) == "drop_box would change a box that this run has not made"
    )
    assert "would name a box" in room.objection("put_thing", {"box_id": 7})
    assert room.objection("put_thing", {"box_id": 1}) == ""


@pytest.mark.parametrize("id", [999_999_999, NOBODYS_NUMBER, f"x{NOBODY}", mark(4)])
def test_an_id_that_nobody_has_may_be_refused(id):
    assert ours(1, 2).objection("drop_box", {"box_id": id}) == ""


@pytest.mark.parametrize("id", [7, 12345, True, "0", "*", "%", "1*", [1], [1, 2], {}])
def test_an_id_that_somebody_may_have_is_not_sent(id):
    assert "not made" in ours(1, 2).objection("drop_box", {"box_id": id})


def test_an_id_that_a_read_has_shown_to_be_missing_is_nobodys():
    room = ours(1, 2)
    assert room.objection("drop_box", {"box_id": 55})
    room.answered("read_box", {"box_id": 55}, 404, {"code": "GONE"})
    assert room.objection("drop_box", {"box_id": 55}) == ""


@pytest.mark.parametrize("id", [None, ""])
def test_a_write_that_names_nothing_is_sent_only_by_name(id):
    assert "--allow drop_box would call it" in ours(1, 2).objection("drop_box", {"box_id": id})
    assert "--allow drop_all would call it" in ours(1, 2).objection("drop_all", {"colour": "red"})
    assert Room(writes=False, allowed=("drop_all",)).objection("drop_all") == ""


def test_methods_that_no_document_lists_are_not_tried():
    room = ours(1, 2)
    assert "is not a method of" in room.objection("make_box", {"name": "a"}, raw=Raw("DELETE"))
    stray = Call(None, {}, "framework", "DELETE on a list", raw=Raw("DELETE", "/boxes"))
    assert "is not an action of the catalogue" in room.gate.objection(stray, {}, request_of(stray, {}))
    invented = Call(None, {}, "framework", "no method", raw=Raw("PGVERIFY", "/boxes"))
    assert room.gate.objection(invented, {}, request_of(invented, {})) == ""


def test_a_target_of_its_own_is_the_actions_but_for_slashes():
    room = ours(1, 2)
    assert room.objection("drop_box", {"box_id": 1}, raw=Raw(target="/boxes//1/")) == ""
    assert (
        room.objection("drop_box", {"box_id": 1}, raw=Raw(target="/boxes/"))
        == "it goes to another path than the action's"
    )


def test_a_put_on_an_unknown_id_may_create_it():
    model = boxes("http: DELETE /boxes/{box_id}\n", "http: PUT /boxes/{box_id}\n")
    assert "may create it" in Room(model).objection("drop_box", {"box_id": NOBODYS_NUMBER})


# -- ours or not
# -----------------------------------------------------------------------------------------------------


def test_one_create_proves_nothing_and_two_with_marks_do():
    room = ours(1)
    assert not room.box(1).ours
    room.answered("make_box", {"name": mark(2)}, 201, {"id": 2, "name": mark(2)})
    assert not room.box(1).ours, "two can be read back, and only one was"
    room.answered("read_box", {"box_id": 2}, 200, {"id": 2, "name": mark(2)})
    assert room.box(1).ours
    assert room.box(2).ours


def test_what_reads_back_as_something_else_disproves_all_that_no_read_has_shown():
    room = ours(1, 2)
    for id in (3, 4):
        room.answered("make_box", {"name": mark(id)}, 201, {"id": id, "name": mark(id)})
    room.answered("read_box", {"box_id": 3}, 200, {"id": 3, "name": "somebody's"})
    assert room.factory.owned.problem(room.model.resources["box"]) == OTHERWISE
    assert [room.box(id).ours for id in (1, 2, 3, 4)] == [True, True, False, False]
    room.answered("read_box", {"box_id": 4}, 200, {"id": 4, "name": mark(4)})
    assert room.box(4).ours


def test_a_mark_of_another_create_shows_nothing_where_one_reads_back_as_something_else():
    room = ours(1, 2)
    for id in (3, 4):
        room.answered("make_box", {"name": mark(id)}, 201, {"id": id, "name": mark(id)})
    room.answered("read_box", {"box_id": 3}, 200, {"id": 3, "name": "somebody's"})
    room.answered("read_box", {"box_id": 4}, 200, {"id": 4, "name": mark(2)})
    assert not room.box(4).ours


@pytest.mark.parametrize("named", [3, 1])
def test_one_id_of_two_creates_disproves_also_what_a_read_has_shown(named):
    room = ours(1, 2)
    room.answered("make_box", {"name": mark(3)}, 201, {"id": 3, "name": mark(3)})
    room.answered("read_box", {"box_id": 3}, 200, {"id": 3, "name": "somebody's"})
    assert room.box(1).ours
    room.answered("make_box", {"name": mark(4)}, 201, {"id": named, "name": mark(4)})
    assert not room.box(2).ours


def test_two_creates_with_one_id_disprove_all():
    room = ours(1, 2)
    room.answered("make_box", {"name": mark(3)}, 201, {"id": 1, "name": mark(1)})
    assert not room.box(1).ours
    assert not room.box(2).ours
    assert room.objection("drop_box", {"box_id": 2}) == say_existed(room.model.resources["box"])


def test_a_create_that_answers_what_a_list_had_disproves_all():
    room = Room()
    room.answered("list_boxes", {}, 200, [{"id": 7, "name": "theirs"}])
    room.answered("make_box", {"name": "theirs"}, 200, {"id": 7, "name": "theirs"})
    assert room.factory.owned.problem(room.model.resources["box"]) == say_existed(room.model.resources["box"])


def test_an_argument_without_a_mark_needs_an_equal_create():
    room = ours(1, 2)
    room.answered("make_box", {"name": mark(3), "colour": "red"}, 201, {"id": 3, "name": mark(3)})
    assert not room.box(3).ours, "the server may know boxes by their colour"
    room.answered("make_box", {"name": mark(4), "colour": "red"}, 201, {"id": 4, "name": mark(4)})
    assert room.box(3).ours
    assert room.box(4).ours


def test_an_answer_with_anothers_text_is_not_ours():
    room = ours(1, 2)
    room.answered("make_box", {"name": mark(3)}, 201, {"id": 3, "name": "somebody's"})
    assert not room.box(3).ours


def test_an_equal_create_that_is_refused_shows_that_there_was_none():
    room = ours(1, 2)
    room.answered("make_box", {"name": "plain"}, 201, {"id": 3, "name": "plain"})
    assert not room.box(3).ours
    room.factory.owned.note_refused_repeat(room.box(3), room.factory.pool.instances)
    assert room.box(3).ours


INSIDE = (
    "      colour: {type: string}",
    "      inside: {type: integer, refers_to: box}\n      colour: {type: string}",
)


@pytest.mark.parametrize(
    ("inside", "status", "shown"),
    [({}, 422, True), ({}, 409, True), ({"inside": 1}, 422, False), ({"inside": 1}, 409, True)],
)
def test_a_create_that_lacks_an_argument_shows_nothing_if_it_is_refused_for_the_lack(
    inside: Mapping[str, int], status: int, shown: bool
):
    """The equal create leaves out what refers to a box of ours, and is made whole where that is demanded."""
    room = ours_of(boxes(*INSIDE), 1, 2)
    given = {"name": "plain", **inside}
    maker = room.answered("make_box", given, 201, {"id": 3, "name": "plain"})
    room.box(3).maker = maker

    asked: list[dict[str, Any]] = []

    def refuse(equal: Call) -> Exchange:
        asked.append(dict(equal.input))
        if len(asked) > 1:
            return room.answered("make_box", equal.input, 503, {"code": "LATER"}, note=False)
        return room.answered("make_box", equal.input, status, {"code": "TAKEN"}, note=False)

    with answering(refuse):
        room.factory.proof._equal_create(room.box(3))
    assert room.box(3).ours is shown
    assert asked == [{"name": "plain"}, *([] if shown else [given])]


def test_a_removal_that_failed_makes_a_plain_id_doubtful():
    room = ours(1, 2)
    room.answered("drop_box", {"box_id": 1}, 500, {})
    assert room.box(1).doubtful
    room.answered("drop_box", {"box_id": 2}, 204, None)
    assert room.box(2).gone


def test_what_lives_in_something_goes_with_it():
    room = ours(1, 2)
    room.answered("put_thing", {"box_id": 1}, 201, {"id": 9})
    inside = room.factory.pool.find(room.model.resources["thing"], 9)
    assert inside is not None
    assert inside.parent is room.box(1)
    room.answered("drop_box", {"box_id": 1}, 204, None)
    assert inside.gone


# -- marks
# -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "pattern"),
    [
        ("text", rf"pgv-{TAG}-\d+"),
        ("slug", rf"pgv-{TAG}-\d+"),
        ("email", rf"pgv-{TAG}-\d+@example\.com"),
        ("url", rf"https://pgv-{TAG}-\d+\.example/"),
        ("uuid", r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"),
        ("int", r"\d+"),
    ],
)
def test_fresh_values_are_new_and_known_again(kind, pattern):
    marks = Marks(TAG)
    values = [marks.fresh(kind, lambda _: True) for _ in range(20)]
    assert len(set(values)) == 20
    assert all(re.fullmatch(pattern, str(value)) and marks.is_marked(value) for value in values)


def test_fresh_values_fit_their_schema_or_are_none():
    marks = Marks(TAG)
    assert len(marks.fresh("text", lambda v: len(v) <= 16)) <= 16
    assert marks.fresh("int", lambda v: v < 10_000) < 10_000
    assert marks.fresh("text", lambda _: False) is None


# -- the language
# ----------------------------------------------------------------------------------------------------


def test_a_child_lives_in_what_the_path_of_its_create_names():
    assert boxes().resources["thing"].within == "box"


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("absent: 999999999", "absent: {id: 1}", "the id is one member, `id`, so `absent` is one value"),
        (
            "absent: 999999999",
            "id: [id, name]\n    absent: 1",
            "the id is id and name, so `absent` needs a value for each",
        ),
        (
            "absent: 999999999",
            "id: [id, name]",
            "the id of `box` is id and name: it is not said which of them this is",
        ),
        ("absent: 999999999", "within: box", "`box` would live in itself"),
        ("absent: 999999999", "within: crate", "`crate` is not a resource of this catalogue"),
        ("=fresh.text", "=fresh.txt", "`fresh.txt` is not a kind of fresh value"),
        ("refers_to: thing}", "refers_to: thing.no}", "`no` is not a member of the id of `thing`"),
        ("absent: 999999999", "gone_when: resource.", "the expression does not compile"),
    ],
)
def test_what_contradicts_itself_is_said_at_its_line(old, new, said):
    with pytest.raises(InputError) as refused:
        boxes(old, new)
    assert any(said in str(d.message) for d in refused.value.diagnostics), [
        d.message for d in refused.value.diagnostics
    ]


def test_the_id_may_stand_deeper_and_have_several_members():
    deeper = BOXES.replace("name: {type: string}}}\n", "name: {type: string}, meta: {type: object}}}\n", 1)
    assert deeper != BOXES
    deeper = deeper.replace("    absent: 999999999\n", "    id: meta.no\n", 1)
    resource = load_text(deeper, "boxes.yaml").resources["box"]
    assert resource.id_of({"meta": {"no": "a"}}) == "a"
    assert resource.id_of({"meta": None}) is None
    pair = boxes(
        "refers_to: box}}\n    output: {201: {$ref: Thing}}",
        "refers_to: box}}\n    output: {201: {$ref: Thing}}",
    ).resources["thing"]
    assert pair.id_of({"id": True}) is None
    assert pair.id_of({"id": 0}) == 0


def test_what_an_action_changes_follows_from_the_catalogue():
    model = boxes()
    setting = setting_of(model)
    names = {str(a.name): target_of(setting, a) for a in model.actions if a.effect == "write"}
    assert {n: t.resource.name if t else None for n, t in names.items()} == {
        "make_box": None,
        "drop_box": "box",
        "put_thing": None,
        "drop_thing": "thing",
        "drop_all": None,
        "confirm": "box",
    }


def test_allow_names_an_action_that_exists(tmp_path, capsys):
    file = tmp_path / "boxes.yaml"
    file.write_text(BOXES)
    assert main(["verify", str(file), "--url", "http://127.0.0.1:1", "--plan", "--allow", "drop_al"]) == 2
    assert "--allow drop_al: there is no such action" in capsys.readouterr().err


@pytest.mark.parametrize("action", ["notes_create_note", "notes.createNote", "POST /notes"])
def test_allow_names_an_argument_by_what_names_its_action(action: str) -> None:
    document = notes()
    document["paths"]["/notes"]["post"]["operationId"] = "notes.createNote"
    model = over(document=document)
    assert actions(model, (f"{action}.title",)) == ("notes_create_note.title",)
    with pytest.raises(PgagentsError) as raised:
        actions(model, (f"{action}.titel",))
    assert raised.value.message == f"--allow {action}.titel: notes_create_note has no such argument"
    assert raised.value.help == "did you mean `title`?"
