"""The cases of these tests: a server, the catalogue that describes it, and what a run can show on it."""

from __future__ import annotations

from dataclasses import dataclass

ANSWERS_OLDER = "create returns something that existed before"
"""Why nothing is tested where a create answers what is there already."""

ANOTHER = "another one that got its id"
"""Why nothing shows that a removed instance is gone where its id is in use again."""


@dataclass(frozen=True)
class Case:
    """`catalogue` is the file's stem (default: the server's); `edits` change its text; `imported` makes it
    from an OpenAPI document.
    """

    server: str
    catalogue: str = ""
    edits: tuple[tuple[str, str], ...] = ()
    imported: bool = False
    green: bool | None = True
    """True if everything can be shown, so that the run exits with 0; None: that depends on chance."""
    reason: str = ""
    """A reason that some contract must be untested for."""
    broken: bool = False
    """True if the server breaks a promise, so that a finding is right."""
    alone: bool = True
    """False if others write to the server as well, so that its address is not one of this machine."""
    posts_read: frozenset[str] = frozenset()
    """Paths of POSTs that the catalogue calls reads."""


FILTER = frozenset({"/flows/filter"})
SLUG = "{name: =fresh.slug}"
TEXT = "{title: =fresh.text}"

AN_ID = "description: The item's id}"
TWIN = """\
  twin:
    made_by: {action: put_item, input: {item_id: =fresh.slug, title: Twin}, at: response.item}
    read_by: {action: get_item, input: {item_id: =resource.id}, at: response.item}
    undone_by: {action: remove_item, input: {item_id: =resource.id}}
"""
"""A second kind of thing that the same call makes."""

WHOLE_ANSWER = "201: {description: The item was added, required: [item], properties: {item: {$ref: Item}}}"
WHOLE_EXAMPLE = "{input: {title: Red kettle}, output: {item: {id: it-07919, title: Red kettle}}}"
MADE_BY = "made_by: {action: add_item, input: {title: =fresh.text}, at: response.item}"


def answers_alone(member: str, schema: str, value: str, made_by: str) -> tuple[tuple[str, str], ...]:
    """Edits of items.yaml by which a create answers one member alone, and `made_by` reads as given."""
    answer = f"201: {{description: Done, required: [{member}], properties: {{{member}: {schema}}}}}"
    return (
        (WHOLE_ANSWER, answer),
        (WHOLE_EXAMPLE, f"{{input: {{title: Red kettle}}, output: {{{member}: {value}}}}}"),
        (MADE_BY, made_by),
    )


REPLAYED = """\
workflows:
  order_twice:
    title: A client repeats a call whose answer it lost
    only_verify: true
    steps:
      add:
        action: add_item
        input: {title: A thing}
        headers: {Idempotency-Key: a-key-of-the-author}
        keep: {item: response.item}
      again:
        action: add_item
        input: {title: A thing}
        headers: {Idempotency-Key: a-key-of-the-author}
        keep: {item: response.item}
      remove: {action: remove_item, input: {item_id: =again.item.id}}
  order_elsewhere:
    title: A client of another project adds an item
    only_verify: true
    steps:
      add: {action: add_item, as: second, input: {title: A thing}, keep: {item: response.item}}
      remove: {action: remove_item, as: second, input: {item_id: =add.item.id}}

resources:
"""
"""A workflow whose second step repeats the key of the first one in a header of its own, and one of the other
project, which has room for one item.
"""

ID = "{type: string, description: Its id}"
FREE = "\n    input:\n      item_id: {type: string, "
PATTERN = '\n    input:\n      item_id: {type: string, pattern: "^it-[0-9]{5}$", '
DONE = "{type: boolean, description: That it is done}"

