"""Describe the list in an action's answer, and infer how to get its next page."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from pgagents.base.jsonschema.schema import Schema, follow, is_type
from pgagents.base.text import bare_path
from pgagents.importer.names import Notes, snake
from pgagents.importer.operations import ImportedAction

_SIZES = re.compile(r"first|limit|(per_?)?page_?size|per_?page|max_?results|page_?limit", re.I)
_PAGES = re.compile(r"page|page_?(number|no|num|index)", re.I)
_SKIPPED = re.compile(r"offset|skip", re.I)
_COUNTS = re.compile(r"(total_?)?pages?(_?count)?|page_?count|total_?pages|last_?page", re.I)
_CURRENT = re.compile(r"page|current_?page|page_?(number|no)", re.I)
_AFTER = re.compile(r"(starting_)?after(_id)?|since_id", re.I)
_CURSORS = re.compile(r"cursor|page_?token|marker|after|continuation(_?token)?|page|offset", re.I)
_MORE = re.compile(r"has_?more|has_?next(_?page)?|more", re.I)
_TOTALS = re.compile(r"(total|count)_?(count|items|results|records|elements|rows|hits)?", re.I)
_PER_PAGE = re.compile(r"(items_?)?per_?page|page_?size|limit", re.I)
_GOES_ON = re.compile(
    r"(start(ing)?_?)?(after|cursor|token)(_?id)?|page_?token|(page_?)?cursor|marker|continuation(_?token)?"
    r"|next(_?(cursor|token|page_?token))?",
    re.I,
)
"""An argument that takes the place at which a list goes on."""
_LEADS_ON = re.compile(
    r"(next|end|last)_?(page_?)?(cursor|token|after|marker)(_?id)?|next|cursor|(next_?)?page_?token"
    r"|continuation(_?token)?",
    re.I,
)
"""A member that holds the place at which a list goes on."""
_AT_END = re.compile(r"end|last", re.I)
_IN_NEXT = re.compile(r"(start(ing)?_?)?(after|cursor|token)(_?id)?|page_?token|marker", re.I)
"""A member of an object `next` that holds it."""
_URLS = frozenset(("uri", "uri-reference"))


def infer_pages(made: list[ImportedAction], named: Mapping[str, Any], notes: Notes) -> None:
    """Add `pages` to the reads whose arguments and answers show how to get the next page."""
    for one in made:
        listing = describe_listing(one, named) if one.action["effect"] == "read" else None
        found = next(_ways(listing), None) if listing is not None else None
        if listing is None or found is None:
            continue
        argument, following, more, why = found
        size = _first(listing.arguments, _SIZES, ("integer",), argument)
        pages: dict[str, Any] = {
            "inferred": True,
            "items": listing.items,
            "next": following,
            "argument": argument,
        }
        pages |= {"more": more} if more else {}
        pages |= {"size": size} if size else {}
        one.action["pages"] = pages
        notes.infer(("actions", one.name, "pages"), f"from {why}")


def _ways(listing: Listing) -> Iterator[tuple[str, str, str, str]]:
    """Yield each possible way to the next page: argument, `next`, `more` and the reason, the most certain
    first.
    """
    more = next(
        (p for p, s in listing.members.items() if _MORE.fullmatch(_last(p)) and _holds(s, ("boolean",))), ""
    )
    for name, argument in listing.arguments.items():
        told = [p for p, s in listing.members.items() if _names_next(_last(p), name) and _same(s, argument)]
        if len(told) == 1:
            yield name, told[0], "", f"`{name}` and `{_last(told[0])}`"
    leading = _list_leading(listing, ends=bool(more))
    if len(leading) > 1:  # two members that could be the cursor: neither of them, nor an id, is a guess
        return
    carried = next((n for n in listing.arguments if _CURSORS.fullmatch(n)), "")
    urls = [p for p, s in listing.members.items() if _is_url(s) and "next" in p.lower()]
    if carried and len(urls) == 1:
        yield carried, urls[0], "", f"`{carried}` and the URL `{_last(urls[0])}`"
    if carried and listing.links:
        yield carried, "headers.link.next", "", f"`{carried}` and the header Link"
    if leading and not urls:
        name, member = leading[0]
        yield name, member, more, f"`{name}` and `{member.removeprefix('response.')}`"
        return
    after = next((n for n in listing.arguments if _AFTER.fullmatch(n)), "")
    if after and more and "id" in listing.item.get("properties", {}):
        yield after, f"{listing.items}[-1].id", more, f"`{after}` and `{_last(more)}`"
    yield from _counted(listing, more)


def _list_leading(listing: Listing, *, ends: bool) -> list[tuple[str, str]]:
    """Return each argument that takes a cursor, with each member of the answer that is named like one.

    The cursor of a page's end counts only with `ends`, because the last page has one too.
    """
    takers = [n for n, s in listing.arguments.items() if _GOES_ON.fullmatch(n) and _holds(s, ("string",))]
    every = {**listing.members, **listing.deeper}
    members = [p for p, s in every.items() if _leads_on(p, s) and (ends or not _AT_END.match(_last(p)))]
    return [(name, member) for name in takers for member in members]


def _leads_on(path: str, schema: Schema) -> bool:
    if not _holds(schema, ("string",)) or _is_url(schema):
        return False
    *above, name = path.split(".")
    return _LEADS_ON.fullmatch(name) is not None or (
        above[-1].lower() == "next" and _IN_NEXT.fullmatch(name) is not None
    )


def _counted(listing: Listing, more: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield the ways that count pages or items."""
    page = _first(listing.arguments, _PAGES, ("integer",))
    total = next(
        (
            p
            for p, s in listing.members.items()
            if _COUNTS.fullmatch(_last(p)) and not _CURRENT.fullmatch(_last(p)) and _holds(s, ("integer",))
        ),
        "",
    )
    if page and (total or more) and "default" in listing.arguments[page]:
        told = more or total
        yield page, f"input.{page} + 1.0", more or f"input.{page} < {total}", f"`{page}` and `{_last(told)}`"
    offset = _first(listing.arguments, _SKIPPED, ("integer",))
    size = _first(listing.arguments, _SIZES, ("integer",))
    if page and not total and not more:
        yield from _totalled(listing, page, size)
    held = f"size({listing.items})"
    sized = size and size != page and "default" in listing.arguments[size]
    if page and not offset and sized and listing.arguments[page].get("default") in (0, 1):
        why = f"`{page}` and `{size}`"  # nothing tells the end: the first page that is not full
        yield page, f"input.{page} + 1.0", f"{held} >= input.{size}", why
    if offset and size:
        known = "default" in listing.arguments[offset]
        following = f"input.{offset} + {held}"
        following = following if known else f"has(input.{offset}) ? {following} : {held}"
        yield offset, following, more, f"`{offset}` and `{size}`"


