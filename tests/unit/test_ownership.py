"""At most five instances are made where no removal has succeeded, those under way included.

No probe reads an instance as its own that another one removed.
"""

from __future__ import annotations

from itertools import takewhile
from types import SimpleNamespace
from typing import Any, cast

import pytest

from pgagents.verify.fixtures.instance import Instance
from pgagents.verify.fixtures.marks import Marks
from pgagents.verify.fixtures.ownership import MOST_LASTING, Ownership
from pgagents.verify.fixtures.pool import FixturePool
from pgagents.verify.fixtures.proof import Proof
from pgagents.verify.setting import setting_of
from pgagents.verify.wire.asking import answering
from pgagents.verify.wire.call import Call, InstanceRef
from small_api import URL, with_resource

MODEL = with_resource()
NOTE = MODEL.resources["note"]


def sending(creates: int) -> Ownership:
    """Return the evidence of a run with so many creates under way, that which is asked about included."""
    owned = Ownership(setting_of(MODEL, URL), Marks("0123456789abcdef"))
    for _ in range(creates):
        owned.note_sent(NOTE, 1)
    return owned


@pytest.mark.parametrize("removable", [True, False])
def test_five_are_made_and_no_sixth(removable: bool) -> None:
    assert sending(MOST_LASTING).limit(NOTE, removable=removable, wrong="") == ""
    refused = sending(MOST_LASTING + 1).limit(NOTE, removable=removable, wrong="")
    assert refused.startswith("at most 5 × note are made")


@pytest.mark.parametrize("authored", [True, False])
def test_what_a_workflow_makes_leaves_the_number_to_the_others(authored: bool) -> None:
    owned = sending(1)
    maker = cast("Any", SimpleNamespace(call=SimpleNamespace(authored=authored)))
    for number in range(MOST_LASTING + 1):
        id = f"n-{number}"
        note = Instance(NOTE, id, {"id": id}, "main", made=True, state=None, maker=maker)
        owned.note_create(note, number, {"text": id}, {"text": id}, "", [])
    assert (owned.limit(NOTE, removable=False, wrong="") == "") is authored


def test_a_removal_or_test_data_lifts_the_number() -> None:
    owned = sending(MOST_LASTING + 1)
    owned.note_removed(NOTE)
    assert owned.limit(NOTE, removable=True, wrong="") == ""
    owned = sending(MOST_LASTING + 1)
    owned.test_data = True
    assert owned.limit(NOTE, removable=True, wrong="") == ""


def test_a_create_that_a_right_server_refuses_is_not_counted() -> None:
    assert sending(MOST_LASTING + 1).limit(NOTE, removable=True, wrong="invalid") == ""


@pytest.mark.parametrize("way", ["removed", "held", "free"])
def test_what_another_probe_takes_while_instances_are_read_back_is_not_read(way: str) -> None:
    """It was read, and its 404 was odd, where several probes ran at the same time."""
    setting = setting_of(MODEL, URL)
    pool = FixturePool(MODEL.resources)
    first, second = (
        Instance(NOTE, id, {"id": id, "text": "x"}, "main", made=True, state=None) for id in "ab"
    )
    for number, instance in ((1, first), (2, second)):
        pool.instances.append(instance)
        pool.holder = number
        pool.note_use(instance)
    pool.holder = 1
    owned = Ownership(setting, Marks("0123456789abcdef"))
    factory: Any = SimpleNamespace(setting=setting, pool=pool, owned=owned, model=MODEL)
    asked: list[Any] = []

    def answer(step: Any) -> None:
        asked.append(step)
        second.gone, second.held = way == "removed", 2 if way == "held" else 0

    with answering(answer):
        Proof(factory)._read_back(first)
    first_round = takewhile(lambda step: isinstance(step, Call), asked)  # it waits before it reads again
    read = [step.made for step in first_round]
    assert read == ([first.body, second.body] if way == "free" else [first.body])
    assert (1 in second.users) is (way == "free")


def test_equal_create_is_about_another_instance_than_that_of_which_a_workflow_counts_the_parts() -> None:
    param = SimpleNamespace(refers_to="customer", refers_member="")
    endpoint = SimpleNamespace(
        action=SimpleNamespace(param=lambda name: param if name == "customer" else None)
    )
    steps = [SimpleNamespace(authored=authored, endpoint=endpoint, role="main") for authored in (True, False)]
    instances = [
        SimpleNamespace(id=id, resource=SimpleNamespace(name="customer"), maker=SimpleNamespace(call=call))
        for id, call in zip(("theirs", "ours"), steps, strict=True)
    ]
    pool = SimpleNamespace(find=lambda _, key: {one.id: one for one in instances}.get(key))
    resources = SimpleNamespace(resources={"customer": instances[0].resource})
    proof = Proof(cast(Any, SimpleNamespace(pool=pool, model=resources)))
    step, probe = (cast(Call, one) for one in steps)
    given = {"customer": "theirs", "amount": "theirs"}
    assert [(name, one.id) for name, one in proof._list_counted(step, given)] == [("customer", "theirs")]
    assert not proof._list_counted(step, {"customer": "ours"})
    assert not proof._list_counted(probe, given)


@pytest.mark.parametrize("role", ["main", "second"])
def test_equal_create_of_a_workflow_is_made_in_the_project_of_the_role_that_made_the_first(role: str) -> None:
    """With the other project's parent it was refused, and no instance of its kind was changed any more."""
    param = SimpleNamespace(refers_to="customer", refers_member="", required=True)
    action = SimpleNamespace(param=lambda name: {"customer": param}.get(name), idempotency=None)
    call = SimpleNamespace(
        authored=True, endpoint=SimpleNamespace(action=action, surface="rest"), role=role, owner="main",
        intent="explore", raw=SimpleNamespace(secret=""), surface="rest",
    )  # fmt: skip
    made = SimpleNamespace(resource=NOTE, made_with=frozenset(("kind",)), role=role)
    given = {"customer": "c1", "kind": "oak"}
    made.maker = SimpleNamespace(call=call, input=given, sent=given)
    customer = SimpleNamespace(name="customer")
    parent = SimpleNamespace(id="c1", resource=customer, maker=made.maker, ours=True, role=role)
    owned = SimpleNamespace(
        wants_equal=lambda _: True, kind_name=lambda _: "note", note_parent=lambda *_: None
    )
    marks = SimpleNamespace(renew=lambda value: value, is_marked=lambda _: False)
    pool = SimpleNamespace(instances=[parent], find=lambda _, key: parent if key == "c1" else None)
    known = SimpleNamespace(webhooks=None, resources={"customer": customer})
    factory = SimpleNamespace(owned=owned, marks=marks, model=known, pool=pool)
    asked: list[Call] = []

    def answer(step: Call) -> Any:
        asked.append(step)
        return SimpleNamespace(code=None, status=404, success=False)

    with answering(answer):
        Proof(cast(Any, factory))._equal_create(cast(Any, made))
    assert asked[0].owner == role
    assert asked[0].input == {"customer": InstanceRef("customer", role=role), "kind": "oak"}


def test_a_number_that_is_written_otherwise_is_no_other_argument() -> None:
    """A create with 300.0 and its equal one with 300 proved nothing, and the row was not changed."""
    owned = Ownership(setting_of(MODEL, URL), Marks("0123456789abcdef"))
    for number, size in enumerate((300.0, 300)):
        id = f"n-{number}"
        note = Instance(NOTE, id, {"id": id}, "main", made=True, state=None)
        owned.note_create(note, number, {"size": size}, {"size": size}, "", [])
    assert not owned.wants_equal(note)
