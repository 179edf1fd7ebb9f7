"""Other names of the same kinds as in `test_lenient_servers.py`, on servers that do what each name says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from harm.loopback import loopback
from harm.test_harm_module import run_module
from harm.test_lenient_servers import NUMBER, OTHERS, Notes, Schema, document, model_of, run
from pgagents.base.http import Request, Response
from pgagents.catalogue.harmless.arguments import Harmless
from pgagents.catalogue.harmless.ids import list_numbers

FLAG: Schema = {"type": "boolean"}
TEXT: Schema = {"type": "string", "minLength": 1, "maxLength": 60}


def choice(*values: Any) -> Schema:
    return {"type": "string", "enum": list(values)}


def inside(name: str, schema: Schema, *, required: bool = False) -> Schema:
    more = {"required": [name]} if required else {}
    return {"type": "object", "properties": {name: schema}, **more}


def deep(schema: Schema, depth: int) -> Schema:
    return inside("inner", deep(schema, depth - 1)) if depth else schema


OPTIONS: dict[str, Schema] = {
    "mode": choice("append", "replace"),
    "on_conflict": choice("fail", "overwrite"),
    "onDuplicate": choice("keep", "remove-older"),
    "strategy": choice("one", "all"),
    "scope": choice("mine", "all"),
    "behaviour": choice("safe", "clean-slate"),
    "keep_last": {"type": "integer", "minimum": 1, "maximum": 9},
    "older_than_days": {"type": "integer", "minimum": 1},
    "max_age": {"type": "number", "minimum": 0},
    "renumber": FLAG,
    "takeover": FLAG,
    "with_history": FLAG,
    "make_current": FLAG,
    "exclusive": FLAG,
    "tidy": {"type": ["boolean", "null"]},
    "options": inside("purge", FLAG, required=True),
    "settings": inside("retention", inside("limit", {"type": "integer", "minimum": 1})),
    "steps": {"type": "array", "items": inside("wipe_first", FLAG, required=True)},
    "far": deep(inside("replace_all", FLAG), 9),
    "replace_everything": {"type": "boolean", "example": True},
    "flags": {"type": "object", "additionalProperties": FLAG},
    "until": {"type": "string", "format": "date-time"},
    "before": {"type": "string", "format": "date"},
    "selector": {"type": "string"},
    "where_clause": {"type": "string", "maxLength": 40},
    "filter": {"type": "object"},
    "force": {"type": "string"},
    "purge_the_rest": FLAG,
    "delete_all": {"type": ["string", "null"], "maxLength": 5},
    "combine": {"anyOf": [{"const": "append"}, {"const": "replace"}, {"type": "null"}]},
    "everything": {"const": "all"},
}
REFERENCES: dict[str, Schema] = {
    "source": NUMBER,
    "moved_from": NUMBER,
    "swap_with": NUMBER,
    "previousNote": NUMBER,
    "copy_of": NUMBER,
    "predecessors": {"type": "array", "items": NUMBER},
    "linked_notes": {"type": "array", "items": {"anyOf": [NUMBER, {"type": "null"}]}},
    "note_uuid": {"type": "string", "example": "7"},
    "root_ref": {"type": "string", "default": "/notes/7"},
    "link": {"type": "string", "format": "uri-reference", "example": "/notes/7"},
    "self_url": {"type": "string", "example": "http://127.0.0.1/notes/7"},
    "positions": {"type": "object", "additionalProperties": {"type": "integer"}},
    "by_note": {
        "type": "object",
        "additionalProperties": inside("weight", {"type": "number"}),
        "example": {"7": {}},
    },
    "relation": inside("target", inside("id", NUMBER, required=True), required=True),
    "edges": {"type": "array", "items": inside("to", NUMBER, required=True)},
    "chain": deep(inside("note_id", NUMBER), 10),
    "owner": {"type": "integer", "example": 7},
    "ids_csv": {"type": "string"},
    "tree": {"$ref": "#/components/schemas/Tree"},
}
TREE = {
    "type": "object",
    "properties": {"note_id": NUMBER, "below": {"$ref": "#/components/schemas/Tree"}},
}


SELECTING = ("until", "before", "selector", "where_clause", "filter", "force", "delete_all")
"""Options any text of which chooses rows, or is true."""
SAID = ("replace", "overwrite", "remove-older", "all", "clean-slate", "true", "True", "1")
"""Texts that a server takes for a choice with reach."""


class Doing(Notes):
    """Any flag, choice or number beside `text` empties the table; any number, key or path that reads as a low
    one removes that row.
    """

    def reach(self, given: dict[str, Any]) -> None:
        for name, value in given.items():
            if name != "text" and (name not in ("link", "self_url") or "/" in str(value)):
                self.follow(name in SELECTING or value, option=name in OPTIONS)

    def follow(self, value: Any, *, option: bool) -> None:
        if isinstance(value, dict):
            for key, inner in value.items():
                self.follow(key if not option else None, option=False)
                self.follow(inner, option=option)
        elif isinstance(value, list):
            for item in value:
                self.follow(item, option=option)
        elif option and (value in SAID if isinstance(value, str) else bool(value)):
            self.notes = {n: note for n, note in self.notes.items() if n > OTHERS}
        elif value is not None:
            last = str(value).rstrip("/").rpartition("/")[2]
            for number in list_numbers(value) | list_numbers(last):
                if number <= OTHERS:
                    self.notes.pop(number, None)


def described(more: dict[str, Schema], where: str) -> Schema:
    made = document(more if where == "body" else {}, more if where == "query" else {})
    made["components"] = {"schemas": {"Tree": TREE}}
    if where == "header":
        at = made["paths"]["/notes"]["post"]["parameters"]
        at += [
            {"name": f"X-{name.replace('_', '-')}", "in": "header", "schema": s} for name, s in more.items()
        ]
    return made


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("more", [OPTIONS, REFERENCES], ids=["options", "references"])
def test_no_name_of_a_body_reaches_others(more: dict[str, Schema], seed: int) -> None:
    server = Doing()
    run(model_of(described(more, "body")), server, seed)
    assert server.bodies
    assert not server.changed(), server.bodies[-1]


@pytest.mark.parametrize(
    "name", ["mode", "keep_last", "renumber", "source", "predecessors", "note_uuid", "self_url"]
)
@pytest.mark.parametrize("required", [False, True])
def test_no_name_of_a_query_reaches_others(name: str, required: bool) -> None:
    made = described({name: {**OPTIONS, **REFERENCES}[name]}, "query")
    for option in made["paths"]["/notes"]["post"]["parameters"]:
        option["required"] = required
    server = Doing()
    run(model_of(made), server, 0)
    assert (name == "renumber" and required) or not server.changed()  # it cannot be left out


class Heard(Notes):
    """Keeps the headers of writes."""

    def __call__(self, request: Request) -> Response:
        if request.method == "POST":
            self.heard = getattr(self, "heard", []) + [name.lower() for name, _ in request.headers]
        return super().__call__(request)


def test_no_header_reaches_others() -> None:
    names = {n: OPTIONS[n] for n in ("mode", "keep_last", "renumber", "on_conflict")}
    server = Heard()
    run(model_of(described(names, "header")), server, 0)
    assert server.heard
    assert not {name for name in server.heard if name.startswith("x-")} & {
        f"x-{n.replace('_', '-')}" for n in names
    }


@pytest.mark.parametrize("more", [OPTIONS, REFERENCES], ids=["options", "references"])
def test_the_generated_module_reaches_no_others(more: dict[str, Schema], tmp_path: Path) -> None:
    server = Doing()
    with loopback(server) as url:
        run_module(model_of(described(more, "body")), tmp_path / "out", url, PGAGENTS_ALLOW_WRITES="1")
    assert server.bodies
    assert not server.changed()


def moving() -> Schema:
    """The document of notes that can be joined and put behind others."""
    made = document({}, {})
    for name, member, schema in (
        ("absorb", "ids", {"type": "array", "items": NUMBER}),
        ("put", "after_id", NUMBER),
    ):
        body = {
            "type": "object",
            "required": [member, "amount"],
            "properties": {member: schema, "amount": NUMBER},
        }
        made["paths"][f"/notes/{{id}}/{name}"] = {
            "post": {
                "operationId": f"{name}_note",
                "parameters": made["paths"]["/notes/{id}"]["patch"]["parameters"],
                "requestBody": {"required": True, "content": {"application/json": {"schema": body}}},
                "responses": made["paths"]["/notes/{id}"]["patch"]["responses"],
            }
        }
    return made


class Moving(Notes):
    """Notes whose other calls name notes by their numbers."""

    def answer(self, method: str, path: str, body: Any, given: dict[str, Any]) -> tuple[int, Any]:
        head, _, last = path.rpartition("/")
        if last not in ("absorb", "put"):
            return super().answer(method, path, body, given)
        named = given.get("ids", given.get("after_id"))
        for number in named if isinstance(named, list) else [named]:
            if isinstance(number, int):
                self.named = [*getattr(self, "named", []), number]
        status, note = super().answer("GET", head, None, {})
        return (
            (status, note) if isinstance(named, int if last == "put" else list) else (400, {"error": "bad"})
        )


@pytest.mark.parametrize("name", ["email", "archive_reason", "broadcast_message", "copy"])
def test_a_text_that_only_holds_a_word_with_reach_is_sent(name: str) -> None:
    model = model_of(document({name: TEXT}, {}))
    action = next(a for a in model.actions if a.name == "create_note")
    assert not Harmless(model).list_withheld(action)


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        *(
            (name, False)
            for name in ("position", "sort_rank", "order", "order_column", "displayOrder", "sequence")
        ),
        ("stars", True),
    ],
)
def test_a_number_that_takes_the_place_of_another_row_is_not_sent(name: str, sent: bool) -> None:
    """A list in order moves the others, although a row shows its own place (`acts_as_list`)."""
    made = document({name: {"type": ["integer", "null"], "default": 0}}, {})
    shown = {"type": "object", "properties": {"id": NUMBER, "text": TEXT, name: {"type": "integer"}}}
    for path, method, status in (("/notes", "post", "201"), ("/notes/{id}", "patch", "200")):
        made["paths"][path][method]["responses"][status]["content"]["application/json"]["schema"] = shown
    model = model_of(made)
    action = next(a for a in model.actions if a.name == "patch_note")
    held = Harmless(model).list_withheld(action)
    assert [one.label for one in held] == ([] if sent else [name])
    assert all(one.takes(0, ()) and not one.takes(7, ()) for one in held)


@pytest.mark.parametrize("far", ["replace", "mirror", "full_sync", "evict-oldest", "from scratch"])
def test_choices_of_a_needed_argument_are_sent_unless_they_have_reach(far: str) -> None:
    """Alternatives with one value each are choices."""
    made = document({"combine": {"oneOf": [{"const": "append"}, {"const": far}]}}, {})
    content = made["paths"]["/notes"]["post"]["requestBody"]["content"]["application/json"]
    content["schema"]["required"] = ["text", "combine"]
    model = model_of(made)
    action = next(a for a in model.actions if a.name == "create_note")
    (held,) = Harmless(model).list_withheld(action)
    assert held.takes("append", ())
    assert not held.takes(far, ())


def test_a_reference_to_the_only_resource_takes_an_id_of_the_runs_own() -> None:
    server = Moving()
    run(model_of(moving()), server, 0)
    assert any(number > OTHERS for number in server.named)
    assert not [number for number in server.named if 0 < number <= OTHERS]
    sent = [body["amount"] for body in server.bodies if "amount" in body and "after_id" in body]
    assert 1 in sent, "a sum is not a reference"


@pytest.mark.parametrize(
    ("allow", "lifted"), [("create_note.options", "options"), ("create_note.steps", "steps")]
)
def test_allow_of_an_argument_lifts_its_members(allow: str, lifted: str) -> None:
    server = Notes()
    run(
        model_of(described({n: OPTIONS[n] for n in ("options", "steps")}, "body")),
        server,
        0,
        allow=(allow,),
    )
    sent = {
        name
        for body in server.bodies
        for name, value in body.items()
        if isinstance(value, dict | list) and value
    }
    assert sent & {"options", "steps"} == {lifted}


def test_an_example_explains_an_option_unless_its_name_has_reach() -> None:
    shown = {"type": "boolean", "examples": [True]}
    model = model_of(document({"compact": shown, "replace_all": shown, "is_admin": shown}, {}))
    action = next(a for a in model.actions if a.name == "create_note")
    held = {one.label: one for one in Harmless(model).list_withheld(action)}
    assert {name: one.takes(True, ()) for name, one in held.items()} == {
        "compact": True, "replace_all": False, "is_admin": False,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("value", "own", "taken"),
    [
        (21, [("note", 21)], True),
        (21, [("user", 21)], False),
        ("user-of-this-run", [("user", "user-of-this-run")], True),
        ("/notes/21", [("note", 21)], False),
        ([21, 7], [("note", 21)], False),
        (True, [("note", 1)], False),
        (None, [], True),
    ],
)
def test_an_id_of_another_kind_is_not_the_runs_own(
    value: Any, own: list[tuple[str, Any]], taken: bool
) -> None:
    model = model_of(document({"parent_id": NUMBER}, {}))
    action = next(a for a in model.actions if a.name == "create_note")
    (one,) = Harmless(model).list_withheld(action)
    assert one.takes(value, own) is taken


@pytest.mark.parametrize(
    ("schema", "is_reference"),
    [
        ({"type": "integer", "minimum": 1}, False),
        ({"type": "array", "items": {"type": "integer"}}, True),
        ({"type": "string"}, True),
    ],
)
def test_a_number_under_a_noun_in_the_plural_counts_things(schema: Schema, is_reference: bool) -> None:
    model = model_of(document({"notes": schema}, {}))
    action = next(a for a in model.actions if a.name == "create_note")
    held = [one.kind for one in Harmless(model).list_withheld(action) if one.label == "notes"]
    assert ("reference" in held) is is_reference


@pytest.mark.parametrize(("answer", "is_reference"), [(choice("on", "off"), False), (None, True)])
def test_a_step_whose_read_answers_that_value_is_no_noun(answer: Schema | None, is_reference: bool) -> None:
    """`GET /recordings/status` of WireMock 3.13.2 withheld the status of each response, 2026-11-28."""
    made = document({"status": NUMBER}, {})
    shown = {"type": "object", "properties": {} if answer is None else {"status": answer}}
    content = {"application/json": {"schema": shown}}
    read = {"operationId": "get_status", "responses": {"200": {"description": "It", "content": content}}}
    made["paths"]["/notes/status"] = {"get": read}
    model = model_of(made)
    action = next(a for a in model.actions if a.name == "create_note")
    held = [one.kind for one in Harmless(model).list_withheld(action) if one.label == "status"]
    assert ("reference" in held) is is_reference


def test_no_choice_that_gives_every_right_is_sent() -> None:
    made = document({"grants": choice("none", "all")}, {})
    content = made["paths"]["/notes"]["post"]["requestBody"]["content"]["application/json"]
    content["schema"]["required"] = ["text", "grants"]
    model = model_of(made)
    action = next(a for a in model.actions if a.name == "create_note")
    held = {one.label: one for one in Harmless(model).list_withheld(action)}
    assert held["grants"].takes("none", ())
    assert not held["grants"].takes("all", ())


@pytest.mark.parametrize("name", ["path", "rootDir", "folder", "key_prefix"])
@pytest.mark.parametrize(
    ("value", "sent"), [("", False), ("/", False), ("../", False), ("x", True), ("pgv-0f3a", True)]
)
def test_a_place_in_a_tree_is_not_above_what_others_have(name: str, value: str, sent: bool) -> None:
    """With a folder whose path is empty, an app removed the 300 that others had."""
    model = model_of(document({name: TEXT, "title": TEXT}, {}))
    action = next(a for a in model.actions if a.name == "create_note")
    found = Harmless(model).find_reaching(action, {"text": "", name: value, "title": value})
    assert [one.label for one in found] == ([] if sent else [name])


@pytest.mark.parametrize(
    ("noun", "word"),
    [
        ("purge", "purge"),
        ("bulk_delete", "delete"),
        ("cleanup-job", "cleanup"),
        ("data_erasure", "erasure"),
        ("merge_request", ""),
        ("restore_point", ""),
        ("export", ""),
    ],
)
def test_a_create_whose_noun_is_a_deed_is_not_called(noun: str, word: str) -> None:
    """`POST /purges` made its record, and emptied the notes."""
    made = document({}, {})
    text = json.dumps(made["paths"]).replace("/notes", f"/{noun}s").replace("note", noun.replace("-", "_"))
    model = model_of({**made, "paths": {**json.loads(text), **made["paths"]}})
    says = {str(action.path): Harmless(model).say_action(action) for action in model.actions}
    said = f"its path says `{word}`" if word else ""
    creates = (action for action in model.actions if action.method == "POST")
    assert {says[str(action.path)] for action in creates if noun in str(action.path)} == {said}
    assert {says[path] for path in says if "notes" in path} == {""}


@pytest.mark.parametrize(
    ("noun", "name", "sent"),
    [
        ("job", "kind", ["report", "index"]),
        ("command", "what", ["report", "index"]),
        ("export_task", "kind", ["report", "index"]),
        ("note", "command", ["report", "index"]),
        ("note", "kind", ["report", "index", "purge_all", "drain"]),
        ("job", "job_type", ["report", "index"]),
        ("job", "employment_type", ["report", "index", "purge_all", "drain"]),
    ],
)
def test_a_choice_that_is_done_at_once_is_not_explained_by_what_answers_show(
    noun: str, name: str, sent: list[str]
) -> None:
    """`POST /jobs` with a `kind` that each job shows emptied the notes by the choice `expire_sessions`."""
    choices, text = choice("report", "index", "purge_all", "drain"), json.dumps
    made = document({name: choices}, {})
    for at, method, status in (("/notes", "post", "201"), ("/notes/{id}", "get", "200")):
        content = made["paths"][at][method]["responses"][status]["content"]["application/json"]
        content["schema"] = {
            **content["schema"],
            "properties": {**content["schema"]["properties"], name: choices},
        }
    body = made["paths"]["/notes"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    body["required"] = ["text", name]
    paths = json.loads(text(made["paths"]).replace("note", noun))
    model = model_of({**made, "paths": paths})
    action = next(a for a in model.actions if a.method == "POST")
    values = ({"text": "", name: value} for value in choices["enum"])
    taken = [one[name] for one in values if not Harmless(model).find_reaching(action, one)]
    assert taken == sent


@pytest.mark.parametrize(
    ("step", "word"),
    [
        ("apply-to-all", "all"),
        ("archive_rest", "rest"),
        ("evict-older", "older"),
        ("makeFirst", "first"),
        ("take-over", "takeover"),
        ("set-globally", "globally"),
        ("rest", ""),
        ("all", ""),
        ("send", ""),
        ("complete-all", ""),
    ],
)
def test_a_step_that_means_others_is_not_called(step: str, word: str) -> None:
    made = document({}, {})
    at = {"name": "id", "in": "path", "required": True, "schema": {"type": "integer"}}
    said = {"200": {"description": "Done"}}
    made["paths"][f"/notes/{{id}}/{step}"] = {
        "post": {"operationId": "act", "parameters": [at], "responses": said}
    }
    model = model_of(made)
    action = next(a for a in model.actions if a.name == "act")
    assert Harmless(model).say_action(action) == (f"its path says `{word}`" if word else "")


@pytest.mark.parametrize(
    ("noun", "name", "needed", "sent"),
    [
        ("retention_policy", "days", False, False),
        ("retention_policy", "days", True, False),
        ("lifecycle_rule", "max_count", False, False),
        ("retention_policy", "label", False, True),
        ("delivery_policy", "days", False, True),
    ],
)
def test_no_number_of_a_rule_of_retention_is_sent(noun: str, name: str, needed: bool, sent: bool) -> None:
    """A policy that was stored with `days: 8` removed eight notes at once."""
    schema: Schema = (
        {"type": "string"} if name == "label" else {"type": "integer", "minimum": 1, "example": 30}
    )
    made = document({name: schema}, {})
    body = made["paths"]["/notes"]["post"]["requestBody"]["content"]["application/json"]["schema"]
    body["required"] = ["text", name] if needed else ["text"]
    for at, method, status in (("/notes", "post", "201"), ("/notes/{id}", "get", "200")):
        answer = made["paths"][at][method]["responses"][status]["content"]["application/json"]
        shown = answer["schema"]["properties"]
        answer["schema"] = {**answer["schema"], "properties": {**shown, name: schema}}
    paths = (
        json.dumps(made["paths"])
        .replace("/notes", f"/{noun.replace('policy', 'policie')}s")
        .replace("note", noun)
    )
    model = model_of({**made, "paths": json.loads(paths)})
    action = next(a for a in model.actions if a.method == "POST")
    held = Harmless(model).find_reaching(action, {"text": "", name: 30 if name != "label" else "x"})
    assert [one.label for one in held] == ([] if sent else [name])
