"""Mutations: where can a file's behavior be changed by one small edit?

Conditions are negated, bounds moved, operators swapped, constants changed, calls dropped, except clauses emptied or
made to raise, and values not returned. Prose is left alone: docstrings, annotations, f-strings, asserts, and what a
``raise`` says.
"""

from __future__ import annotations

import ast
import copy
import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

#: Operators and what takes their place.
SWAPS: dict[type[ast.AST], type[ast.AST]] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.LShift: ast.RShift, ast.RShift: ast.LShift, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd,
}  # fmt: skip
#: What is not looked into: prose, and code that only type checkers see.
PROSE = (ast.JoinedStr, ast.Assert, ast.Import, ast.ImportFrom, ast.Raise)
#: Conditions of code that runs on other systems only.
ELSEWHERE = {"sys.platform == 'win32'", "os.name == 'nt'"}
#: Calls that reach other processes: a wrong argument could end one that is not ours.
SIGNALS = {"os.kill", "os.killpg", "signal.pthread_sigmask", "signal.pidfd_send_signal"}
#: Values of a return that is typed so.
EMPTY = {"str": "''", "bytes": "b''", "int": "0", "float": "0.0", "list": "[]", "dict": "{}", "set": "set()"}
LONGEST_WORD = 30  # characters of a string that may be a key, a mode or a name; a longer one is prose


@dataclass(frozen=True)
class Mutation:
    """One edit of one file.

    Parameters
    ----------
    module : str
        The file's path below the package, such as ``storage/lock.py``.
    line : int
        The line that the edit is in, from 1.
    kind : str
        What is done: negate, bound, logic, arithmetic, constant, word, drop call, except, suppress, return.
    start, end : int
        The part of the file's UTF-8 that is replaced.
    before, after : str
        The source text that stands there, and the text that takes its place.
    """

    module: str
    line: int
    kind: str
    start: int
    end: int
    before: str
    after: str

    def apply(self, text: str) -> str:
        """The file's text with the edit."""
        data = text.encode()
        return (data[: self.start] + self.after.encode() + data[self.end :]).decode()

    def changes(self, text: str) -> bool:
        """Whether the edit leaves valid Python with another meaning; a walrus may need its own brackets."""
        try:
            return ast.dump(ast.parse(self.apply(text))) != ast.dump(ast.parse(text))
        except SyntaxError:
            return False

    def __str__(self) -> str:
        before, after = (" ".join(words.split()) for words in (self.before, self.after))
        return f"{self.module}:{self.line} {self.kind}: `{before}` -> `{after}`"


def mutations(module: str, text: str) -> list[Mutation]:
    """Every mutation of a file, in the order of the text; a few change nothing, see :meth:`Mutation.changes`."""
    lines = [0, *itertools.accumulate(len(line) for line in text.encode().splitlines(keepends=True))]
    found = []
    for kind, node, last, after in _edits(ast.parse(text), ""):
        assert last.end_lineno is not None and last.end_col_offset is not None
        start = lines[node.lineno - 1] + node.col_offset
        end = lines[last.end_lineno - 1] + last.end_col_offset
        before = text.encode()[start:end].decode()
        found.append(Mutation(module, node.lineno, kind, start, end, before, after))
    return sorted(found, key=lambda one: (one.start, one.end, one.kind))


def modules(package: Path) -> dict[str, str]:
    """The text of each file of the package, by its path below it."""
    return {path.relative_to(package).as_posix(): path.read_text() for path in sorted(package.rglob("*.py"))}


#: kind, the first and the last node that are replaced, the new text
Edit = tuple[str, ast.stmt | ast.expr, ast.stmt | ast.expr, str]


