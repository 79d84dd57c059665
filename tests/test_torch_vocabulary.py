"""PyTorch's own tables of operations and modules, with their sample inputs, error inputs and dtypes, run here.

Every entry whose name exists in this package is called with the same arguments: results, dtypes, gradients, what became of
the arguments, and refusals must be PyTorch's. KNOWN lists what differs, and why.
"""

import contextlib
import warnings
from functools import cache
from itertools import chain

import numpy as np
import pytest

import tinygrad_cnn as tg

pytestmark = [pytest.mark.peers, pytest.mark.filterwarnings("ignore")]
torch = pytest.importorskip("torch")
pytest.importorskip("expecttest")

DTYPES = {getattr(torch, name): getattr(tg, name) for name in ("float64", "float32", "int64", "int32", "uint8", "bool")}
SAMPLES = {torch.float64: 4, torch.float32: 2}  # of an operation, spread over those of the table; 1 of another dtype

KNOWN = {
    "gradient": "the name is that of a module here; numpy.gradient computes it",
    "nn.functional.local_response_norm": "an empty integer tensor is refused its dtype",
}
KNOWN_SAMPLES = {  # {operation: (of which arguments, why)}
    "nn.functional.batch_norm": (lambda x, *rest, **options: x.dim() < 2, "a batch without channels is refused"),
}
ARGUMENTS = {  # of the functions that PyTorch's table calls in another order than its own
    "where": lambda x, condition, other: tg.where(condition, x, other),
    "einsum": lambda operands, equation: tg.einsum(equation, operands),
    "nn.functional.embedding": lambda weight, index, **options: tg.nn.functional.embedding(index, weight, **options),
}
ORDERED = {"sort": 1, "argsort": 1, "topk": 2, "kthvalue": 2}  # {operation: the place of `dim` among its arguments}
RANDOM = ("dropout", "bernoulli", "rand", "normal", "uniform", "empty", "multinomial", "rrelu")


class Unsupported(Exception):
    """A sample of what this package has not: another dtype, layout or device."""


@cache
def tables():
    """(operations, modules) of PyTorch; importing them takes seconds and warns."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from torch.testing._internal.common_methods_invocations import op_db
        from torch.testing._internal.common_modules import module_db
    return op_db, module_db


def mapped(value, tensor):
    """`value` with `tensor` applied to its tensors, and dtypes and devices by this package's names."""
    if isinstance(value, torch.Tensor):
        return tensor(value)
    if isinstance(value, torch.Size) or (isinstance(value, (list, tuple)) and not hasattr(value, "_fields")):
        kind = list if isinstance(value, list) else tuple
        return kind(mapped(v, tensor) for v in value)
    if isinstance(value, dict):
        return {k: mapped(v, tensor) for k, v in value.items()}
    return value


def ours(value):
    """The same arguments for this package, in memory of their own and with the same strides."""

    def tensor(t):
        if t.dtype not in DTYPES or t.layout != torch.strided or t.device.type != "cpu" or t.dim() > 64:
            raise Unsupported(t)
        array = t.detach().numpy()
        return tg.from_numpy(array.copy(order="K")).requires_grad_(t.requires_grad)

    def rest(v):
        if isinstance(v, torch.dtype):
            if v not in DTYPES:
                raise Unsupported(v)
            return DTYPES[v]
        if isinstance(v, (torch.memory_format, torch.layout, torch.Generator, torch.nn.Module, complex)):
            raise Unsupported(v)
        if isinstance(v, dict):
            return {k: rest(x) for k, x in v.items()}
        return type(v)(rest(x) for x in v) if type(v) in (list, tuple) else v

    return rest(mapped(value, tensor))


def copied(value):
    """The arguments for PyTorch, in memory of their own."""
    return mapped(value, lambda t: t.detach().clone(memory_format=torch.preserve_format).requires_grad_(t.requires_grad))


def leaves(value):
    if isinstance(value, (torch.Tensor, tg.Tensor)) or not isinstance(value, (list, tuple, dict)):
        return [value]
    return list(chain.from_iterable(map(leaves, value.values() if isinstance(value, dict) else value)))


def tensors(value):
    return [v for v in leaves(value) if isinstance(v, (torch.Tensor, tg.Tensor))]


def check(what, got, want, values=True):
    """Results of both: shapes, dtypes, and unless they are random the values."""
    got, want = tensors(got), tensors(want)
    assert len(got) == len(want), f"{what}: {len(got)} tensors, PyTorch gives {len(want)}"
    for a, b in zip(got, want):
        assert a.shape == tuple(b.shape), f"{what}: shape {a.shape}, PyTorch's {tuple(b.shape)}"
        assert a.dtype == DTYPES[b.dtype], f"{what}: dtype {a.dtype}, PyTorch's {b.dtype}"
        if values:
            rtol, atol = (2e-4, 2e-5) if b.dtype == torch.float32 else (1e-7, 1e-8)
            np.testing.assert_allclose(a.detach().numpy(), b.detach().numpy(), rtol, atol, err_msg=what)


