"""Mutants of a module: its source with one small slip in it, as somebody might make it and nobody would
notice.

Each is an edit of the text, so that what is shown is what is run, and nothing is written to a file.
Statements of SQL are read too: half of what a server does stands in them.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

Edit = tuple[str, ast.expr | ast.stmt, str]
"""The kinds of slips: name, the node that each replaces, and by what text."""
_SQL = re.compile(r"\s*(SELECT|INSERT|UPDATE|DELETE)\b|.*\bWHERE\b|[a-z_]+ (=|<|>|<=|>=) \S+", re.S)
_WORD = re.compile(r"[A-Za-z][A-Za-z0-9_./:+-]{0,40}")
_CONDITION = re.compile(
    r"\b[a-z_]+ (?:=|<=|>=|<|>|IS) (?:\?|'[^']*'|[0-9]+)(?=\)| AND | GROUP| ORDER| LIMIT|$)"
)
_SHORTEST_BODY = 2


@dataclass(frozen=True, slots=True)
class Mutant:
    """A slip: bytes `start` to `end` of the file become `after`. `lines` are those of the statement it is
    in, first and last.
    """

    file: str
    line: int
    kind: str
    before: str
    after: str
    start: int
    end: int
    lines: tuple[int, int]

    @property
    def id(self) -> str:
        """Return place and kind, the same as long as the file stays as it is."""
        return f"{self.file}:{self.start}-{self.end}:{self.after}"

    def apply(self, source: str) -> str:
        """Return the source with the slip in it."""
        raw = source.encode()
        return (raw[: self.start] + self.after.encode() + raw[self.end :]).decode()


def mutants(source: str, file: str) -> list[Mutant]:
    """All mutants of a source, in its order; only such as Python can read."""
    starts = [0]
    for line in source.encode().splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    found: dict[str, Mutant] = {}
    for (kind, node, after), lines in _edits(ast.parse(source)):
        assert node.end_lineno is not None
        assert node.end_col_offset is not None
        start, end = (
            starts[node.lineno - 1] + node.col_offset,
            starts[node.end_lineno - 1] + node.end_col_offset,
        )
        before = source.encode()[start:end].decode()
        mutant = Mutant(file, node.lineno, kind, before, after, start, end, lines)
        if before != after and mutant.id not in found:
            found[mutant.id] = mutant
    return sorted(found.values(), key=lambda m: (m.start, m.end, m.kind))


def _edits(tree: ast.Module) -> Iterator[tuple[Edit, tuple[int, int]]]:
    """Every edit, and the lines of its statement."""
    pending: list[tuple[ast.AST, tuple[int, int]]] = [(tree, (1, 1))]
    while pending:
        node, lines = pending.pop()
        if isinstance(node, ast.stmt):
            lines = _lines(node)
        for maker in _MAKERS.get(type(node), ()):
            for edit in maker(node):
                yield edit, lines
        pending += [(child, lines) for child in _inner(node)]


def _lines(node: ast.stmt) -> tuple[int, int]:
    """A statement's lines; of a compound one its head alone."""
    body = getattr(node, "body", None)
    last = max(node.lineno, body[0].lineno - 1) if isinstance(body, list) and body else node.end_lineno
    return node.lineno, last or node.lineno


