"""`python -m tinygrad_cnn.ops`: every operation is in the table, with kernels that exist and the rows that test it."""

import re
import subprocess
import sys
from pathlib import Path

import tests
import tinygrad_cnn
from benchmarks import work
from tinygrad_cnn import formulas
from tinygrad_cnn.autograd import Function
from tinygrad_cnn.ops import __main__ as listing

from .specs import ROWS

PACKAGE = Path(tinygrad_cnn.__file__).parent


def test_all_operations():
    lines = list(listing.table(listing.rows(tests)))
    text = "\n".join(lines)
    assert max(map(len, lines)) <= listing.WIDTH
    operations = {c.__name__ for c in subclasses(Function) if c.__module__.startswith("tinygrad_cnn.ops.")}
    missing = {name for name in operations if not name.startswith("_") and name not in lines}
    assert not missing
    assert all(name in lines for name in formulas.FORMULAS if "_gradient_" not in name)
    for file in set(re.findall(r"\bc(?:pu|uda)/\w+\.py", text)):
        assert (PACKAGE / file).exists()
    for file, line in re.findall(r"source   tinygrad_cnn/(\S+), line (\d+)", text):
        assert re.match(r"class |def ", (PACKAGE / file).read_text().splitlines()[int(line) - 1])


def subclasses(of):
    for made in of.__subclasses__():
        yield made
        yield from subclasses(made)


def test_rows():
    found = listing.rows(tests)
    assert found["CrossEntropy"] == ["cross_entropy", "cross_entropy_smoothed"]
    assert "conv2d" in found["ConvTranspose"] and "sigmoid" in found["sigmoid"]
    assert {row for rows in found.values() for row in rows} == set(ROWS), "a row runs no operation"


def test_shapes_to_measure():
    """Two of them, of at least 10 million operations or 4 MB: with smaller ones a benchmark would time the call."""
    for row in ROWS.values():
        first, second = (work.of(row, case)[0] for case in row.big)
        assert repr(row.big[0]) != repr(row.big[1]), f"{row.name}: the same shapes twice"
        assert all(w.bytes >= 4e6 or w.operations >= 1e7 for w in (first, second)), f"{row.name}: {first}, {second}"


def test_without_tests(tmp_path):
    """An installed package stands alone."""
    program = (f"import sys; sys.path.append({str(PACKAGE.parent)!r}); sys.modules['tests'] = None\n"
               "from tinygrad_cnn.ops.__main__ import main; main()")
    run = subprocess.run([sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True)
    assert run.returncode == 0 and "tests " not in run.stdout
    assert "formula  sigmoid(x) = 1.0 / (1.0 + exp(-x))" in run.stdout
