"""Makes mutants: copies of a SystemVerilog file that are wrong in one place.

Places are found in the syntax tree of pyslang, so that a mutant is always one expression or one
statement replaced by another.

Most mutants are *selectable*: all those of a file live in one program, `selector(...)`, in which
each mutated place asks `mutation_pkg::selected` whether it is the one to be wrong. One build then
serves hundreds of runs. Where the language wants a constant (parameters, constant functions) there
is no asking; such a mutant is built alone, from `Mutant.applied`.

What is not mutated, and why: declared types and widths, generate conditions and loops (a mutant
would mostly not elaborate; test_systolic_array.py tests the checks of parameters), assertions, and
names that begin with `unused_`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar

from pyslang import syntax

PACKAGE = "mutation_pkg"
"""SystemVerilog package whose variable `selected` is the number of the mutant that is alive."""

ASSERTIONS_BANNER = "// Assertions "
"""What follows this line of a file only checks, and is left alone."""

_OPERATORS = {
    "AddExpression": ("arithmetic", ("-",)),
    "SubtractExpression": ("arithmetic", ("+",)),
    "MultiplyExpression": ("arithmetic", ("+",)),
    "DivideExpression": ("arithmetic", ("*",)),
    "ModExpression": ("arithmetic", ("/",)),
    "LogicalShiftLeftExpression": ("shift", (">>",)),
    "LogicalShiftRightExpression": ("shift", ("<<",)),
    "EqualityExpression": ("comparison", ("!=",)),
    "InequalityExpression": ("comparison", ("==",)),
    "LessThanExpression": ("comparison", ("<=", ">=")),
    "LessThanEqualExpression": ("comparison", ("<", ">")),
    "GreaterThanExpression": ("comparison", (">=", "<=")),
    "GreaterThanEqualExpression": ("comparison", (">", "<")),
    "LogicalAndExpression": ("logical", ("||",)),
    "LogicalOrExpression": ("logical", ("&&",)),
    "BinaryAndExpression": ("logical", ("|",)),
    "BinaryOrExpression": ("logical", ("&",)),
    "BinaryXorExpression": ("logical", ("|",)),
}
_DROPPED_UNARY = {
    "UnaryLogicalNotExpression": "logical",
    "UnaryBitwiseNotExpression": "logical",
    "UnaryMinusExpression": "arithmetic",
}
# Negating one of these is what another operator does already.
_NEGATED_BY_OTHERS = {"UnaryLogicalNotExpression", "EqualityExpression", "InequalityExpression"}
_LITERALS = {
    "IntegerLiteralExpression",
    "IntegerVectorExpression",
    "UnbasedUnsizedLiteralExpression",
}
_SKIPPED = {
    "ModuleHeader",
    "PackageImportDeclaration",
    "FunctionPrototype",
    "TypedefDeclaration",
    "DataDeclaration",
    "NetDeclaration",
    "EventControlWithExpression",
    "ConcurrentAssertionMember",
    "DefaultDisableDeclaration",
    "DefaultClockingReference",
    "ClockingDeclaration",
    "GenvarDeclaration",
    "ElabSystemTask",
}


@dataclass(frozen=True)
class Mutant:
    """One wrong place: `text[start:end]`, which is `before`, becomes `after`."""

    file: str
    """Path of the file, relative to the folder `rtl`."""
    line: int
    column: int
    start: int
    end: int
    kind: str
    before: str
    after: str
    line_text: str
    """The line in which the place begins, without its indentation."""
    selectable: bool
    """Whether it can live in a program with others; else it is in a constant."""
    is_statement: bool = False

    def applied(self, text: str) -> str:
        """The file `text` with this mutant."""
        after = self.after if self.is_statement else f"({self.after})"
        return text[: self.start] + after + text[self.end :]

    @property
    def name(self) -> str:
        """How people and waivers call it."""
        return f"{self.file}:{self.line}:{self.column} {self.kind}: {self.before} -> {self.after}"


def mutants_of(file: str, text: str) -> list[Mutant]:
    """All mutants of a file, in the order of their places.

    Args:
        file: its path, relative to the folder `rtl`.
        text: its contents.

    Raises:
        ValueError: the file is no SystemVerilog, or not ASCII (places are byte offsets).
    """
    tree = syntax.SyntaxTree.fromText(text)
    if not text.isascii() or any(diagnostic.isError() for diagnostic in tree.diagnostics):
        raise ValueError(f"{file} is not plain SystemVerilog")
    found = _Finder(file, text).found(tree.root)
    unique = {(m.start, m.end, m.after): m for m in found if _squeezed(m.before) != m.after}
    return sorted(unique.values(), key=lambda m: (m.start, m.end, m.kind, m.after))


def selector(text: str, mutants: Sequence[Mutant]) -> str:
    """The file `text` with all `mutants` in it; the one with number `selected` (from 1) is alive.

    The number of a mutant is its index in `mutants` + 1. With another number the program is `text`.
    """
    by_place: dict[tuple[int, int], list[tuple[int, Mutant]]] = {}
    for number, mutant in enumerate(mutants, start=1):
        by_place.setdefault((mutant.start, mutant.end), []).append((number, mutant))
    # An outer place comes before those in it.
    places = sorted(by_place, key=lambda place: (place[0], -place[1]))

    def rendered(start: int, end: int, inner: Sequence[tuple[int, int]]) -> str:
        parts, at, i = [], start, 0
        while i < len(inner):
            place = inner[i]
            inside = [other for other in inner[i + 1 :] if other[0] < place[1]]
            result = rendered(*place, inside)
            for number, mutant in by_place[place]:
                result = _either(number, mutant, result)
            parts += [text[at : place[0]], result]
            at, i = place[1], i + 1 + len(inside)
        return "".join([*parts, text[at:end]])

    return rendered(0, len(text), places)


def _either(number: int, mutant: Mutant, otherwise: str) -> str:
    alive = f"{PACKAGE}::selected == {number}"
    if mutant.is_statement:
        return f"begin if ({alive}) begin {mutant.after} end else begin {otherwise} end end"
    return f"({alive} ? ({mutant.after}) : ({otherwise}))"


@dataclass(frozen=True)
class _Context:
    """What the statements around a place say about it."""

    selectable: bool = True
    sequential: bool = False
    """In an always_ff."""
    conditional: bool = False
    """A default may have been assigned before: an assignment can be dropped."""
    in_reset: bool = False


class _Finder:
    """Walks a syntax tree and collects mutants."""

    def __init__(self, file: str, text: str) -> None:
        self._file = file
        self._text = text
        banner = text.find(ASSERTIONS_BANNER)
        self._end = banner if banner >= 0 else len(text)

    def found(self, root: Any) -> Iterator[Mutant]:
        """Mutants of a tree; a place may come up twice."""
        return self._visit(root, _Context())

    def _visit(self, node: Any, context: _Context) -> Iterator[Mutant]:
        if not isinstance(node, syntax.SyntaxNode) or node.sourceRange.start.offset >= self._end:
            return
        kind = node.kind.name
        if kind in _SKIPPED:
            return
        special = self._SPECIAL.get(kind)
        if special:
            yield from special(self, node, context)
        elif kind in _OPERATORS:
            yield from self._binary(node, context)
        elif kind in _DROPPED_UNARY:
            yield self._mutant(node, _DROPPED_UNARY[kind], self._code(node.operand), context)
            yield from self._visit(node.operand, context)
        elif kind in _LITERALS:
            yield from self._literal(node, context)
        else:
            yield from self._children(node, context)

    def _children(self, node: Any, context: _Context) -> Iterator[Mutant]:
        for child in node:
            yield from self._visit(child, context)

    # Expressions

    def _binary(self, node: Any, context: _Context) -> Iterator[Mutant]:
        kind, operators = _OPERATORS[node.kind.name]
        left, right = self._code(node.left), self._code(node.right)
        for operator in operators:
            yield self._mutant(node, kind, f"{left} {operator} {right}", context)
        yield from self._visit(node.left, context)
        yield from self._visit(node.right, context)

    def _literal(self, node: Any, context: _Context) -> Iterator[Mutant]:
        code = self._code(node)
        kind = "reset" if context.in_reset else "constant"
        if code in ("'0", "'1"):
            yield self._mutant(node, kind, "'1" if code == "'0" else "'0", context)
        elif code.startswith("1'b"):
            yield self._mutant(node, kind, "1'b1" if code == "1'b0" else "1'b0", context)
        elif "'" in code:
            width, _, digits = code.partition("'")
            operator = "^" if digits.startswith("h") else "+"
            yield self._mutant(node, kind, f"{code} {operator} {width}'d1", context)
        else:
            yield self._mutant(node, kind, f"{code} + 1", context)

    def _ternary(self, node: Any, context: _Context) -> Iterator[Mutant]:
        condition, left, right = map(self._code, (node.predicate, node.left, node.right))
        yield self._mutant(node, "choice", f"{condition} ? {right} : {left}", context)
        yield self._mutant(node, "choice", left, context)
        yield self._mutant(node, "choice", right, context)
        yield from self._children(node, context)

    def _select(self, node: Any, context: _Context) -> Iterator[Mutant]:
        selectors = [child.selector for child in node.selectors]
        *_, last = selectors
        if last.kind.name == "SimpleRangeSelect":
            left, right = self._code(last.left), self._code(last.right)
            sign = "+" if right == "0" else "-"
            start, end = self._place(node)[0], last.sourceRange.start.offset
            head = self._text[start:end]
            yield self._mutant(node, "index", f"{head}{left} {sign} 1:{right} {sign} 1]", context)
        yield from self._indices(selectors, context)

    def _indices(self, selectors: Iterable[Any], context: _Context) -> Iterator[Mutant]:
        for selector_ in selectors:
            name = selector_.kind.name
            if name in ("BitSelect", "AscendingRangeSelect"):
                index = selector_.expr if name == "BitSelect" else selector_.left
                yield self._mutant(index, "index", f"{self._code(index)} + 1", context)
                if index.kind.name not in _LITERALS:
                    yield from self._visit(index, context)

    def _cast(self, node: Any, context: _Context) -> Iterator[Mutant]:
        yield from self._visit(node.right, context)

    def _replication(self, node: Any, context: _Context) -> Iterator[Mutant]:
        yield from self._visit(node.concatenation, context)

    # Statements

    def _continuous_assign(self, node: Any, context: _Context) -> Iterator[Mutant]:
        for assignment in node.assignments:
            if isinstance(assignment, syntax.SyntaxNode) and not self._code(
                assignment.left
            ).startswith("unused_"):
                yield from self._visit(assignment.right, context)

    def _assignment(self, node: Any, context: _Context) -> Iterator[Mutant]:
        assignment = node.expr
        if context.sequential or context.conditional:
            kind = "reset" if context.in_reset else "assignment"
            yield self._mutant(node, kind, ";", context, is_statement=True)
        if assignment.left.kind.name == "IdentifierSelectName":
            yield from self._indices(
                (child.selector for child in assignment.left.selectors), context
            )
        yield from self._visit(assignment.right, context)

    def _if(self, node: Any, context: _Context) -> Iterator[Mutant]:
        predicate = node.predicate
        code = self._code(predicate)
        is_reset = code == "!rst_ni"
        is_enable = context.sequential and node.elseClause is None
        kind = "enable" if is_enable else "reset" if is_reset else "condition"
        yield self._mutant(predicate, kind, "1'b1", context)
        yield self._mutant(predicate, kind, "1'b0", context)
        if predicate.conditions[0].expr.kind.name not in _NEGATED_BY_OTHERS:
            yield self._mutant(predicate, kind, f"!({code})", context)
        yield from self._visit(predicate, context)
        within = replace(context, conditional=True)
        yield from self._visit(node.statement, replace(within, in_reset=is_reset))
        if node.elseClause is not None:
            yield from self._visit(node.elseClause, within)

    def _case(self, node: Any, context: _Context) -> Iterator[Mutant]:
        statements = [item.clause for item in node.items]
        for statement, following in zip(statements, statements[1:] + statements[:1], strict=True):
            yield self._mutant(
                statement, "choice", self._code(following), context, is_statement=True
            )
            yield from self._visit(statement, replace(context, conditional=True))

    def _for(self, node: Any, context: _Context) -> Iterator[Mutant]:
        yield from self._visit(node.statement, context)

    def _always_ff(self, node: Any, context: _Context) -> Iterator[Mutant]:
        yield from self._children(node, replace(context, sequential=True))

    # Structure

    def _loop_generate(self, node: Any, context: _Context) -> Iterator[Mutant]:
        yield from self._visit(node.block, context)

    def _if_generate(self, node: Any, context: _Context) -> Iterator[Mutant]:
        yield from self._visit(node.block, context)
        if node.elseClause is not None:
            yield from self._visit(node.elseClause, context)

    def _package(self, node: Any, context: _Context) -> Iterator[Mutant]:
        yield from self._children(node, replace(context, selectable=False))

    def _localparam(self, node: Any, context: _Context) -> Iterator[Mutant]:
        for declarator in node.parameter.declarators:
            if isinstance(declarator, syntax.SyntaxNode) and declarator.initializer is not None:
                yield from self._parameter(declarator.initializer.expr, context)

    def _instantiation(self, node: Any, context: _Context) -> Iterator[Mutant]:
        if not node.type.valueText.endswith("_assertions"):
            yield from self._children(node, context)

    def _parameter_assignment(self, node: Any, context: _Context) -> Iterator[Mutant]:
        yield from self._parameter(node.expr, context)

    def _parameter(self, value: Any, context: _Context) -> Iterator[Mutant]:
        constant = replace(context, selectable=False)
        yield self._mutant(value, "parameter", f"{self._code(value)} + 1", constant)
        if value.kind.name not in _LITERALS:
            yield from self._visit(value, constant)

    def _port_connection(self, node: Any, context: _Context) -> Iterator[Mutant]:
        # An output is connected to something that can be assigned, not to an expression.
        if node.expr is not None and not node.name.valueText.endswith("_o"):
            yield from self._visit(node.expr, context)

    _SPECIAL: ClassVar[Mapping[str, Any]] = {
        "ConditionalExpression": _ternary,
        "IdentifierSelectName": _select,
        "CastExpression": _cast,
        "MultipleConcatenationExpression": _replication,
        "ContinuousAssign": _continuous_assign,
        "ExpressionStatement": _assignment,
        "ConditionalStatement": _if,
        "CaseStatement": _case,
        "ForLoopStatement": _for,
        "AlwaysFFBlock": _always_ff,
        "LoopGenerate": _loop_generate,
        "IfGenerate": _if_generate,
        "PackageDeclaration": _package,
        "ParameterDeclarationStatement": _localparam,
        "HierarchyInstantiation": _instantiation,
        "NamedParamAssignment": _parameter_assignment,
        "NamedPortConnection": _port_connection,
    }

    # Mutants

    def _mutant(
        self, node: Any, kind: str, after: str, context: _Context, *, is_statement: bool = False
    ) -> Mutant:
        start, end = self._place(node)
        line_start = self._text.rfind("\n", 0, start) + 1
        line_end = self._text.find("\n", start)
        return Mutant(
            file=self._file,
            line=self._text.count("\n", 0, start) + 1,
            column=start - line_start + 1,
            start=start,
            end=end,
            kind=kind,
            before=self._text[start:end],
            after=_squeezed(after),
            line_text=self._text[line_start:line_end].strip(),
            selectable=context.selectable,
            is_statement=is_statement,
        )

    def _code(self, node: Any) -> str:
        start, end = self._place(node)
        return _squeezed(self._text[start:end])

    def _place(self, node: Any) -> tuple[int, int]:
        """Offsets of a node's first and last token, comments before it apart."""
        return node.getFirstToken().location.offset, node.sourceRange.end.offset


def _squeezed(code: str) -> str:
    """Code on one line."""
    return " ".join(code.split())