def _inner(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes inside that run: no docstring, annotation, assertion, import, message to a person, or
    type's name.
    """
    if isinstance(node, ast.Assert | ast.Import | ast.ImportFrom | ast.JoinedStr):
        return
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return
    if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(("log", "getattr", "TypeVar")):
        return
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list") or (name == "slice" and _is_text(value)):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.Expr) and _is_text(child.value):
                continue
            if isinstance(child, ast.AST):
                yield child


def _is_text(node: object) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _parenthesize(node: ast.expr) -> str:
    return f"({ast.unparse(node)})"


_OPPOSITES: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE), ast.LtE: (ast.Lt, ast.Gt), ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,), ast.NotEq: (ast.Eq,), ast.In: (ast.NotIn,), ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,), ast.IsNot: (ast.Is,),
}  # fmt: skip


def _compare(node: ast.Compare) -> Iterator[Edit]:
    """`<` becomes `<=` or `>=`, `==` becomes `!=`."""
    for place, op in enumerate(node.ops):
        for other in _OPPOSITES[type(op)]:
            ops = [*node.ops[:place], other(), *node.ops[place + 1 :]]
            yield "compare", node, _parenthesize(ast.Compare(node.left, ops, node.comparators))


def _logic(node: ast.BoolOp) -> Iterator[Edit]:
    """`and` becomes `or`; one of the conditions is forgotten."""
    yield (
        "logic",
        node,
        _parenthesize(ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)),
    )
    for place in range(len(node.values)):
        kept = [*node.values[:place], *node.values[place + 1 :]]
        if not any(isinstance(inner, ast.NamedExpr) for inner in ast.walk(node.values[place])):
            yield "logic", node, _parenthesize(kept[0] if len(kept) == 1 else ast.BoolOp(node.op, kept))


def _not(node: ast.UnaryOp) -> Iterator[Edit]:
    if isinstance(node.op, ast.Not | ast.USub):
        yield "not" if isinstance(node.op, ast.Not) else "arithmetic", node, _parenthesize(node.operand)


_ARITHMETIC: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Div,
    ast.Mod: ast.FloorDiv,
}  # fmt: skip


def _arithmetic(node: ast.BinOp) -> Iterator[Edit]:
    """`+` becomes `-`. Texts and lists that are put together stay so."""
    other = _ARITHMETIC.get(type(node.op))
    joined = any(
        _is_text(side) or isinstance(side, ast.JoinedStr | ast.List | ast.Tuple) for side in ast.walk(node)
    )
    if other and not joined:
        yield "arithmetic", node, _parenthesize(ast.BinOp(node.left, other(), node.right))


def _constant(node: ast.Constant) -> Iterator[Edit]:
    """One more, one less; true for false; a code, a header or a member of another name; a slip in SQL."""
    value = node.value
    if isinstance(value, bool):
        yield "truth", node, str(not value)
    elif isinstance(value, int):
        yield "number", node, repr(value + 1)
        yield "number", node, repr(value - 1) if value else "-1"
    elif isinstance(value, float):
        yield "number", node, repr(value * 2 if value else 1.0)
    elif isinstance(value, str) and _SQL.match(value):
        for slip in sql_slips(value):
            yield "sql", node, repr(slip)
    elif isinstance(value, str) and _WORD.fullmatch(value):
        yield "text", node, repr(f"{value}{'_X' if value.isupper() else 'x'}")


def _edit_f_string(node: ast.JoinedStr) -> Iterator[Edit]:
    """Yield slips in SQL that an f-string puts together."""
    for place, part in enumerate(node.values):
        if isinstance(part, ast.Constant) and _SQL.match(part.value):
            for slip in sql_slips(part.value):
                values: list[ast.expr] = [*node.values[:place], ast.Constant(slip), *node.values[place + 1 :]]
                yield "sql", node, ast.unparse(ast.JoinedStr(values))


def sql_slips(text: str) -> Iterator[str]:
    """SQL with one slip: a bound, a condition that always holds, an order, a sign, another figure of a
    group, another state.
    """
    if re.match(r"\s*CREATE", text):
        return
    for pattern, after in (
        (r"(?<![<>])<(?![=>])", "<="),
        (r"<=", "<"),
        (r"(?<![<>=])>(?!=)", ">="),
        (r">=", ">"),
        (r" DESC", ""),
        (r"\+ 1\b", "- 1"),
        (r"- 1\b", "+ 1"),
        (r"\bsum\(", "max("),
        (r"\bmax\(", "min("),
        (r"\bmin\(", "max("),
        (r"count\(\*\)", "1"),
        (r"GROUP BY \w+ ", ""),
    ):
        for match in re.finditer(pattern, text):
            yield text[: match.start()] + after + text[match.end() :]
    where = (
        text.find("WHERE")
        if "WHERE" in text
        else len(text)
        if re.match(r"\s*(SELECT|INSERT|UPDATE|DELETE)\b", text)
        else 0
    )
    for match in _CONDITION.finditer(text, where):
        yield f"{text[: match.start()]}({match[0]} OR 1){text[match.end() :]}"
    for match in re.finditer(r"'([a-z]+)'", text):
        yield f"{text[: match.start()]}'{match[1]}x'{text[match.end() :]}"


def _statement(node: ast.stmt) -> Iterator[Edit]:
    """A statement is forgotten."""
    target = (
        node.targets[0]
        if isinstance(node, ast.Assign)
        else node.target
        if isinstance(node, ast.AnnAssign)
        else None
    )
    if isinstance(target, ast.Name | ast.Tuple) or (
        isinstance(node, ast.Expr) and not isinstance(node.value, ast.Call)
    ):
        return
    if isinstance(node, ast.Expr) and ast.unparse(node.value).startswith("self.log("):
        return
    yield "statement", node, "pass"


def _guard(node: ast.If | ast.While) -> Iterator[Edit]:
    """A condition that is never looked at."""
    if (
        not any(isinstance(inner, ast.NamedExpr) for inner in ast.walk(node.test))
        and ast.unparse(node.test) != "TYPE_CHECKING"
    ):
        yield "guard", node.test, "False"
        if isinstance(node, ast.If):
            yield "guard", node.test, "True"


def _choice(node: ast.IfExp) -> Iterator[Edit]:
    yield "guard", node, _parenthesize(node.body)
    yield "guard", node, _parenthesize(node.orelse)


def _filter(node: ast.comprehension) -> Iterator[Edit]:
    for condition in node.ifs:
        if not any(isinstance(inner, ast.NamedExpr) for inner in ast.walk(condition)):
            yield "guard", condition, "True"


def _entries(node: ast.Dict | ast.List | ast.Set) -> Iterator[Edit]:
    """One entry is forgotten."""
    values = node.values if isinstance(node, ast.Dict) else node.elts
    if len(values) < _SHORTEST_BODY or (isinstance(node, ast.List) and not isinstance(node.ctx, ast.Load)):
        return
    for place in range(len(values)):
        rest = [*values[:place], *values[place + 1 :]]
        if isinstance(node, ast.Dict):
            yield "entry", node, ast.unparse(ast.Dict([*node.keys[:place], *node.keys[place + 1 :]], rest))
        else:
            yield (
                "entry",
                node,
                ast.unparse(ast.List(rest, ast.Load()) if isinstance(node, ast.List) else ast.Set(rest)),
            )


_OTHERS = {
    "min": "max", "max": "min", "any": "all", "all": "any", "math.ceil": "math.floor",
    "math.floor": "math.ceil", "sorted": "list",
    "round": "int", "abs": "float",
}  # fmt: skip
_DROPPED = frozenset(("upper", "lower", "strip", "rstrip", "lstrip", "casefold"))


def _call(node: ast.Call) -> Iterator[Edit]:
    """Another function of its kind, two arguments in the other order, a text that is left as it came."""
    name = ast.unparse(node.func)
    if (
        name in _OTHERS
        and (name != "round" or len(node.args) == 1)
        and not (name == "sorted" and node.keywords)
    ):
        yield "function", node.func, _OTHERS[name]
    if isinstance(node.func, ast.Attribute) and node.func.attr in _DROPPED:
        yield "function", node, _parenthesize(node.func.value)
    if isinstance(node.func, ast.Attribute) and node.func.attr in ("startswith", "endswith"):
        other = "endswith" if node.func.attr == "startswith" else "startswith"
        yield "function", node.func, f"{ast.unparse(node.func.value)}.{other}"
    simple = ast.Name | ast.Attribute | ast.Subscript
    for place in range(len(node.args) - 1):
        first, second = node.args[place : place + 2]
        if isinstance(first, simple) and isinstance(second, simple):
            args = [*node.args[:place], second, first, *node.args[place + 2 :]]
            yield "swap", node, ast.unparse(ast.Call(node.func, args, node.keywords))


def _rounding(node: ast.Name) -> Iterator[Edit]:
    if node.id.startswith("ROUND_"):
        for other in ("ROUND_HALF_UP", "ROUND_HALF_EVEN", "ROUND_DOWN", "ROUND_UP"):
            yield "function", node, other


def _loop(node: ast.For) -> Iterator[Edit]:
    """Only the first, or all but the first."""
    for part in ("[:1]", "[1:]"):
        yield "loop", node.iter, f"list({ast.unparse(node.iter)}){part}"


def _leave(node: ast.Break | ast.Continue) -> Iterator[Edit]:
    yield "statement", node, "continue" if isinstance(node, ast.Break) else "break"


def _body(node: ast.FunctionDef) -> Iterator[Edit]:
    """A function that does nothing."""
    gives = any(
        (isinstance(n, ast.Return) and n.value is not None) or isinstance(n, ast.Yield | ast.YieldFrom)
        for n in ast.walk(node)
    )
    body: Sequence[ast.stmt] = [s for s in node.body if not (isinstance(s, ast.Expr) and _is_text(s.value))]
    if not gives and len(body) >= _SHORTEST_BODY:
        yield "body", body[0], "return"


_MAKERS: dict[type[ast.AST], tuple[Callable[..., Iterator[Edit]], ...]] = {
    ast.Compare: (_compare,), ast.BoolOp: (_logic,), ast.UnaryOp: (_not,), ast.BinOp: (_arithmetic,),
    ast.Constant: (_constant,),
    ast.JoinedStr: (_edit_f_string,), ast.Expr: (_statement,), ast.Raise: (_statement,),
    ast.AugAssign: (_statement,), ast.Assign: (_statement,),
    ast.Delete: (_statement,), ast.If: (_guard,), ast.While: (_guard,), ast.IfExp: (_choice,),
    ast.comprehension: (_filter,),
    ast.Dict: (_entries,), ast.List: (_entries,), ast.Set: (_entries,), ast.Call: (_call,),
    ast.Name: (_rounding,), ast.For: (_loop,),
    ast.Break: (_leave,), ast.Continue: (_leave,), ast.FunctionDef: (_body,),
}  # fmt: skip
