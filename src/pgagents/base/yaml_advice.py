"""Say what is wrong with a text that is not YAML, and what to write: libyaml's own words help nobody.

libyaml names a problem by one of a few sentences, which never change. The line that it points at says the
rest. It shows whether a text needs quotes, a line stands too far to the right, or a bracket is not closed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from pgagents.base.text import brief

SHOWN = 60
"""Characters of the user's text that an advice repeats."""
_KEY = re.compile(
    r"""(?P<blanks>\s*)(?P<dash>- +)?(?P<key>[^\s:#'"{}\[\],&*!|>%@`-][^:#{}\[\],]*?)\s*:(?:\s+|$)"""
)
"""Matches a line that begins with a key, up to its value."""
_IN_BRACES = re.compile(r"(?:^|[{,\[]\s*)(?P<key>[\w$.-]+):\s+(?P<value>[^{}\[\],]*:\s[^{}\[\],]*)")
"""Matches a text with a colon and a blank in a mapping in braces."""
_COMMENT = re.compile(r"\s+#.*$")


@dataclass(frozen=True, slots=True)
class Advice:
    """A message that says in plain words what is wrong, and a help that says what to write."""

    message: str
    help: str


def advise(problem: str, text: str, line: int, column: int, begun: tuple[int, int] | None = None) -> Advice:
    """Explain libyaml's `problem` at a place, whose line and column count from 0.

    `begun` is the place where what it was reading began, if it says so.
    """
    place = _Place(text.split("\n"), line, column, begun)
    if "\t" in place.line[: column + 1] and not place.line[: column + 1].strip():
        return Advice(f"not valid YAML: {problem}", "indent with blanks: YAML takes no tabs")
    return next(
        (advice for reader in _READERS if (advice := reader(problem, place))), _say_it(problem, place)
    )


class _Place:
    """The line that libyaml points at, and those before it."""

    def __init__(self, lines: Sequence[str], number: int, column: int, begun: tuple[int, int] | None) -> None:
        self.lines, self.number, self.column, self.begun = lines, number, column, begun
        self.line = lines[number].rstrip("\r") if number < len(lines) else ""

    @property
    def indent(self) -> int:
        return _count_blanks(self.line)

    @property
    def before(self) -> str:
        """The last line before it that is neither empty nor a comment."""
        return next((line for line in reversed(self.lines[: self.number]) if _is_told(line)), "")

    def find_indents(self) -> list[int]:
        """Return the indents that a key may have here: those of the lines above that it may belong to."""
        found: list[int] = []
        for line in reversed(self.lines[: self.number]):
            if _is_told(line) and _KEY.match(line) and (not found or _count_blanks(line) < found[-1]):
                found.append(_count_blanks(line))
        return found


