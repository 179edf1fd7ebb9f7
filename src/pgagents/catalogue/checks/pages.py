"""Check that `pages` names a list, the argument that requests a page, and the rule for the next page."""

from __future__ import annotations

from collections.abc import Collection

from pgagents.catalogue.checks.checker import Checker
from pgagents.catalogue.checks.laws import Reader, Schema, schemas_of_call
from pgagents.catalogue.language import variables
from pgagents.catalogue.language.actions import Action
from pgagents.catalogue.language.pages import Pages
from pgagents.cel.expression import Expression
from pgagents.cel.reading import functions_of, path_of, paths_in
from pgagents.cel.syntax import LEVELS, Infix, Literal, Member, Name, Node, walk
from pgagents.source.source import Pointer
from pgagents.text.nearest import did_you_mean

_UNIONS = frozenset(("allOf", "anyOf", "oneOf"))
_TOLD = frozenset(("string", "integer", "number"))
URLS = frozenset(("uri", "uri-reference", "iri", "iri-reference"))


def run(checker: Checker) -> None:
    """Record problems of `pages`, and note each `next` that is a URL."""
    for base, actions in checker.blocks():
        for name, action in actions.items():
            if action.pages is not None:
                _check(checker, (*base, name), action, action.pages)


def _check(checker: Checker, pointer: Pointer, action: Action, pages: Pages) -> None:
    at, arguments = (*pointer, "pages"), (*pointer, "input")
    if action.effect.value != "read":
        checker.report(at, "pages", "`pages` has no effect on a write", "remove it, or say `effect: read`")
        return
    for key in ("argument", "size"):
        _check_argument(checker, (*at, key), action, getattr(pages, key), arguments)
    if pages.size is not None and pages.size == pages.argument:
        checker.report(
            (*at, "size"), "pages", "one argument cannot be both the page and its size", "name another one"
        )
    known = (*action.errors, *checker.written.errors.always)
    at_bound = (*at, "bound")
    if (
        checker.check_reference(at_bound, pages.bound, ("errors", "codes"), "error code")
        and pages.bound is not None
        and pages.bound not in known
    ):
        message = f"`{pages.bound}` is no error of this action"
        checker.report(at_bound, "pages", message, f"add {pages.bound} to its `errors`")
    _check_bound_to(checker, at, action, pages)
    for key in ("items", "next", "more"):
        checker.compile((*at, key), getattr(pages, key), variables.PAGES)
    shapes = dict(schemas_of_call(checker, pointer, action))
    reader = Reader(checker)
    for key in ("items", "next", "more"):
        expression = checker.expressions.get((*at, key))
        if expression is None:
            continue
        for problem in reader.list_problems(expression.tree, shapes):
            checker.report_in((*at, key), problem.part, "pages", problem.message, problem.help)
        if (unlisted := _find_unlisted(reader, expression.tree, shapes)) is not None:
            member, names = unlisted
            message = f"the answer's schema has no member `{member.name}`"
            checker.report_in((*at, key), member, "pages", message, did_you_mean(member.name, names))
        for part in _whole_numbers(expression.tree):
            help = f"write {part.token}.0, because the numbers of JSON are doubles"
            checker.report_in((*at, key), part, "pages", f"{part.token} is an integer of CEL", help)
    _check_kinds(checker, at, reader, shapes)


def _check_argument(
    checker: Checker, at: Pointer, action: Action, name: str | None, arguments: Pointer
) -> None:
    if name is None or not checker.check_reference(at, name, arguments, "argument"):
        return
    param = action.input.get(name)
    if param is None:
        return
    if f"{{{param.wire or name}}}" in (action.http or ""):
        checker.report(at, "pages", f"`{name}` is a part of the path", "name an argument of query or body")
    elif param.required and at[-1] == "argument":
        help = f"leave out `required` at `input.{name}`"
        checker.report(at, "pages", f"`{name}` is required, but the first page has none", help)
    elif at[-1] == "size" and not _whole(param.type):
        checker.report(at, "pages", f"`{name}` is no whole number", "name the argument with a page's size")


def _whole(kind: str | list[str] | None) -> bool:
    return kind == "integer" or (isinstance(kind, list) and "integer" in kind)


