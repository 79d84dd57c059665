"""`python -m tinygrad_cnn.ops` lists every operation: its formula, its kernels on both devices, its tests, its source.

Tests are named where they are at hand: in a checkout, whose tests/specs.py has a row for each operation.
"""

from __future__ import annotations

import ast
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from textwrap import wrap
from types import ModuleType
from typing import Any

from .. import autograd, devices, formulas, grad_mode

WIDTH = 80
PACKAGE = Path(__file__).parent.parent
Rows = Mapping[str, Sequence[str]]


class _Names:
    """Notes which operations run."""

    def __init__(self) -> None:
        self.found: set[str] = set()

    def called(self, node: autograd.Function, inputs: Any, outs: Any) -> None:
        self.found |= {type(node).__name__, str(node)}

    def differentiated(self, node: autograd.Function, grads: Any, gradients: Any) -> None:
        """Its operations were called."""


def rows(tests: ModuleType) -> Rows:
    """{operation: rows of tests/specs.py that run it, in a derivative too}; on meta, where nothing is computed."""
    cases, runs, specs = (import_module(f"{tests.__name__}.{name}") for name in ("cases", "runs", "specs"))
    found = defaultdict(list)
    for name, row in specs.ROWS.items():
        names = _Names()
        with grad_mode.watch(names):
            for seed in range(3):
                case = row.cases(cases.seeded(seed))
                leaves, outs = runs.record(row, case, case.fill(dtype="float32"), "meta")
                _differentiate(*_differentiate(outs, leaves))
        for operation in names.found:
            found[operation].append(name)
    return found


def _differentiate(outs: Sequence[Any], leaves: Sequence[Any]) -> tuple[Sequence[Any], Sequence[Any]]:
    """(the gradients of the leaves, what these depend on: the leaves, and the gradients that came in)."""
    weights = [y.result(devices.package("meta").empty(y.shape, y.dtype), None).requires_grad_() for y in outs]
    roots = [(autograd.edge(y), g) for y, g in zip(outs, weights)]
    found = autograd.walk(roots, [autograd.edge(x) for x in leaves], create_graph=True, retain_graph=True)
    return [g for g in found.values() if g.requires_grad], [*leaves, *weights]


def table(tested: Rows | None) -> Iterator[str]:
    """The lines of the table; `tested` None: the tests are not at hand."""
    for path in sorted((PACKAGE / "ops").glob("[!_]*.py")):
        text = path.read_text(encoding="utf-8")
        classes = [node for node in ast.parse(text).body if isinstance(node, ast.ClassDef)]
        operations = [node for node in classes if _is_operation(path, node)]
        if not operations:
            continue
        yield "=" * WIDTH
        yield f"ops/{path.name}"
        yield from _paragraph("kernels  ", _twins(text))
        for node in operations:
            yield ""
            yield node.name
            yield from _paragraph("formula  ", " ".join((ast.get_docstring(node) or "").split()))
            yield from _tests(node.name, tested)
            yield from _paragraph("source   ", f"tinygrad_cnn/ops/{path.name}, line {node.lineno}")
    yield "=" * WIDTH
    yield "formulas/, each an operation of ops/elementwise.py"
    yield from _paragraph("kernels  ", _twins("k.elementwise.apply"))
    for file in formulas.FILES:
        path = Path(str(file.__file__))
        for line in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(line, ast.FunctionDef) and "_gradient_" not in line.name:
                yield ""
                yield line.name
                yield from _paragraph("formula  ", _formula(line))
                yield from _tests(line.name, tested)
                yield from _paragraph("source   ", f"tinygrad_cnn/formulas/{path.name}, line {line.lineno}")


def _is_operation(path: Path, node: ast.ClassDef) -> bool:
    made = getattr(import_module(f"tinygrad_cnn.ops.{path.stem}"), node.name)
    return issubclass(made, autograd.Function) and not node.name.startswith("_")


def _twins(text: str) -> str:
    """The kernel files that a source calls."""
    modules = dict.fromkeys(re.findall(r"\bk(?:ernels\([^()]*(?:\([^()]*\))?[^()]*\))?\.(\w+)\.\w+\(?", text))
    files = [name for name in modules if (PACKAGE / "cpu" / f"{name}.py").exists()]
    return ", ".join(f"cpu/{name}.py and cuda/{name}.py" for name in files) or "none: it looks at memory in another way"


def _formula(node: ast.FunctionDef) -> str:
    """The body of a formula on one line, without the `m.` of the math it is given."""
    body = "; ".join(ast.unparse(line) for line in node.body)
    parameters = ", ".join(a.arg for a in node.args.args[1:])
    return f"{node.name}({parameters}) = " + re.sub(r"\bm\.|^return |(?<=; )return ", "", body)


def _tests(name: str, tested: Rows | None) -> Iterator[str]:
    if tested is not None:
        yield from _paragraph("tests    ", ", ".join(tested.get(name, ())) or "only as a part of others")


def _paragraph(head: str, text: str) -> list[str]:
    return wrap(text, WIDTH, initial_indent=f"  {head}", subsequent_indent=" " * (2 + len(head)))


def main() -> None:
    """Print the table."""
    try:
        tested = rows(import_module("tests"))
    except ImportError:  # an installed package
        tested = None
    sys.stdout.write("\n".join(table(tested)) + "\n")


if __name__ == "__main__":
    main()