def _count_blanks(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _is_told(line: str) -> bool:
    return bool(line.strip()) and not line.lstrip().startswith("#")


def quote(value: str) -> str:
    """Return a text in quotes, shortened to be shown. Quotes around all of it are replaced."""
    shown = brief(_COMMENT.sub("", value).strip(), SHOWN)
    shown = shown[1:-1] if shown[:1] in ("'", '"') and shown[:1] == shown[-1:] != shown else shown
    return f"'{shown}'" if '"' in shown and "'" not in shown else '"' + shown.replace('"', '\\"') + '"'


def _advise_quotes(place: _Place) -> str:
    """Return how to write the line's value in quotes; empty if the line begins with no key."""
    match = _KEY.match(place.line)
    if match is None or not place.line[match.end() :].strip():
        return ""
    return f"quote the text: `{match['key'].strip()}: {quote(place.line[match.end() :])}`"


def _advise_indent(place: _Place) -> str:
    """Return by how many blanks to indent the line, which stands at none of the places where a key may."""
    match, indents = _KEY.match(place.line), place.find_indents()
    if match is None or not indents:
        return ""
    wanted = min(indents, key=lambda indent: (abs(indent - place.indent), -indent))
    if wanted == place.indent:
        return ""
    return f"indent `{match['key'].strip()}` by {_name_blanks(wanted)}, as the key that it stands beside"


def _name_blanks(count: int) -> str:
    return "no blank" if not count else "1 blank" if count == 1 else f"{count} blanks"


def _read_second_colon(problem: str, place: _Place) -> Advice | None:
    """A second `: ` in a line, or a key that stands further right than it may."""
    if problem != "mapping values are not allowed in this context":
        return None
    match = _KEY.match(place.line)
    if match is not None and match.end() <= place.column:
        says = "a text with a colon and a blank in it needs quotes"
        return Advice(says, _advise_quotes(place))
    above = _KEY.match(place.before)
    if above is not None and place.indent > _count_blanks(place.before):
        key, upper = place.line.strip().partition(":")[0], above["key"].strip()
        value = place.before[above.end() :].strip()
        says = f"`{brief(key)}` stands further to the right than the keys beside it"
        return Advice(
            says,
            f"indent it by {_name_blanks(_count_blanks(place.before))}, as `{brief(upper)}` above it"
            if value
            else f"indent it below `{brief(upper)}`",
        )
    return None


def _read_rest_after_value(problem: str, place: _Place) -> Advice | None:
    """Text behind a closing bracket or quote, or a line whose indent fits no key above it."""
    if not problem.startswith(("did not find expected key", "did not find expected '-' indicator")):
        return None
    match = _KEY.match(place.line)
    value = place.line[match.end() :].strip() if match is not None else ""
    if match is not None and match.end() < place.column and value[:1] in ("{", "[", '"', "'"):
        what = {"{": "a brace", "[": "a bracket"}.get(value[0], "a quote")
        return Advice(f"a text that begins with {what} needs quotes around all of it", _advise_quotes(place))
    if help := _advise_indent(place):
        return Advice("this line stands beside no key above it", help)
    if place.line.lstrip().startswith("- "):
        return Advice(
            "this item stands beside no item above it", "indent all items of a list by as many blanks"
        )
    return None


def _read_missing_colon(problem: str, place: _Place) -> Advice | None:
    if not problem.startswith("could not find expected ':'"):
        return None
    number = place.begun[0] if place.begun is not None else place.number
    word = brief(place.lines[number].strip(), SHOWN)
    return Advice(
        f"`{word}` is not `KEY: VALUE`",
        "write a colon and a blank after the key; a text of several lines begins with `>-` after its key",
    )


def _read_strange_start(problem: str, place: _Place) -> Advice | None:
    if not problem.startswith(
        ("found character that cannot start any token", "did not find expected alphabetic")
    ):
        return None
    mark = place.line[place.column : place.column + 1]
    if problem.startswith("did not") and place.begun is not None:
        mark = place.line[place.begun[1] : place.begun[1] + 1]
    help = _advise_quotes(place) or f"quote the text: `{quote(place.line.strip().lstrip('- '))}`"
    return Advice(f"a text that begins with `{mark}` needs quotes", help)


def _read_open_quote(problem: str, place: _Place) -> Advice | None:
    if problem.startswith("found unknown escape character"):
        mark = place.line[place.column + 1 : place.column + 2]
        return Advice(
            f"`\\{mark}` means nothing between double quotes", f"write `\\\\{mark}`, or take single quotes"
        )
    if problem != "found unexpected end of stream" or place.begun is None:
        return None
    line, column = place.begun
    mark = place.lines[line][column : column + 1]
    help = f"close it with {mark}; between single quotes an apostrophe is written twice"
    return Advice(f"the text that begins at line {line + 1} is never closed", help)


def _read_open_bracket(problem: str, place: _Place) -> Advice | None:
    """A `{` or `[` that is not closed, or a text in it that needs quotes."""
    if not problem.startswith("did not find expected ',' or"):
        return None
    match = next((m for m in _IN_BRACES.finditer(place.line) if m.start() <= place.column <= m.end()), None)
    if match is not None:
        help = f"quote the text: `{match['key']}: {quote(match['value'])}`"
        return Advice("a text with a colon and a blank in it needs quotes", help)
    close = problem.rpartition("or ")[2].strip("'")
    begun = f"line {place.begun[0] + 1}" if place.begun is not None else "before"
    opens = {"}": "{", "]": "["}.get(close, "{")
    help = f"separate its members by commas, close it with `{close}`, or quote a text with any of `,{{}}[]`"
    return Advice(f"the `{opens}` of {begun} does not go on here as it must", help)


def _read_list_in_line(problem: str, place: _Place) -> Advice | None:
    if problem != "block sequence entries are not allowed in this context":
        return None
    key = place.line.strip().partition(":")[0]
    help = f"write `{brief(key)}: [A, B]`, or each item on a line of its own below the key"
    return Advice("a list may not begin with `-` on the line of its key", help)


_READERS = (
    _read_second_colon,
    _read_rest_after_value,
    _read_missing_colon,
    _read_strange_start,
    _read_open_quote,
    _read_open_bracket,
    _read_list_in_line,
)


def _say_it(problem: str, place: _Place) -> Advice:
    """Return libyaml's own words, with what is wrong most often."""
    help = (
        _advise_indent(place) or "look at the indent of this line, and quote texts with `: ` or ` #` in them"
    )
    return Advice(f"not valid YAML: {problem}", help)