def _totalled(listing: Listing, page: str, size: str) -> Iterator[tuple[str, str, str, str]]:
    """Yield the way by numbers of pages, if the answer has the total number of items and pages have a known
    size.
    """
    start = listing.arguments[page].get("default")
    totals = [
        p for p, s in listing.members.items() if _TOTALS.fullmatch(_last(p)) and _holds(s, ("integer",))
    ]
    each = next(
        (p for p, s in listing.members.items() if _PER_PAGE.fullmatch(_last(p)) and _holds(s, ("integer",))),
        f"input.{size}" if size and "default" in listing.arguments[size] else "",
    )
    if start not in (0, 1) or len(totals) != 1 or not each:
        return
    seen = f"input.{page}" if start == 1 else f"(input.{page} + 1.0)"
    yield (
        page,
        f"input.{page} + 1.0",
        f"{seen} * {each} < {totals[0]}",
        f"`{page}`, `{_last(each)}` and `{_last(totals[0])}`",
    )


def _names_next(member: str, argument: str) -> bool:
    plain = re.sub(r"[_-]", "", member.lower())
    return plain == f"next{re.sub(r'[_-]', '', argument.lower())}"


def _same(told: Schema, argument: Schema) -> bool:
    """True if the argument can take the value of a member."""
    return any(_holds(told, (kind,)) and _holds(argument, (kind,)) for kind in ("string", "integer"))


def _first(
    arguments: Mapping[str, Schema], names: re.Pattern[str], kinds: tuple[str, ...], but: str = ""
) -> str:
    """Return the first argument with one of these names and types, or an empty text."""
    return next((n for n, s in arguments.items() if n != but and names.fullmatch(n) and _holds(s, kinds)), "")


def _holds(schema: Schema, kinds: tuple[str, ...]) -> bool:
    """True if a schema or one of its alternatives has one of these types, as `string` or `null` has."""
    return any(is_type(one, kinds) for one in _list_alternatives(schema))


def _is_url(schema: Schema) -> bool:
    return any(one.get("format") in _URLS for one in _list_alternatives(schema))


def _list_alternatives(schema: Schema) -> tuple[Schema, ...]:
    return (schema, *schema.get("anyOf", ()), *schema.get("oneOf", ()))


def _last(path: str) -> str:
    return path.rpartition(".")[2]


# -- lists in answers


