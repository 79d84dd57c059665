"""FractalNet: the rule, drop-path, and columns that stand alone."""

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import models, nn
from tinygrad_cnn.models.fractalnet import join, kept

from .test_resnet import images


def small(columns=3, **kwargs):
    return models.FractalNet(columns, num_classes=4, in_channels=2, widths=(3, 4), dropouts=(0.0, 0.0), **kwargs)


def convolutions(network, x):
    """The convolutions that run for `x`, by identity, in order."""
    called = []
    with nn.watch(lambda module, inputs, out: called.append(module)):
        network(x)
    return [module for module in called if isinstance(module, nn.Conv2d)]


def same(a, b):
    return (a.detach().numpy() == b.detach().numpy()).all()


def test_a_join_is_the_mean():
    paths = [images(2, 3, seed=k) for k in range(3)]
    wanted = np.mean([p.detach().numpy() for p in paths], axis=0)
    np.testing.assert_allclose(join(paths).detach().numpy(), wanted, rtol=1e-6, atol=1e-7)
    assert join(paths[:1]) is paths[0]


@pytest.mark.parametrize("columns", [1, 2, 3, 4])
def test_columns_have_one_two_four_convolutions(columns):
    block = models.FractalBlock(2, 3, columns)
    assert sum(isinstance(m, nn.Conv2d) for m in block.modules()) == 2**columns - 1
    assert [len(block.column(k)) for k in range(columns)] == [2**k for k in range(columns)]
    with pytest.raises(IndexError, match=f"FractalBlock: column is {columns} but there are {columns}; use 0 to"):
        block.column(columns)


def test_the_rule():
    """f_3 is the mean of f_2 of f_2, whose last mean is opened, and one convolution; columns are pooled before the mean."""
    block, x = models.FractalBlock(2, 3, 3, pool=nn.MaxPool2d(2)).eval(), images(2, 2, 6, 6)
    first, second = block.first, block.second

    def two(f, x):  # both columns of f_2
        return [f.unit(x), f.second.unit(f.first.unit(x))]

    ends = [block.unit(x), *two(second, join(two(first, x)))]
    wanted = join([nn.functional.max_pool2d(end, 2) for end in ends])
    np.testing.assert_allclose(block(x).detach().numpy(), wanted.detach().numpy(), rtol=1e-5, atol=1e-6)


def test_local_drop_path_keeps_one_at_least():
    tg.manual_seed(0)
    draws = [kept(3, 0.4) for _ in range(4000)]
    assert all(draws) and set().union(*draws) == {0, 1, 2}
    for k in range(3):  # the survivor of a join that would lose all is each as likely
        assert abs(np.mean([k in draw for draw in draws]) - (0.6 + 0.4**3 / 3)) < 0.03
    assert kept(3, 0.0) == {0, 1, 2}
    assert {len(kept(3, 1.0)) for _ in range(20)} == {1}


def test_global_drop_path_takes_each_column_as_often():
    tg.manual_seed(0)
    network, x = small(global_drop_path=1.0), images(2, 2, 4, 4)
    lengths = [len(convolutions(network, x)) for _ in range(300)]
    assert set(lengths) == {2, 4, 8}  # two blocks of 1, 2 or 4
    assert all(abs(lengths.count(n) / 300 - 1 / 3) < 0.1 for n in (2, 4, 8))


def test_half_of_the_batches_see_one_column():
    tg.manual_seed(0)
    network, x = small(drop_path=0.0), images(2, 2, 4, 4)
    lengths = [len(convolutions(network, x)) for _ in range(200)]
    assert abs(lengths.count(14) / 200 - 0.5) < 0.12 and set(lengths) == {2, 4, 8, 14}


def test_what_is_dropped_is_not_computed():
    tg.manual_seed(0)
    network, x = small(drop_path=0.6, global_drop_path=0.0), images(2, 2, 4, 4)
    counts = {len(convolutions(network, x)) for _ in range(60)}
    assert min(counts) < 5 and max(counts) > 9
    network(x).sum().backward()
    ran = [p.grad is not None for p in network.parameters()]
    assert any(ran) and not all(ran)


@pytest.mark.parametrize("k", [0, 1, 2])
def test_a_column_is_a_network_of_its_own(k):
    network, x = small().eval(), images(2, 2, 4, 5)
    column = network.column(k)
    convs = [m for m in column.modules() if isinstance(m, nn.Conv2d)]
    assert len(convs) == 2 * 2**k and {id(p) for p in column.parameters()} <= {id(p) for p in network.parameters()}
    y = x
    for block in network.blocks:
        y = block(y, k)
    assert same(column(x), network.fc(y.mean((2, 3))))
    assert not same(column(x), network(x))


def test_evaluation_drops_nothing_and_repeats():
    network, x = small().eval(), images(2, 2, 4, 4)
    state = tg.random.get_state()
    assert len(convolutions(network, x)) == 14 and same(network(x), network(x))
    assert tg.random.get_state() == state


def test_a_seed_repeats_the_paths():
    network, x = small(), images(2, 2, 4, 4)
    runs = []
    for _ in range(2):
        tg.manual_seed(5)
        runs.append([[id(m) for m in convolutions(network, x)] for _ in range(8)])
    assert runs[0] == runs[1] and len({tuple(run) for run in runs[0]}) > 2


def test_dropout_by_block():
    network = models.FractalNet(2, widths=(2, 2, 2, 2, 2))
    found = [{m.p for m in block.modules() if isinstance(m, nn.Dropout)} for block in network.blocks]
    assert found == [set(), {0.1}, {0.2}, {0.3}, {0.4}]
    unit = models.FractalUnit(2, 3, 0.1)
    assert [name for name, _ in unit.named_children()] == ["conv", "drop", "bn", "relu"]


def test_first_weights():
    tg.manual_seed(0)
    unit = models.FractalUnit(16, 16)
    weight = unit.conv.weight.detach().numpy()
    bound = (6 / (2 * 16 * 9)) ** 0.5
    assert 0.95 * bound < np.abs(weight).max() <= bound and not unit.conv.bias.detach().numpy().any()


def test_probabilities_are_checked():
    with pytest.raises(ValueError, match="FractalNet: p is 2 but must be a probability; use 0 to 1"):
        models.fractalnet10(global_drop_path=2)
    with pytest.raises(ValueError, match="FractalBlock: p is -1 but must be a probability; use 0 to 1"):
        models.FractalBlock(2, 2, drop_path=-1)
