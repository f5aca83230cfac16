"""Single-token mutants of a module: comparisons, operators, and/or, not, numbers, booleans, conditions, min/max."""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import islice
from pathlib import Path

Change = Callable[[ast.AST], ast.AST]

COMPARISONS: dict[type[ast.cmpop], tuple[type[ast.cmpop], ...]] = {
    ast.Lt: (ast.LtE, ast.GtE),
    ast.LtE: (ast.Lt, ast.Gt),
    ast.Gt: (ast.GtE, ast.LtE),
    ast.GtE: (ast.Gt, ast.Lt),
    ast.Eq: (ast.NotEq,),
    ast.NotEq: (ast.Eq,),
    ast.In: (ast.NotIn,),
    ast.NotIn: (ast.In,),
    ast.Is: (ast.IsNot,),
    ast.IsNot: (ast.Is,),
}
OPERATORS: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.FloorDiv: ast.Mult,
    ast.Div: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.Pow: ast.Mult,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
    ast.BitXor: ast.BitAnd,
    ast.LShift: ast.RShift,
    ast.RShift: ast.LShift,
}
NAMES = {"min": "max", "max": "min", "any": "all", "all": "any"}


@dataclass(frozen=True)
class Mutant:
    """One change of one module; `key` stays the same when lines move."""

    path: str
    place: str
    change: str
    line: int
    in_function: bool
    apply: Callable[[ast.Module], ast.Module]

    @property
    def key(self) -> tuple[str, str, str]:
        return self.path, self.place, self.change


def mutants_of(path: Path, root: Path) -> list[Mutant]:
    """Return every mutant of a module in the order of its lines."""
    name = path.relative_to(root).as_posix()
    tree = ast.parse(path.read_text())
    index = {node: i for i, node in enumerate(ast.walk(tree))}
    found = []
    for node, line, place, in_function in _mutable_nodes(tree):
        for change in _changes(node):
            words = f"{_shown(node)} → {_shown(change(copy.deepcopy(node)))}"
            apply = partial(_applied, index=index[node], change=change)
            found.append(Mutant(name, place or "module", words, line, in_function, apply))
    return _numbered(found)


def _applied(tree: ast.Module, *, index: int, change: Change) -> ast.Module:
    """Change one node of the tree, which must be as fresh from the parser as the one that was counted."""
    node = next(islice(ast.walk(tree), index, None))
    changed = change(node)
    return ast.fix_missing_locations(tree if changed is node else _Replace(node, changed).visit(tree))


def _shown(node: ast.AST) -> str:
    """Show an `if` by its test, not by its body."""
    return ast.unparse(node.test if isinstance(node, ast.If | ast.While) else node).strip()


def _numbered(mutants: list[Mutant]) -> list[Mutant]:
    """Tell equal changes at the same place apart: the second becomes "… (2)"."""
    seen: dict[tuple[str, str, str], int] = {}
    numbered = []
    for mutant in mutants:
        seen[mutant.key] = count = seen.get(mutant.key, 0) + 1
        change = mutant.change if count == 1 else f"{mutant.change} ({count})"
        numbered.append(replace(mutant, change=change))
    return numbered


class _Replace(ast.NodeTransformer):
    def __init__(self, old: ast.AST, new: ast.AST) -> None:
        self.old, self.new = old, new

    def visit(self, node: ast.AST) -> ast.AST:
        return self.new if node is self.old else self.generic_visit(node)


def _mutable_nodes(
    node: ast.AST, line: int = 1, place: str = "", *, in_function: bool = False
) -> Iterator[tuple[ast.AST, int, str, bool]]:
    """Walk the code that computes (no annotations, no decorators): node, line, function, whether in a function."""
    for field, value in ast.iter_fields(node):
        if field in {"annotation", "returns", "decorator_list", "ctx"}:
            continue
        for child in value if isinstance(value, list) else [value]:
            if not isinstance(child, ast.AST):
                continue
            inner, at = place, getattr(child, "lineno", line)
            inside = in_function and field not in {"defaults", "kw_defaults"}  # these run when the module is imported
            if isinstance(child, ast.FunctionDef | ast.ClassDef):
                inner = f"{place}.{child.name}".lstrip(".")
                inside = in_function or isinstance(child, ast.FunctionDef)
            yield child, at, inner, inside
            yield from _mutable_nodes(child, at, inner, in_function=inside)


def _changes(node: ast.AST) -> Iterator[Change]:
    """Yield functions that change a copy of the node in place or return its replacement."""
    match node:
        case ast.Compare():
            yield from (
                partial(_set_comparison, i=i, new=new) for i, op in enumerate(node.ops) for new in COMPARISONS[type(op)]
            )
        case ast.BinOp() | ast.AugAssign() if type(node.op) in OPERATORS:
            yield partial(_set_operator, new=OPERATORS[type(node.op)])
        case ast.BoolOp():
            yield partial(_set_operator, new=ast.Or if isinstance(node.op, ast.And) else ast.And)
        case ast.UnaryOp(op=ast.Not() | ast.USub()):
            yield lambda twin: twin.operand
        case ast.If() | ast.IfExp() | ast.While() if _is_plain(node.test):
            yield _negate_test
        case ast.comprehension():
            yield from (partial(_negate_filter, i=i) for i, test in enumerate(node.ifs) if _is_plain(test))
        case _:
            yield from _word_changes(node)


def _word_changes(node: ast.AST) -> Iterator[Change]:
    match node:
        case ast.Constant(value=bool(value)):
            yield lambda _: ast.Constant(not value)
        case ast.Constant(value=int(value)):
            yield lambda _: ast.Constant(value + 1)
        case ast.Name(id=name) if name in NAMES:
            yield lambda twin: ast.Name(NAMES[name], twin.ctx)


def _is_plain(test: ast.expr) -> bool:
    """True if the condition has no comparison, and/or or not of its own to mutate."""
    return not isinstance(test, ast.Compare | ast.BoolOp | ast.Constant) and not (
        isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not)
    )


def _set_comparison(twin: ast.AST, *, i: int, new: type[ast.cmpop]) -> ast.AST:
    twin.ops[i] = new()
    return twin


def _set_operator(twin: ast.AST, *, new: type[ast.operator | ast.boolop]) -> ast.AST:
    twin.op = new()
    return twin


def _negate_test(twin: ast.AST) -> ast.AST:
    twin.test = ast.UnaryOp(ast.Not(), twin.test)
    return twin


def _negate_filter(twin: ast.AST, *, i: int) -> ast.AST:
    twin.ifs[i] = ast.UnaryOp(ast.Not(), twin.ifs[i])
    return twin
