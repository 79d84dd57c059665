"""The shape of the house: imports point down, CPU and CUDA kernels are twins, and what kernels must not do."""

import ast
import configparser
import re
from functools import cache
from pathlib import Path

import pytest

import tinygrad_cnn
from tinygrad_cnn import devices

from . import runs
from .specs import ROWS

PACKAGE = Path(tinygrad_cnn.__file__).parent
ROOT = PACKAGE.parent
MODULES = {
    ".".join(("tinygrad_cnn", *path.relative_to(PACKAGE).with_suffix("").parts)).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
TWINS = sorted(
    {
        path.stem
        for side, alone in devices.ONE_SIDED.items()
        for path in (PACKAGE / side).glob("[!_]*.py")
        if path.stem not in alone
    }
)

# Modules, by the first part of their name, may import from their own layer and from those below.
LAYERS = [
    ("left_out", "pickles", "shapes", "indices", "layer_shapes", "formulas", "layered", "cache", "text", "environment"),
    ("arrays", "random", "nest", "handles", "version"),
    ("cpu", "cuda", "meta"),
    ("devices", "defaults", "memory_format", "threads", "grad_mode", "autograd", "custom", "anomaly", "checkpoint",
     "dlpack", "drawing"),
    ("ops",),
    ("operators", "gradient", "gradient_check", "exchange", "methods", "tensor", "creation", "functions", "printing",
     "pytorch"),
    ("nn", "optim"),
    (
        "models", "data", "utils", "backends", "saving", "objects", "pth",
        "weights", "viz", "train", "tasks", "recipes", "predict", "installation",
        "cli", "__main__", "",
    ),
]
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}


@cache
def tree(path):
    return ast.parse(path.read_text(encoding="utf-8"), str(path))


def layer(module):
    """The level of a module of the package, by the first part of its name."""
    first = module.split(".")[1] if "." in module else ""
    assert first in LEVEL, f"{module} has no layer: add {first!r} to LAYERS"
    return LEVEL[first]


def imports(module, path):
    """(line, name of a module of the package) of every import, those within functions too."""
    home = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = home.split(".")[: len(home.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*base, *([node.module] if node.module else [])])
            inside = [f"{base}.{alias.name}" for alias in node.names]
            names = [name if name in MODULES else base for name in inside]
        else:
            continue
        yield from ((node.lineno, name) for name in names if name in MODULES)


@pytest.mark.parametrize("module", MODULES)
def test_imports_point_down(module):
    for line, name in imports(module, MODULES[module]):
        assert layer(name) <= layer(module), f"{module}, line {line}, imports {name} from a layer above"


# ---- twins: the same entry points in cpu/ and in cuda/ ------------------------------------------------------------------


def entry_points(side, name):
    """{name: (parameters, docstring)} of the undecorated public functions of a kernel module."""
    functions = [node for node in tree(PACKAGE / side / f"{name}.py").body if isinstance(node, ast.FunctionDef)]
    return {
        f.name: (
            [*(a.arg for a in f.args.args), f.args.vararg and f.args.vararg.arg],
            " ".join((ast.get_docstring(f) or "").split()),
        )
        for f in functions
        if not f.name.startswith("_") and not f.decorator_list
    }


@pytest.mark.parametrize("name", TWINS)
def test_twins(name):
    """The same entry points with the same parameters and the same formula."""
    for side in ("cpu", "cuda"):
        assert (PACKAGE / side / f"{name}.py").exists(), f"write {side}/{name}.py, or list it in devices.ONE_SIDED"
    cpu, cuda = entry_points("cpu", name), entry_points("cuda", name)
    assert set(cpu) == set(cuda), f"{name}: public functions on one side only: {set(cpu) ^ set(cuda)}"
    for entry, (parameters, formula) in cpu.items():
        assert parameters == cuda[entry][0], f"{name}.{entry}: parameters {parameters} and {cuda[entry][0]}"
        assert formula and formula == cuda[entry][1], f"{name}.{entry}: docstrings {formula!r} and {cuda[entry][1]!r}"


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.glob("c[pu]*/*.py")), ids=lambda path: f"{path.parent.name}/{path.stem}"
)
def test_kernels_are_private(path):
    """What is compiled on its own starts with an underscore; helpers that are compiled into kernels may be shared."""
    for node in tree(path).body:
        if isinstance(node, ast.FunctionDef):
            decorators = {ast.unparse(d).split("(")[0] for d in node.decorator_list}
            assert node.name.startswith("_") or not decorators & {"jit", "kernel"}, (
                f"{path}: {node.name} is a kernel; call it _{node.name}"
            )


class Witness:
    """A kernel package that writes down which entry points are called."""

    def __init__(self, package):
        self.package, self.called = package, set()

    def __getattr__(self, name):
        found = getattr(self.package, name)
        if name in ("empty", "upload", "download", "synchronize"):
            return found
        return Module(name, found, self.called)


class Module:
    def __init__(self, name, module, called):
        self.name, self.module, self.called = name, module, called

    def __getattr__(self, entry):
        self.called.add((self.name, entry))
        return getattr(self.module, entry)


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_every_operation_has_twins(row, monkeypatch):
    witness = Witness(devices.package("cpu"))
    monkeypatch.setitem(devices._loaded, "cpu", witness)
    case = row.small
    runs.call(row, case, runs.tensors(case.fill(dtype="float32")))
    if case.differentiable():
        runs.gradients(row, case, case.fill(dtype="float32"))
    for module, entry in witness.called:
        for side in ("cpu", "cuda"):
            assert entry in entry_points(side, module), f"{row.name} needs {entry} in {side}/{module}.py"


