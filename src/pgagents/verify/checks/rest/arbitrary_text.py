"""A free text may contain anything: quotes, backslashes, markup, template marks, other scripts, blanks at its
ends.

Servers fail at these when they put texts into SQL, pages or commands. The first call also has characters that
a server may refuse, such as NUL, which PostgreSQL does not store. If it is refused, the text is sent without
them. A document may leave a pattern out, and a firewall refuses markup and SQL: then a refusal is odd. In the
end a write has its optional texts at their greatest length, too, where they have one: whatever is answered
shows nothing of this promise, but a crash is one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from pgagents.base.cel.expression import Expression, member_of
from pgagents.base.cel.reading import path_of
from pgagents.catalogue.language.basics import FRESH
from pgagents.catalogue.model.values import find_format
from pgagents.report.contract import Rank
from pgagents.verify.fixtures.request_template import (
    RequestTemplate,
    evaluate_arguments,
    find_refusal,
    list_read,
    template_of,
)
from pgagents.verify.judgement import Untested, conclude
from pgagents.verify.promise import Attempt, Case, Trial, make_check
from pgagents.verify.setting import Setting
from pgagents.verify.values.schema_values import matches, types_of
from pgagents.verify.wire.call import Signature
from pgagents.verify.wire.endpoint import Endpoint

TEXT = ' o\'Neil "x"  \\n<b>&lt;{{7*7}}${7}%s%41+;--éu\u0302’漢🚗'
"""A text whose most revealing characters come first, for arguments that take only a few.

