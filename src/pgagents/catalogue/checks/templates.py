"""What other tools put into a text, such as `${fresh.text}`, and the expression to write in place of it."""

from __future__ import annotations

import json
import re
from collections.abc import Collection
from dataclasses import dataclass

from pgagents.base.cel.syntax import Literal, Node, walk
from pgagents.catalogue.language.basics import FRESH

_SLOT = re.compile(
    r"(?:\$\{\{?|\{\{|\#\{|\#\(|<%=|\{|<)\s*"
    r"(?P<path>\$?[A-Za-z_][\w-]*(?:\.[A-Za-z_][\w-]*)*)(?:\(\))?\s*(?:\|[^{}]*)?"
    r"(?:\}\}?|\)|%>|>)",
    re.A,
)
"""Matches a place of a text that other tools fill in: of JavaScript, Postman, Ruby, Karate, ERB or Python."""
_BARE = re.compile(r"[A-Za-z_]\w*(?:\.\w+)+(?:\(\))?", re.A)
_RUNTIME = re.compile(r"\{?\$(?P<path>(?:steps|response|request|inputs)[.#][\w.#/\[\]-]*)\}?")
"""Matches a runtime expression of Arazzo and of OpenAPI's links."""
_PYTHON = re.compile(r"""f(["']).*\1""")
_LIBRARIES = ("faker", "fake", "chance")
_STEPS, _OUTPUTS = re.compile(r"^steps\."), re.compile(r"\.(?:outputs|response\.body|response)\.")
_KINDS = {"mail": "email", "uuid": "uuid", "guid": "uuid", "int": "int", "number": "int", "url": "url"}
_KEEP = "an earlier step keeps it: `keep: {id: response.id}`, and `=STEP.id` here"
_FILE = re.compile(
    r"\.(?:md|txt|csv|tsv|json|xml|ya?ml|html?|pdf|png|jpe?g|gif|svg|zip|com|org|net|io|dev|example)$"
)
"""The end of a file's name or of a host's, which is not a member of a step."""


@dataclass(frozen=True, slots=True)
class Template:
    """A part of a text that nobody fills in, and what to write."""

    shown: str
    help: str


def find_template(
    text: str, names: Collection[str], own: Collection[str], *, in_quotes: bool = False
) -> Template | None:
    """Return the first part of a text that other tools fill in; None if all of it is meant to be sent.

    `names` are the variables of an expression at that place, and `own` those of them that stand for nothing
    else, so that even `{a.id}` and, unless the text is one in an expression, `a.id` are meant as one.
    """
    text = text[2:-1] if _PYTHON.fullmatch(text) else text
    if runtime := _RUNTIME.fullmatch(text):
        path = _plain(runtime["path"])
        known = path.partition(".")[0] in names and re.fullmatch(r"[\w.]+", path)
        return Template(text, f"write `={path}`" if known else _KEEP)
    parts, shown, end = list[str](), "", 0
    for found in _SLOT.finditer(text):
        if not (meant := _find_meant(found, names, own, whole=found[0] == text)):
            continue
        shown = shown or found[0]
        parts += [json.dumps(text[end : found.start()], ensure_ascii=False)] if found.start() > end else []
        is_text = found[0] == text or (meant.startswith(f"{FRESH}.") and not meant.endswith(".int"))
        parts.append(meant if is_text else f"string({meant})")
        end = found.end()
    if parts:
        parts += [json.dumps(text[end:], ensure_ascii=False)] if end < len(text) else []
        return Template(shown, f"write `={' + '.join(parts)}`")
    root = text.partition(".")[0]
    if (
        not in_quotes
        and _BARE.fullmatch(text)
        and not _FILE.search(text)
        and (root in own or (root in _LIBRARIES and text.endswith("()")))
    ):
        meant = _make_fresh(text) if root in _LIBRARIES else _plain(text)
        return Template(text, f'write `={meant}`; if the text itself is meant, `="{text}"`')
    return None


def find_in_expression(tree: Node, own: Collection[str]) -> tuple[Literal, Template] | None:
    """Return the first text of an expression with a part that nobody fills in, and what to write instead."""
    for node in walk(tree):
        text = node.value if isinstance(node, Literal) and isinstance(node.value, str) else ""
        found = find_template(text, own, own, in_quotes=True)
        if isinstance(node, Literal) and found is not None:
            return node, Template(found.shown, found.help.replace("`=", "`", 1))
    return None


def _find_meant(found: re.Match[str], names: Collection[str], own: Collection[str], *, whole: bool) -> str:
    """Return what a place in a text means as an expression; empty if it may be meant to be sent."""
    path, doubled = _plain(found["path"]), not re.match(r"\{(?!\{)|<(?!%)", found[0])
    root = path.partition(".")[0]
    if doubled and (root in _LIBRARIES or path.startswith("$")):
        return _make_fresh(path)
    known = root == FRESH or root in (names if doubled else own)
    return path if known and ("." in path or (whole and doubled)) else ""


def _plain(path: str) -> str:
    """Return a path as this language writes it: `a.id` for `steps.a.outputs.id`."""
    return _OUTPUTS.sub(".", _STEPS.sub("", path), count=1).removesuffix("()")


def _make_fresh(path: str) -> str:
    """Return the fresh value that stands for one of a library's, such as `$randomEmail`."""
    kinds = (kind for word, kind in _KINDS.items() if word in path.lower())
    return f"{FRESH}.{next(kinds, 'text')}"