def check_gradients(got, want, arguments, theirs):
    """The gradients of all floating results, weighted by the same numbers."""
    for a, b in zip(tensors(got), tensors(want)):
        assert a.requires_grad == b.requires_grad, f"requires_grad is {a.requires_grad}, PyTorch's {b.requires_grad}"
    outs = [(a, b) for a, b in zip(tensors(got), tensors(want)) if b.requires_grad]
    into, those = ([t for t in tensors(x) if t.requires_grad] for x in (arguments, theirs))
    if not outs or not those:
        return
    rng = np.random.default_rng(0)
    weights = [rng.standard_normal(tuple(b.shape)) for _, b in outs]
    try:
        expected = torch.autograd.grad([b for _, b in outs], those, [torch.as_tensor(w, dtype=b.dtype)
                                       for w, (_, b) in zip(weights, outs)], allow_unused=True)
    except RuntimeError:  # an operation that PyTorch does not differentiate
        return
    found = tg.grad([a for a, _ in outs], into, [tg.tensor(w, dtype=a.dtype) for w, (a, _) in zip(weights, outs)],
                    allow_unused=True)
    for g, e in zip(found, expected):
        if g is None or e is None:
            assert not np.any((e if g is None else g).numpy()) if g is not e else True, "a gradient is missing"
        else:
            check("gradient", g, e)


def picked(name, results, arguments):
    """What an operation found; of an order, each index is replaced by the element it names, as of equal ones any may come
    first."""
    positional, options = arguments
    if name not in ORDERED or options.get("stable"):
        return results
    x, place = positional[0].detach(), ORDERED[name]
    dim = positional[place] if len(positional) > place else options.get("dim", -1)
    *values, index = tensors(results)
    return [*values, x.gather(dim, index if index.ndim == x.ndim else index.unsqueeze(dim))]


def call(name, function, theirs, arguments, values=True, grad=False):
    """Whether both do the same with the arguments (positional, keyword) of the operation `name`."""
    mine, yours = ours(arguments), copied(arguments)
    refused = None
    try:
        want = theirs(*yours[0], **yours[1])
    except Exception as error:
        refused = error
    if refused is not None:
        with pytest.raises((RuntimeError, ValueError, IndexError, TypeError)):
            function(*mine[0], **mine[1])
        return
    if any(t.dtype not in DTYPES for t in tensors(want)):
        raise Unsupported(want)
    got = function(*mine[0], **mine[1])
    check("result", got, want, False)
    if values:
        check("result", picked(name, got, mine), picked(name, want, yours))
    check("arguments afterwards", mine, yours, values)
    if grad and values:
        check_gradients(got, want, mine, yours)


def forms(op):
    """(name, our function, PyTorch's) of an operation as function, method and in place."""
    found = tg
    for part in op.name.split("."):
        found = getattr(found, part, None)
    if callable(found):
        yield op.name, ARGUMENTS.get(op.name, tg.Tensor.normal_ if op.variant_test_name == "in_place" else found), op.op
    for suffix, theirs in (("", op.method_variant), ("_", op.inplace_variant)):
        method = getattr(tg.Tensor, op.name + suffix, None)
        if method is not None and theirs is not None:
            yield f"Tensor.{op.name}{suffix}", method, theirs


def spread(samples, count):
    """At most `count` of the samples, evenly from the first to the last."""
    samples = list(samples)
    return [samples[k] for k in dict.fromkeys(np.linspace(0, len(samples) - 1, count).astype(int))] if samples else []


def verdict(counts, failures, least):
    """All failures in one message; and enough must have run for the test to mean something."""
    assert not failures, f"{len(failures)} of {len(counts)} calls:\n" + "\n".join(failures[:60])
    assert len(counts) >= least, f"only {len(counts)} calls"
    print(f"{len(counts)} calls agree with PyTorch's")


@contextlib.contextmanager
def noted(name, arguments, counts, failures):
    """Count a call, and note how it failed."""
    try:
        yield
        counts.append(name)
    except Unsupported:
        pass
    except (Exception, pytest.fail.Exception) as error:
        counts.append(name)
        shown = mapped(arguments, lambda t: f"{str(t.dtype)[6:]}{tuple(t.shape)}")
        failures.append(f"{name}{shown}: {type(error).__name__}: {' '.join(str(error).split())[:300]}"[:600])


def operations():
    return [op for op in tables()[0] if op.name not in KNOWN and any(True for _ in forms(op))]