MOST_STEPS, DEEPEST = 2, 4
"""The steps of a path to a list or to any member, and to a cursor."""
_SCALARS = ("string", "integer", "number", "boolean")
_UNIONS = ("anyOf", "oneOf")
_AROUND = ("allOf", *_UNIONS)
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True)
class Listing:
    """An action's answer that has one list: the list's path, its items, other members by path, and
    arguments.
    """

    items: str
    item: Schema
    members: Mapping[str, Schema]
    arguments: Mapping[str, Schema]
    links: bool
    """True if the document gives the answer a Link header."""
    deeper: Mapping[str, Schema] = field(default_factory=dict)
    """The members of objects below those, without lists."""


def describe_listing(one: ImportedAction, named: Mapping[str, Any]) -> Listing | None:
    """Return the one list of the first successful answer; None if it has none, or several.

    Lists of scalars beside it do not count: Flask-AppBuilder's have the ids, and names of columns (Superset
    6.1.0, 2026-11-29).
    """
    whole = find_success(one, named)
    optional = {
        name: read_schema(param, named)
        for name, param in one.action.get("input", {}).items()
        if not param.get("required") and param.get("in", "query") == "query"
    }
    headers = [
        h for a in one.operation.answers if a.status[:1] == "2" for h in a.whole.at("headers").members()
    ]
    links = "link" in (str(h).lower() for h in headers)
    if whole.get("type") == "array":
        return Listing("response", read_answer(whole.get("items", {}), named), {}, optional, links)
    members = dict(_members(whole, named, "response"))
    items = {
        path: read_answer(schema.get("items", {}), named)
        for path, schema in members.items()
        if is_type(schema, ("array",))
    }
    lists = [path for path, item in items.items() if len(items) == 1 or not is_type(item, _SCALARS)]
    if len(lists) != 1 or (len(items) > 1 and not _is_named_as_list(one, lists[0])):
        return None
    del members[lists[0]]
    deeper = {p: s for p, s in _members(whole, named, "response", DEEPEST) if p.count(".") > MOST_STEPS}
    return Listing(
        lists[0],
        items[lists[0]],
        members,
        optional,
        links,
        {p: s for p, s in deeper.items() if not is_type(s, ("array",))},
    )


_OF_ITEMS = frozenset(
    ("data", "entries", "items", "list", "objects", "records", "result", "results", "rows", "values")
)


def _is_named_as_list(one: ImportedAction, path: str) -> bool:
    """True if the name of a list says that it has what the path is about: `labels` of notes has not."""
    target = bare_path(one.action["http"].partition(" ")[2])
    nouns = [step for step in target.split("/") if step and "{" not in step]
    return path.rpartition(".")[2].lower() in {*_OF_ITEMS, *(noun.lower() for noun in nouns[-1:])}


_ENVELOPE = frozenset((
    "links", "meta", "metadata", "paging", "pagination", "pageinfo", "object", "kind", "success", "ok",
    "self", "start", "end", "hasprevious", "hasprev",
))  # fmt: skip
_BESIDE = re.compile(r"(next|prev(ious)?|first|last)(page)?(ur[il]|link|cursor|token|marker)?", re.I)
_NUMBERS = (_COUNTS, _CURRENT, _TOTALS, _PER_PAGE, _SKIPPED, _SIZES)
_PLACES = (_MORE, _LEADS_ON, _GOES_ON)


def is_list(one: ImportedAction, listing: Listing, named: Mapping[str, Any]) -> bool:
    """True if an action's answer is its list, and nothing else but what tells of the list.

    Totals, cursors, links and the like tell of a list. An order with its lines is an order, and a read that
    goes on with another page is a list whatever stands beside it.
    """
    if one.action.get("pages", {}).get("items") == listing.items:
        return True
    whole = find_success(one, named)
    for step in listing.items.split(".")[1:]:
        members = whole.get("properties", {})
        if not all(
            _tells_of_list(name, read_schema(members[name], named)) for name in members if name != step
        ):
            return False
        whole = read_schema(members[step], named)
    return True


def _tells_of_list(name: str, schema: Schema) -> bool:
    """True for a member that stands beside a list: a number of items or pages, a cursor, links, a kind."""
    plain = name.rpartition(".")[2].lstrip("_@$").replace("-", "_")
    bare = plain.replace("_", "")
    if bare.lower() in _ENVELOPE or _BESIDE.fullmatch(bare) or any(n.fullmatch(plain) for n in _PLACES):
        return True
    return any(names.fullmatch(plain) for names in _NUMBERS) and not _holds(schema, ("number", "string"))