# ---- kernels ---------------------------------------------------------------------------------------------------------

THREAD = re.compile(r"cuda\.(threadIdx|grid\(|laneid)")


def tainted(function):
    """Names in a kernel that may differ from thread to thread."""
    found, before = set(), None
    while found != before:
        before = set(found)
        for node in ast.walk(function):
            if isinstance(node, (ast.Assign, ast.AugAssign)):
                target, value = node.targets[0] if isinstance(node, ast.Assign) else node.target, node.value
                both = isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple)
                for to, of in zip(target.elts, value.elts) if both else [(target, value)]:
                    if differs(of, found):
                        found |= {
                            n.id for n in ast.walk(to) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
                        }
            elif isinstance(node, ast.For) and differs(node.iter, found):
                found |= {n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)}
    return found


def differs(expression, names):
    used = {n.id for n in ast.walk(expression) if isinstance(n, ast.Name)}
    return bool(used & names) or bool(THREAD.search(ast.unparse(expression)))


def barriers(node, waiting):
    """Calls of syncthreads, or of device functions that wait."""
    return [n for n in ast.walk(node) if isinstance(n, ast.Call) and ast.unparse(n.func).split(".")[-1] in waiting]


@pytest.mark.parametrize("path", sorted((PACKAGE / "cuda").glob("*.py")), ids=lambda path: path.stem)
def test_no_barrier_under_a_divergent_branch(path):
    """All threads of a block reach every barrier: none stands where only some come, nor behind where some left."""
    functions = [node for node in tree(path).body if isinstance(node, ast.FunctionDef)]
    waiting = {"syncthreads"}
    waiting |= {
        f.name for f in functions if any("device" in ast.unparse(d) for d in f.decorator_list) and barriers(f, waiting)
    }
    for function in functions:
        names = tainted(function)
        for node in ast.walk(function):
            if isinstance(node, (ast.If, ast.While)):
                condition = node.test
            elif isinstance(node, ast.For):
                condition = node.iter
            else:
                continue
            if differs(condition, names):
                assert not barriers(node, waiting), (
                    f"{path.name}, line {node.lineno}: a barrier depends on {ast.unparse(condition)}"
                )
                leaves = any(isinstance(n, ast.Return) for n in ast.walk(node))
                later = [b for b in barriers(function, waiting) if b.lineno > node.lineno]
                assert not (leaves and later), f"{path.name}, line {node.lineno}: threads return before a barrier"


@pytest.mark.parametrize("path", sorted((PACKAGE / "cuda").glob("*.py")), ids=lambda path: path.stem)
def test_compiler_is_known_to_two_files(path):
    if path.stem not in ("compiler", "intrinsics"):
        for node in ast.walk(tree(path)):
            names = (
                [a.name for a in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom) and not node.level
                else []
            )
            names += [f"{node.module}.{a.name}" for a in node.names] if isinstance(node, ast.ImportFrom) else []
            assert not any(re.match(r"numba\.cuda|numba_cuda|llvmlite", name) for name in names), (
                f"{path.name}, line {node.lineno}: only compiler.py and intrinsics.py import the compiler"
            )


def test_operations_know_no_compiler():
    for module, path in MODULES.items():
        if not module.startswith(("tinygrad_cnn.cpu", "tinygrad_cnn.cuda", "tinygrad_cnn.installation")):
            assert not re.search(r"^\s*(import|from) (numba|llvmlite)", path.read_text(), re.M), (
                f"{module} imports the compiler"
            )


def test_no_automatic_parallelism_and_no_atomics():
    for module, path in MODULES.items():
        for node in ast.walk(tree(path)):
            name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
            assert name not in ("prange", "atomic"), f"{module}, line {node.lineno}: {name}"
            assert not (
                isinstance(node, ast.keyword) and node.arg == "parallel" and ast.unparse(node.value) == "True"
            ), f"{module}, line {node.lineno}: parallel=True"


def test_shared_arrays_one_per_line():
    """The emulator, and Numba's simulator, know a shared array by its line."""
    for path in (PACKAGE / "cuda").glob("*.py"):
        for number, line in enumerate(path.read_text().splitlines(), 1):
            assert line.count("cuda.shared.array(") < 2, f"{path.name}, line {number}"


# ---- files -----------------------------------------------------------------------------------------------------------


def texts():
    return [
        path
        for folder in ("tinygrad_cnn", "tests", "benchmarks", "notebooks")
        for path in (ROOT / folder).rglob("*.py")
    ]


def test_files_are_short():
    for path in texts():
        lines = path.read_text(encoding="utf-8").splitlines()
        assert len(lines) <= 400, f"{path.relative_to(ROOT)} has {len(lines)} lines; 400 is the most"


def test_nothing_is_left_to_do():
    for path in texts():
        found = re.search(r"\b(TO" r"DO|FIX" r"ME|XX" r"X)\b", path.read_text(encoding="utf-8"))
        assert not found, f"{path.relative_to(ROOT)} says {found[0]}"


def test_dependencies_are_ranges():
    """Only the peers we compare with, and the tools that read machine code, are pinned."""
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    groups = dict(setup["options.extras_require"]) | {"install": setup["options"]["install_requires"]}
    for name, requirements in groups.items():
        if name not in ("peers", "ptx"):
            assert "==" not in re.sub(r";.*", "", requirements, flags=re.M), f"[{name}] pins a version: {requirements}"