@pytest.mark.parametrize("dtype, least", [*zip(DTYPES, (900, 600, 200, 200, 200, 150))], ids=str)
def test_operations(dtype, least):
    counts, failures = [], []
    for op in operations():
        if not op.supports_dtype(dtype, "cpu"):
            continue
        grad = op.supports_autograd and dtype.is_floating_point
        torch.manual_seed(0)
        try:
            samples = spread(op.sample_inputs("cpu", dtype, requires_grad=grad), SAMPLES.get(dtype, 1))
        except (RuntimeError, NotImplementedError):  # PyTorch itself cannot make them
            continue
        for name, function, theirs in forms(op):
            for sample in samples[: 2 if name.startswith("Tensor.") else None]:
                arguments = ((sample.input, *sample.args), sample.kwargs)
                if op.name in KNOWN_SAMPLES and KNOWN_SAMPLES[op.name][0](*arguments[0], **arguments[1]):
                    continue
                with noted(name, arguments, counts, failures):
                    in_place = name.endswith("_")
                    plain = mapped(arguments, torch.Tensor.detach) if in_place else arguments
                    values = not any(word in op.name for word in RANDOM)
                    call(op.name, function, theirs, plain, values, grad and not in_place)
    verdict(counts, failures, least)


def test_refusals():
    """The arguments that PyTorch's table says must be refused, and by an error that the same `except` catches."""
    counts, failures = [], []
    for op in operations():
        name, function, _ = next(iter(forms(op)))
        if op.error_inputs_func is None or name.startswith("Tensor."):
            continue
        for error in op.error_inputs("cpu"):
            sample = error.sample_input
            arguments = ((sample.input, *sample.args), sample.kwargs)
            with noted(name, arguments, counts, failures), contextlib.suppress(KeyError):
                if "out" in sample.kwargs:
                    continue
                mine, yours = ours(arguments), copied(arguments)
                with contextlib.suppress(Exception):
                    op.op(*yours[0], **yours[1])
                    continue  # PyTorch's table is not of PyTorch's mind
                with pytest.raises(error.error_type):
                    function(*mine[0], **mine[1])
    verdict(counts, failures, 150)


def test_modules():
    """Forward, backward and the state afterwards of every module, in training and in evaluation."""
    counts, failures = [], []
    for info in tables()[1]:
        name = info.module_cls.__name__
        found = getattr(tg.nn, name, None)
        if found is None:
            continue
        for dtype, training in ((torch.float64, True), (torch.float64, False), (torch.float32, True)):
            inputs = info.module_inputs_func(info, device="cpu", dtype=dtype, requires_grad=True, training=training)
            for sample in spread(inputs, 6):
                made = sample.constructor_input
                with noted(f"nn.{name}", (made.args, made.kwargs), counts, failures):
                    compare_modules(info.module_cls, found, sample, dtype, training)
    verdict(counts, failures, 250)


def test_modules_refuse():
    """The arguments and inputs that PyTorch's table says a module must refuse."""
    counts, failures = [], []
    for info in tables()[1]:
        found = getattr(tg.nn, info.module_cls.__name__, None)
        if found is None or info.module_error_inputs_func is None:
            continue
        for error in info.module_error_inputs_func(info, device="cpu", dtype=torch.float32, requires_grad=False, training=True):
            made, given = error.module_error_input.constructor_input, error.module_error_input.forward_input
            with noted(f"nn.{found.__name__}", (made.args, made.kwargs), counts, failures):
                args, kwargs, x = ours(made.args), ours(made.kwargs), ours((given.args, given.kwargs)) if given else ((), {})
                with pytest.raises(error.error_type):
                    found(*args, **kwargs)(*x[0], **x[1])
    verdict(counts, failures, 25)


def compare_modules(theirs, kind, sample, dtype, training):
    made = sample.constructor_input
    mine = kind(*ours(made.args), **ours(made.kwargs)).to(DTYPES[dtype]).train(training)
    yours = theirs(*made.args, **made.kwargs).to(dtype).train(training)
    if kind.__name__.startswith("Lazy"):  # the first input says the shapes
        for module, given in ((mine, ours), (yours, copied)):
            module(*given(sample.forward_input.args))
    mine.load_state_dict({key: ours(value) for key, value in yours.state_dict().items()})
    given = (sample.forward_input.args, sample.forward_input.kwargs)
    a, b = ours(given), copied(given)
    got, want = mine(*a[0], **a[1]), yours(*b[0], **b[1])
    values = not (training and ("Dropout" in kind.__name__ or kind is tg.nn.RReLU))
    check("result", got, want, values)
    check("state afterwards", mine.state_dict(), yours.state_dict())
    if values:
        check_gradients(got, want, (a, list(mine.parameters())), (b, list(yours.parameters())))