def _members(
    whole: Schema, named: Mapping[str, Any], path: str, most: int = MOST_STEPS
) -> Iterator[tuple[str, Schema]]:
    """Yield the members of an answer and of the objects in it, with their paths as expressions of at most so
    many steps.
    """
    for name, raw in whole.get("properties", {}).items():
        if not _PLAIN.fullmatch(name):
            continue
        schema = read_schema(raw, named)
        yield f"{path}.{name}", schema
        if path.count(".") < most - 1 and "properties" in schema:
            yield from _members(schema, named, f"{path}.{name}", most)


def read_argument(one: ImportedAction, name: str, named: Mapping[str, Any]) -> Schema:
    """Return the schema of an action's argument as `read_schema` has it; empty if it has no such one."""
    return read_schema(one.action.get("input", {}).get(name, {}), named)


def read_schema(schema: Schema, named: Mapping[str, Any], depth: int = 0) -> Schema:
    """Return the schema behind references, and behind an `allOf` or a union with null of one other schema.

    Frameworks write an argument's type in all these ways. The outer keys, such as a default, stay.
    """
    whole = follow(schema, named)
    if "type" in whole or depth == DEEPEST:
        return whole
    for key in _AROUND:
        parts = whole.get(key)
        parts = [p for p in parts if isinstance(p, Mapping)] if isinstance(parts, list) else []
        others = [p for p in parts if follow(p, named).get("type") != "null"]
        if len(others) == 1:
            inner = read_schema(others[0], named, depth + 1)
            return {**inner, **{k: v for k, v in whole.items() if k != key}} if "type" in inner else whole
    return whole


def find_shown(action: ImportedAction) -> Mapping[str, Any]:
    """Return the arguments of the action's first example, and the document's other examples of arguments."""
    first = next((dict(e.get("input", {})) for e in action.action.get("examples", {}).values()), {})
    return {**action.shown, **first}


_ORDERS = frozenset(("dir", "direction", "order", "order_by", "order_dir", "sort", "sort_by", "sort_order"))
"""Arguments that say in which order a list comes, but not what is in it."""
_NEW_EACH_TIME = re.compile(r"idempot|nonce|signature|(request|correlation|trace|transaction)_?id|timestamp")


def find_list_input(one: ImportedAction, named: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return values of what a list requires outside its path; None if one may choose what is in the list.

    Semaphore requires an order of each list, and Invoice Ninja a header (documents of 2026-11-30).
    """
    path, found = str(one.action["http"]), {}
    for name, param in one.action.get("input", {}).items():
        if not param.get("required") or f"{{{name}}}" in path:
            continue
        orders = read_argument(one, name, named).get("enum") if snake(name) in _ORDERS else None
        found[name] = orders[0] if orders else find_fixed_header(one, name, named)
        if found[name] is None:
            return None
    return found


def find_fixed_header(one: ImportedAction, name: str, named: Mapping[str, Any]) -> Any:
    """Return the value that a document shows of a header, which names nothing new; None if it shows none."""
    param = read_argument(one, name, named)
    if param.get("in") != "header" or _NEW_EACH_TIME.search(snake(name)):
        return None
    several = [*param.get("enum", ())]
    shown = [param.get("const"), *(several if len(several) == 1 else ()), find_shown(one).get(name)]
    return next((value for value in shown if isinstance(value, str | int)), None)


def find_success(one: ImportedAction, named: Mapping[str, Any]) -> Schema:
    """Return the schema of an action's first successful answer; empty if it has none."""
    return read_answer(_find_answer(one), named)


def list_forms(one: ImportedAction, named: Mapping[str, Any]) -> list[Schema]:
    """Return the alternatives of an action's first successful answer; empty if it is not a union."""
    whole = follow(_find_answer(one), named)
    return [form for key in _UNIONS for form in _follow_forms(whole.get(key), named)]


def _find_answer(one: ImportedAction) -> Schema:
    return next((o for status, o in one.action["output"].items() if 200 <= status < 300), None) or {}


def _follow_forms(parts: Any, named: Mapping[str, Any]) -> list[Schema]:
    forms = [follow(p, named) for p in parts if isinstance(p, Mapping)] if isinstance(parts, list) else []
    return [form for form in forms if form.get("type") != "null"]


def read_answer(schema: Schema, named: Mapping[str, Any]) -> Schema:
    """Return the schema behind references; of a union of objects, an object with the members of all of them.

    Such a union is often one kind of instance in several forms, which share its id.
    """
    whole = follow(schema, named)
    if "properties" in whole:
        return whole
    for key in _UNIONS:
        forms = _follow_forms(whole.get(key), named)
        if len(forms) > 1 and all("properties" in form for form in forms):
            shared = {
                n: m for n, m in forms[0]["properties"].items() if all(n in f["properties"] for f in forms)
            }
            return {**{k: v for k, v in whole.items() if k != key}, "type": "object", "properties": shared}
    return whole