def _edits(node: ast.AST, returns: str) -> Iterator[Edit]:
    """The edits in a node and below it; `returns` is the annotation of the function around it."""
    if isinstance(node, PROSE) or _is_docstring(node) or _is_for_type_checkers(node):
        return
    if isinstance(node, ast.If) and ast.unparse(node.test) in ELSEWHERE:
        for child in node.orelse:
            yield from _edits(child, returns)
        return
    if isinstance(node, ast.Call) and ast.unparse(node.func) in SIGNALS:
        return
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        if all(_is_docstring(line) for line in node.body):
            return  # of an abstract method or a protocol: whoever fills it in has defaults of its own
        returns = ast.unparse(node.returns) if node.returns else ""
    yield from _of_statement(node, returns)
    if isinstance(node, ast.expr):
        yield from _of_expression(node)
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list", "type_params"):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _edits(child, returns)


def _is_docstring(node: ast.AST) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)


def _is_for_type_checkers(node: ast.AST) -> bool:
    return isinstance(node, ast.If) and ast.unparse(node.test).endswith("TYPE_CHECKING")


def _of_statement(node: ast.AST, returns: str) -> Iterator[Edit]:
    conditions = [getattr(node, "test", None), *getattr(node, "ifs", [])]
    for test in conditions:
        if isinstance(test, ast.expr) and not isinstance(test, ast.Constant):
            yield "negate", test, test, f"(not ({ast.unparse(test)}))"
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call):
        yield "drop call", node, node, "pass"
    elif isinstance(node, ast.Return) and node.value is not None:
        yield "return", node, node, f"return {_other_value(node.value, returns)}"
    elif isinstance(node, ast.AugAssign) and type(node.op) in SWAPS:
        yield "arithmetic", node, node, ast.unparse(_with_operator(node))
    elif isinstance(node, ast.ExceptHandler):
        for after in ("raise", "pass"):
            yield "except", node.body[0], node.body[-1], after


def _of_expression(node: ast.expr) -> Iterator[Edit]:
    if isinstance(node, ast.Compare) and type(node.ops[0]) in SWAPS:
        yield "bound", node, node, f"({ast.unparse(_with_operator(node))})"
    elif isinstance(node, ast.BoolOp):
        yield "logic", node, node, f"({ast.unparse(_with_operator(node))})"
    elif isinstance(node, ast.BinOp) and type(node.op) in SWAPS and not _joins_text(node):
        yield "arithmetic", node, node, f"({ast.unparse(_with_operator(node))})"
    elif isinstance(node, ast.Call) and ast.unparse(node.func).endswith("suppress") and node.args:
        yield "suppress", node, node, f"{ast.unparse(node.func)}()"
    elif isinstance(node, ast.Constant):
        value = node.value
        if isinstance(value, bool):
            yield "constant", node, node, str(not value)
        elif isinstance(value, (int, float)):
            yield "constant", node, node, repr(value + 1 if isinstance(value, int) else value * 2 or 1.0)
        elif isinstance(value, (str, bytes)) and 0 < len(value) < LONGEST_WORD:
            yield "word", node, node, repr(value + "X" if isinstance(value, str) else value + b"X")


def _with_operator(node: ast.Compare | ast.BoolOp | ast.BinOp | ast.AugAssign) -> ast.AST:
    """The node with its first operator swapped."""
    swap = copy.deepcopy(node)
    if isinstance(swap, ast.Compare):
        swap.ops[0] = SWAPS[type(swap.ops[0])]()  # type: ignore[call-overload]  # a comparison for a comparison
    else:
        swap.op = SWAPS[type(swap.op)]()  # type: ignore[assignment]  # an operator of the same family
    return swap


def _joins_text(node: ast.BinOp) -> bool:
    return any(
        isinstance(side, ast.JoinedStr) or (isinstance(side, ast.Constant) and isinstance(side.value, (str, bytes)))
        for side in (node.left, node.right)
    )


def _other_value(value: ast.expr, returns: str) -> str:
    if returns == "bool":
        return f"not ({ast.unparse(value)})"
    empty = EMPTY.get(returns.partition("[")[0], "None")
    return "None" if empty == ast.unparse(value) else empty