One letter is written with a combining accent, which is lost if a server normalises texts.
"""
ODD = " \0\r\n\u2028\u202ee\u0301\ufeff"
"""A blank, NUL, CR and LF, a line separator, a right-to-left override, a combining accent, and a byte order
mark.
"""
LONGEST = 4_096
"""The most characters of a text, as a document may allow millions."""
LONG = 100
"""The fewest characters of a greatest length from which a text is free, and neither a name nor a code."""
FIREWALL = (403, 406)
"""What ModSecurity and the like answer to a text that resembles an attack."""
_BOUND = ("enum", "const", "format", "contentEncoding")

INPUT = "input"


def cases(setting: Setting, roles: frozenset[str]) -> Iterator[Case]:
    """Yield a case for each endpoint with a free text among its arguments."""
    del roles
    for endpoint in setting.endpoints:
        texts = _texts(setting, endpoint) if endpoint.ordinary else {}
        if texts:
            says = f"{endpoint.action.name} takes quotes, markup and other scripts in {' and '.join(texts)}"
            cost = 2 if endpoint.action.effect == "write" else 1
            attempt = Attempt(partial(_try, texts=texts), cost=cost)
            yield Case(endpoint, says, endpoint.action.origin, attempt, cite=())


def _try(trial: Trial, texts: Mapping[str, Any]) -> None:
    """Send a valid call, at first with characters that may be refused, and judge the first that succeeds.

    A refused text proves nothing if an ordinary call is refused, too.
    """
    setting, endpoint, usual = trial.setting, trial.endpoint, trial.template.input
    what = "a text with quotes, markup and other scripts"
    arguments = {**usual, **texts}
    writes = endpoint.action.effect == "write"
    # `fresh`: a name that another call gave may be taken
    call = trial.call("explore", what, input=arguments, fresh=writes, renews=True)
    odd = replace(
        call,
        input={**arguments, **_texts(setting, endpoint, ODD + TEXT)},
        why="a text with a NUL and other odd characters",
    )
    answer = trial.ask(odd)
    if not answer.success:
        answer = trial.ask(call)
    if not answer.success and not answer.void:
        control = trial.ask(replace(call, intent="valid", why="an ordinary call", input=usual))
        if not control.success:
            raise Untested(f"an ordinary call was answered {control.outcome}, too")
    # Prefect takes letters, digits and dashes as a name, and its document has no pattern
    unsaid = answer.refused and (trial.model.leaves_open or answer.status in FIREWALL)
    judged = [replace(one, odd=one.odd or unsaid) for one in trial.accepted(answer, what)]
    conclude(judged or [trial.untested(f"the answer shows nothing of it: {answer.outcome}")])
    if writes and (long := _list_long(setting, endpoint)):
        why = f"{' and '.join(long)} as long as allowed"
        trial.ask(replace(call, why=why, input={**usual, **long}))


def _texts(setting: Setting, endpoint: Endpoint, text: str = TEXT) -> dict[str, Any]:
    """Return the arguments that are free texts, or contain some one level down, filled with our text."""
    template = template_of(setting.model, endpoint.action)
    base = evaluate_arguments(setting.model, template.input)
    found: dict[str, Any] = {}
    for param in endpoint.params:
        name = str(param.name)
        ours = param.refers_to or name == endpoint.action.idempotency or isinstance(base.get(name), Signature)
        ours = ours or _is_of_instance(template, template.input.get(name)) or _is_formed(template, name)
        # an argument that no example has may have a hidden form, like a cursor; a path may be cut at a slash
        if not ours and name in base and param.place in ("body", "query"):
            value = _fill_texts(setting, name, param.schema, base[name], text)
            if value is not None and setting.test_argument(endpoint, param).is_valid(value):
                found[name] = value
    meets = find_refusal(endpoint.action, {**template.input, **found})
    if meets is not None:  # an author's condition refuses such a text
        read = list_read(meets)
        found = {name: value for name, value in found.items() if name not in read}
    return found


def _list_long(setting: Setting, endpoint: Endpoint) -> dict[str, str]:
    """Return the free texts that an ordinary call leaves out, at the greatest length that they have."""
    usual, found = template_of(setting.model, endpoint.action).input, {}
    for param in endpoint.params:
        schema = setting.resolve_schema(param.schema)
        most = schema.get("maxLength", 0)
        bound = param.refers_to or any(key in schema for key in (*_BOUND, "pattern"))
        if param.place != "body" or str(param.name) in usual or bound or find_format(str(param.name), schema):
            continue
        if "string" in types_of(schema) and LONG <= most <= LONGEST:
            found[str(param.name)] = "x" * most
    return found


def _is_of_instance(template: RequestTemplate, value: Any) -> bool:
    """True if an argument is a member of the instance itself, such as its code. Then every other value is
    wrong.
    """
    names = ("resource", template.subject.name) if template.subject is not None else ()
    return bool(member_of(value, names))


def _is_formed(template: RequestTemplate, name: str) -> bool:
    """True if a create gives an argument a form of its own: it is the new id, or a mark with more around it.

    `=fresh.slug + ".example."` is a form that an author gave.
    """
    value, makes = template.input.get(name), template.makes
    if isinstance(value, Expression) and FRESH in value.names and member_of(value, (FRESH,)) is None:
        return True
    made_by = makes.made_by if makes is not None else None
    if makes is None or made_by is None or made_by.at is None or path_of(made_by.at.tree) != (INPUT,):
        return False
    return name == (made_by.id_at[1] if made_by.id_at is not None else makes.id)


def _fill_texts(setting: Setting, name: str, written: Mapping[str, Any], base: Any, text: str) -> Any:
    """Return a value with our text in its free texts, within the schema's lengths; None if it has no free
    text.

    An object, or a list of objects, gets the text in its members.
    """
    schema = setting.resolve_schema(written)
    if isinstance(base, list) and base and isinstance(base[0], Mapping):
        item = _fill_texts(setting, name, schema.get("items", {}), base[0], text)
        return None if item is None else [item]
    if "string" in types_of(schema) and not (
        any(key in schema for key in _BOUND) or find_format(name, schema)
    ):
        most = min(schema.get("maxLength", len(text)), LONGEST)
        filled = (text + text[-1] * most)[: most - 1] + (" " if most else "")  # the end shows a cut or a trim
        wide = "".join(char for char in text if char > "\uffff")
        room = most - 1 - 2 * len(wide)
        if setting.counts_units and room > 0:  # Java and JavaScript count UTF-16 units
            filled = "".join(char for char in text if char not in wide).ljust(room, "x")[:room] + wide + " "
        return filled if "pattern" not in schema or matches(schema, filled) else None
    if isinstance(base, Mapping) and schema.get("properties"):
        members = {
            n: s for n, s in schema.get("properties", {}).items() if not isinstance(base.get(n), Mapping)
        }
        inner = {
            n: found
            for n, s in members.items()
            if n in base and (found := _fill_texts(setting, n, s, None, text)) is not None
        }
        return {**base, **inner} if inner else None
    return None


CHECK = make_check("arbitrary_text", __doc__, cases, overlap="all", rank=Rank.WRONG)