def _check_kinds(checker: Checker, at: Pointer, reader: Reader, known: dict[str, Schema]) -> None:
    """Check that `items` is a list and `more` a condition, if the schemas determine it.

    Note a `next` that is a URL.
    """
    items, next, more = (checker.expressions.get((*at, key)) for key in ("items", "next", "more"))
    if items is not None and _rules_out(reader.schema_of(items.tree, known), "array"):
        checker.report((*at, "items"), "pages", "`items` is no list", "name the list, as `response.items`")
    if more is not None and _rules_out(reader.schema_of(more.tree, known), "boolean"):
        help = "write a condition, such as `response.has_more` or `response.page < response.pages`"
        checker.report((*at, "more"), "pages", "`more` is neither true nor false", help)
    if next is None:
        return
    reads = path_of(next.tree)
    if not _rules_in(reader.schema_of(next.tree, known), _TOLD):
        help = "name the member with the argument's value, or with a URL"
        checker.report((*at, "next"), "pages", "`next` is neither a value nor a URL", help)
    _check_defaults(checker, (*at, "next"), next)
    if not next.names & {"response", "headers", "input"}:
        help = "read it of the answer, or of `input`"
        checker.report((*at, "next"), "pages", "`next` is the same for every page", help)
    bound = checker.at((*at, "bound"))
    if bound is not None and "input" in next.names:
        help = "remove it: whoever counts pages or items may count those of any list"
        checker.report((*at, "bound"), "pages", "`bound` has no effect where `next` reads `input`", help)
    if checker.at((*at, "stable")) and "input" in next.names:
        help = "remove it: where pages or items are counted, each removal moves what follows"
        checker.report((*at, "stable"), "pages", "pages that are counted cannot be stable", help)
    if reads[:2] == ("headers", "link") or reader.schema_of(next.tree, known).get("format") in URLS:
        checker.urls.add(at)


def _check_bound_to(checker: Checker, at: Pointer, action: Action, pages: Pages) -> None:
    if pages.bound_to is not None and pages.bound is None:
        message = "`bound_to` does nothing without `bound`, the error for a page of another list"
        checker.report((*at, "bound_to"), "idle", message, "add `bound`, or leave it out", at_value=False)
        return
    for index, name in enumerate(pages.bound_to or ()):
        if name not in action.input or name in (pages.argument, pages.size):
            message = f"`{name}` is no argument that chooses the list"
            help = "name arguments of the action, without the page and its size"
            checker.report((*at, "bound_to", index), "pages", message, help)


def _check_defaults(checker: Checker, at: Pointer, next: Expression) -> None:
    """Check that each optional argument that `next` is computed from has a default."""
    if "has" in functions_of(next.tree):
        return
    for path in paths_in(next.tree):
        home = (*at[:-2], "input", path[-1])
        raw = checker.at(home)
        if path[0] == "input" and isinstance(raw, dict) and "default" not in raw and not raw.get("required"):
            message = f"`{path[-1]}` has no default, so nothing can be computed of it on the first page"
            checker.report(at, "pages", message, f"add `default` at `input.{path[-1]}`")


def _rules_in(schema: Schema, kinds: frozenset[str]) -> bool:
    """True if a schema states no type, or one of these."""
    return all(_rules_out(schema, kind) for kind in kinds) is False


def _rules_out(schema: Schema, kind: str) -> bool:
    """True if a schema states its types and `kind` is not among them."""
    written = schema.get("type")
    kinds = [written] if isinstance(written, str) else written if isinstance(written, list) else []
    return bool(kinds) and kind not in kinds


def _find_unlisted(
    reader: Reader, node: Node, known: dict[str, Schema]
) -> tuple[Member, Collection[str]] | None:
    """Return the first member of the answer that no schema lists, with the listed ones, or None.

    Laws may read members that an open object does not list. But the next page may depend only on listed
    members.
    """
    for part in walk(node):
        if not isinstance(part, Member) or part.base == Name("input"):
            continue
        schema = reader.schema_of(part.base, known)
        names = schema.get("properties")
        if isinstance(names, dict) and part.name not in names and not _UNIONS & schema.keys():
            return part, names
    return None


def _whole_numbers(node: Node) -> list[Literal]:
    """Return the integers that are added, subtracted, multiplied or divided."""
    return [
        operand
        for part in walk(node)
        if isinstance(part, Infix) and LEVELS[part.signs[0]] > LEVELS["=="]
        for operand in part.operands
        if isinstance(operand, Literal) and operand.kind == "int"
    ]