CASES: dict[str, Case] = {
    # ids and shapes
    "integer_ids": Case("integer_ids"),
    "bare": Case("bare"),
    "nested": Case("nested"),
    "tenants": Case("tenants"),
    "tenants_leak": Case("tenants_leak", "tenants", green=False, broken=True),
    "dotted": Case("dotted"),
    "json_api": Case("json_api"),
    "composite": Case("composite"),
    "reused_ids": Case("reused_ids", "integer_ids", green=None),
    "largest_ids": Case("largest_ids", "integer_ids"),
    "largest_ids_bare": Case("largest_ids_bare"),
    "counted_ids": Case("counted_ids", "integer_ids", green=False, broken=True),
    "reused_by_others": Case(
        "reused_by_others", "integer_ids", green=None, reason=ANOTHER, alone=False,
    ),
    "reused_later": Case("reused_later", "integer_ids", green=None, reason=ANOTHER, alone=False),
    "timeout_delete": Case("timeout_delete", "integer_ids", green=False, broken=True),
    # creates that answer something older
    "get_or_create": Case("get_or_create"),
    "get_or_create_constant": Case("get_or_create", edits=((SLUG, "{name: nightly}"),), green=None),
    "get_or_create_enum": Case(
        "get_or_create",
        edits=(('pattern: "^[a-z0-9-]{1,40}$"', "enum: [nightly, urgent]"), (SLUG, "{name: nightly}")),
        green=False,
        reason=ANSWERS_OLDER, broken=True,
    ),
    "flows": Case("flows", posts_read=FILTER),
    "flows_constant": Case(
        "flows", edits=(("{name: =fresh.text}", "{name: my-flow}"),), green=None, posts_read=FILTER,
    ),
    "upsert_email": Case("upsert_email"),
    "upsert_email_constant": Case(
        "upsert_email",
        edits=(("{email: =fresh.email, name: =fresh.text}", "{email: ann@example.com, name: Ann}"),),
        green=None,
    ),
    # one contract compares members that its id is among
    "upsert_account": Case("upsert_account", green=None),
    "upsert_account_constant": Case(
        "upsert_account", edits=(("account: =fresh.slug", "account: acme"),), green=None,
    ),
    "echoing_mock": Case("echoing_mock", green=False, broken=True),
    "canned": Case("canned", "items", green=False, reason=ANSWERS_OLDER, broken=True),
    "canned_makes": Case("canned_makes", "items", green=False, broken=True, reason=ANSWERS_OLDER),
    "unique_title": Case("unique_title"),
    "unique_title_constant": Case("unique_title", edits=((TEXT, "{title: Red kettle}"),), green=None),
    "unique_older": Case("unique_older"),
    "unique_older_constant": Case("unique_older", edits=((TEXT, "{title: Red kettle}"),), green=None),
    "older_on_page_two": Case("older_on_page_two"),
    "older_on_page_two_constant": Case(
        "older_on_page_two", edits=((TEXT, "{title: Red kettle}"),), green=None,
    ),
    "oldest_first": Case("oldest_first"),
    "oldest_first_forgets": Case("oldest_first_forgets", "oldest_first", green=False, broken=True),
    "oldest_first_unsaid": Case(
        "oldest_first_unsaid", "items", green=False,
        reason="may stand on a further page than could be asked for",
    ),
    # removals
    "soft_delete": Case("soft_delete"),
    "delete_202": Case("delete_202"),
    "loose_ids": Case("loose_ids", "items", green=None, broken=True),
    "path_ids": Case(
        "path_ids", "items", green=False, broken=True,
        reason="cannot stand in a path: it leads to another path",
        edits=tuple((f"{before}{PATTERN}", f"{before}{FREE}") for before in ("read", "destructive: true")),
    ),
    "filtered": Case("filtered", green=False),
    "body_ids": Case("body_ids", green=False, broken=True),
    "dispatcher": Case("dispatcher", green=False, broken=True, posts_read=frozenset({"/ask"})),
    "messages": Case("messages", green=False, reason="at most 5 × item are made, as nothing removes one"),
    "undeclared_delete": Case("undeclared_delete", "items"),
    "stuck": Case("stuck", "items", green=False, broken=True, reason="remove_item answered 500"),
    # what is written under an id of one's own
    "put_declared": Case("put_declared"),
    "put_makes_two": Case(
        "put_declared",
        edits=(
            (f"{AN_ID}\n      title", f"refers_to: item, {AN_ID}\n      title"),
            ("resources:\n", f"resources:\n{TWIN}"),
        ),
        green=None,
    ),
    "chosen_ids": Case("chosen_ids"),
    "folders": Case("folders", green=False, reason="place is an id that was made up"),
    "hooks": Case("hooks"),
    "put_undeclared": Case("put_undeclared", green=False, broken=True),
    # what has no id, or no maker
    "singletons": Case("singletons", green=False),
    "found_only": Case("found_only", green=False),
    "copies": Case("copies"),
    "neighbour": Case("neighbour", green=None),
    "workflow_found": Case("workflow_found", green=False),
    "paid_read": Case("paid_read", green=False),
    "credentials": Case(
        "credentials", imported=True, green=False,
        reason="would make a credential below the user 'ann', which this run has not made",
    ),
    "credentials_made": Case("credentials_made", imported=True),
    "rights": Case("rights", imported=True, green=None),
    "paid_jobs": Case("paid_jobs", imported=True, green=None),
    "mailing": Case("mailing", imported=True, green=None),
    "plain_reference": Case("plain_reference", imported=True),
    "renames": Case("renames", imported=True, green=None),
    "renames_passed_over": Case("renames_passed_over", "renames", imported=True, green=None, broken=True),
    "renames_unshown": Case("renames_unshown", "renames", imported=True, green=None, broken=True),
    "renames_ignored": Case("renames_ignored", "renames", imported=True, green=None, broken=True),
    # parts that stay when what contained them goes, and a second thing that a create makes besides
    "orphans": Case("orphans", green=None, broken=True),
    # a create that names the id otherwise, or not at all; the latter two are made only if a caller allows it
    "other_id": Case(
        "other_id", "items",
        edits=answers_alone(
            "itemID", ID, "it-07919", "made_by: {action: add_item, input: {title: =fresh.text}, id: itemID}"
        ),
    ),
    "other_id_by_hand": Case(
        "other_id", "items", edits=answers_alone("itemID", ID, "it-07919", "volatile: []"), green=False,
    ),
    "no_id_by_hand": Case(
        "no_id", "items", edits=answers_alone("done", DONE, "true", "volatile: []"), green=False,
    ),
    "no_resources": Case("no_resources", imported=True, green=False),
    "get_effects": Case("get_effects", green=False),
    "get_deeds": Case("get_deeds", imported=True, green=False),
    # servers that are in trouble, or ask for less than they should
    "timeout_create": Case("timeout_create", "items", green=None, broken=True),
    "crash_create": Case("crash_create", "items", green=False, broken=True),
    "idempotent": Case("idempotent", green=None, broken=True),
    "idempotent_replayed": Case(
        "idempotent_heard", "idempotent", edits=(("resources:\n", REPLAYED),),
    ),
    "lagging_list": Case("lagging_list", "items", green=None, broken=True),
    "open_door": Case("open_door", "items", green=False, broken=True),
    "lenient": Case("lenient", "items", green=False, broken=True),
}  # fmt: skip
