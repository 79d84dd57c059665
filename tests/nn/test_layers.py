"""Every layer against PyTorch: values, gradients, buffers, keys, training and evaluation (tests/golden/make_nn.py)."""

import json
from pathlib import Path

import numpy as np
import pytest

import tinygrad_cnn as tg
from tinygrad_cnn import nn
from tinygrad_cnn.nn import functional as F

GOLDEN = np.load(Path(__file__).parents[1] / "golden" / "nn_layers.npz")
CASES = list(enumerate(json.loads(str(GOLDEN["cases"]))))


def expected(prefix):
    return {key.removeprefix(prefix): GOLDEN[key] for key in GOLDEN.files if key.startswith(prefix)}


def close(found, wanted):
    np.testing.assert_allclose(found, wanted, rtol=2e-5, atol=2e-5)


@pytest.mark.parametrize("number, case", CASES, ids=[f"{n}-{case[0]}" for n, case in CASES])
def test_layer_is_pytorchs(number, case):
    kind, arguments, text = case
    arguments = {key: tuple(value) if isinstance(value, list) else value for key, value in arguments.items()}
    layer = getattr(nn, kind)(**arguments)
    assert repr(layer).split("(")[0] == text.split("(")[0]
    if kind != "AvgPool1d":  # PyTorch prints its numbers as tuples
        assert repr(layer) == text
    layer.load_state_dict(expected(f"{number}.before."))
    x, g = GOLDEN[f"{number}.x"], GOLDEN[f"{number}.g"]
    layer(tg.tensor(x * 0.5 + 1))
    given = tg.tensor(x, requires_grad=True)
    y = layer(given)
    y.backward(tg.tensor(g))
    close(y.detach().numpy(), GOLDEN[f"{number}.y"])
    assert given.grad is not None
    close(given.grad.numpy(), GOLDEN[f"{number}.dx"])
    for key, value in layer.named_parameters():
        close(value.grad.numpy(), GOLDEN[f"{number}.grad.{key}"])
    after = expected(f"{number}.after.")
    assert list(layer.state_dict()) == list(after)
    for key, value in layer.state_dict().items():
        assert value.shape == after[key].shape and value.dtype == after[key].dtype
        close(value.numpy(), after[key])
    close(layer.eval()(tg.tensor(x)).detach().numpy(), GOLDEN[f"{number}.eval"])


def test_transposed_convolution_of_a_wanted_size():
    layer = nn.ConvTranspose2d(1, 2, 3, stride=2, padding=1)
    x = tg.zeros(1, 1, 4, 5)
    assert layer(x).shape == (1, 2, 7, 9)
    assert layer(x, output_size=(8, 9)).shape == (1, 2, 8, 9) == layer(x, output_size=(1, 2, 8, 9)).shape
    with pytest.raises(ValueError, match=r"output_size is \(9, 9\) but input .* can give \(7, 9\) to \(8, 10\)"):
        layer(x, output_size=(9, 9))


def test_dropout_drops_only_while_training():
    tg.manual_seed(0)
    layer, x = nn.Dropout(0.25), tg.ones(100, 100)
    y = layer(x).numpy()
    assert set(np.unique(y)) == {np.float32(0), np.float32(1 / 0.75)} and abs((y == 0).mean() - 0.25) < 0.02
    assert layer.eval()(x) is x
    with pytest.raises(ValueError, match=r"Dropout: p is 1.5 but must be a probability"):
        nn.Dropout(1.5)


def test_max_pool_returns_indices():
    x = tg.tensor(np.arange(16, dtype=np.float32).reshape(1, 1, 4, 4))
    values, places = nn.MaxPool2d(2, return_indices=True)(x)
    assert values.tolist() == [[[[5, 7], [13, 15]]]] and places.tolist() == [[[[5, 7], [13, 15]]]]
    assert places.dtype == tg.int64


@pytest.mark.parametrize("call, text", [
    (lambda: nn.Conv2d(3, 4, 3, groups=2), "Conv2d: groups is 2, which does not divide in_channels 3"),
    (lambda: nn.Conv2d(3, 4, (3, 3, 3)), r"Conv2d: kernel_size is \(3, 3, 3\) for 2 spatial axes"),
    (lambda: nn.Conv2d(3, 4, 3, padding="full"), "Conv2d: padding is 'full'; use 'valid', 'same' or numbers"),
    (lambda: nn.Conv1d(3, 4, 3, padding="same", stride=2), r"Conv1d: padding is 'same' with stride \(2,\)"),
    (lambda: nn.Conv2d(1, 1, 1, padding_mode="some"), "Conv2d: padding_mode is 'some' but must be one of 'zeros', 'reflect'"),
    (lambda: nn.ConvTranspose2d(1, 1, 1, padding_mode="reflect"), "ConvTranspose2d: padding_mode is 'reflect'"),
    (lambda: nn.Conv2d(3, 4, 3)(tg.zeros(8, 8)), r"conv2d: input has shape \(8, 8\) but 4 axes are needed"),
    (lambda: nn.GroupNorm(2, 3), "GroupNorm: num_groups is 2 for 3 channels"),
    (lambda: nn.InstanceNorm2d(3, affine=True)(tg.zeros(2, 4, 3, 3)), "InstanceNorm2d: input .* has 4 channels but 3"),
    (lambda: nn.InstanceNorm2d(3)(tg.zeros(2, 3)), r"InstanceNorm2d: input has shape \(2, 3\) but 4 axes are needed"),
    (lambda: nn.ZeroPad2d((1, 2)), r"ZeroPad2d: padding is \(1, 2\) but one int or 4 are needed"),
    (lambda: nn.Dropout1d()(tg.zeros(3)), r"dropout1d: input has shape \(3,\) but 2 or 3 axes"),
    (lambda: nn.Dropout2d()(tg.zeros(3)), r"dropout2d: input has shape \(3,\) but at least 2 axes"),
    (lambda: nn.FeatureAlphaDropout()(tg.zeros(3)), r"feature_alpha_dropout: input has shape \(3,\)"),
    (lambda: F.group_norm(tg.zeros(1, 4), 4), "group_norm: input .* has 1 element per group"),
    (lambda: nn.Conv2d(3, 4, 3)(tg.zeros(1, 2, 8, 8)), "has 2 channels but weight"),
    (lambda: nn.Conv2d(3, 4, 9)(tg.zeros(1, 3, 8, 8)), "window spans 9 but the padded input only 8"),
    (lambda: nn.MaxPool2d(2)(tg.zeros(8, 8)), r"max_pool2d: input has shape \(8, 8\) but 4 axes"),
    (lambda: nn.MaxPool2d(2, padding=2)(tg.zeros(1, 1, 8, 8)), "padding"),
    (lambda: nn.Linear(3, 2)(tg.zeros(4, 5)), "3 features"),
    (lambda: nn.BatchNorm2d(3)(tg.zeros(2, 3)), r"BatchNorm2d: input has shape \(2, 3\) but 4 axes with 3 channels"),
    (lambda: nn.BatchNorm1d(3)(tg.zeros(2, 4)), "BatchNorm1d: input has shape"),
    (lambda: nn.BatchNorm1d(3)(tg.zeros(1, 3)), "batch_norm"),
])
def test_what_does_not_fit_is_a_sentence(call, text):
    with pytest.raises((ValueError, NotImplementedError), match=text):
        call()


def test_an_input_of_another_dtype_is_refused():
    with pytest.raises(TypeError, match=r"linear: input is uint8 but weight float32; .* with .to\(float32\)"):
        nn.Linear(3, 2)(tg.tensor(np.zeros((4, 3), np.uint8)))
    with pytest.raises(TypeError, match="conv2d: input is float64"):
        nn.Conv2d(1, 2, 3)(tg.zeros(1, 1, 4, 4, dtype=tg.float64))


def test_named_paddings_are_amounts():
    x, w = tg.randn(2, 1, 7, 8), tg.randn(3, 1, 3, 5)
    assert F.conv2d(x, w, padding="valid").tolist() == F.conv2d(x, w).tolist()
    assert F.conv2d(x, w, padding="same").tolist() == F.conv2d(x, w, padding=(1, 2)).tolist()


def test_pad_names_the_last_axis_first():
    x = tg.tensor(np.arange(6, dtype=np.float32).reshape(1, 2, 3), requires_grad=True)
    y = F.pad(x, (1, -1, 0, 1), value=9.0)
    assert y.tolist() == [[[9, 0, 1], [9, 3, 4], [9, 9, 9]]]
    y.sum().backward()
    assert x.grad is not None and x.grad.tolist() == [[[1, 1, 0], [1, 1, 0]]]
    with pytest.raises(ValueError, match=r"pad: pad has 3 amounts for an input of shape \(1, 2, 3\)"):
        F.pad(x, (1, 1, 1))


def test_running_statistics_are_needed_outside_training():
    with pytest.raises(ValueError, match="batch_norm: running_mean or running_var is None outside training"):
        F.batch_norm(tg.zeros(2, 3), None, None)


def test_batch_norm_forgets():
    layer = nn.BatchNorm1d(2)
    layer(tg.tensor(np.array([[1.0, 2.0], [3.0, 5.0]], np.float32)))
    assert layer.num_batches_tracked.item() == 1
    layer.reset_parameters()
    assert layer.running_mean.tolist() == [0, 0] and layer.running_var.tolist() == [1, 1]
    assert layer.num_batches_tracked.item() == 0


@pytest.mark.parametrize("kernel, rank", [(3, 1), ((3, 2), 2), ((1, 3, 2), 3)])
def test_functions_and_modules_agree(kernel, rank):
    x = tg.tensor(np.random.default_rng(0).normal(size=(2, 4, 5, 6, 7)[:rank + 2]).astype(np.float32))
    layer = getattr(nn, f"Conv{rank}d")(4, 2, kernel)
    assert getattr(F, f"conv{rank}d")(x, layer.weight, layer.bias).tolist() == layer(x).tolist()
    layer = getattr(nn, f"ConvTranspose{rank}d")(4, 2, kernel)
    assert getattr(F, f"conv_transpose{rank}d")(x, layer.weight, layer.bias).tolist() == layer(x).tolist()
    for name, function in (("MaxPool", "max_pool"), ("AvgPool", "avg_pool")):
        assert getattr(F, f"{function}{rank}d")(x, 2, 1).tolist() == getattr(nn, f"{name}{rank}d")(2, 1)(x).tolist()


def test_single_samples_are_taken():
    """Whatever takes (n, c, ...) takes (c, ...): the same numbers, without the batch."""
    for rank in (1, 2, 3):
        x = tg.tensor(np.random.default_rng(rank).normal(size=(1, 4, 5, 6, 7)[:rank + 2]).astype(np.float32))
        layers = [getattr(nn, f"{name}{rank}d") for name in ("MaxPool", "AvgPool", "AdaptiveAvgPool", "AdaptiveMaxPool")]
        made = [kind(2) for kind in layers]
        made += [getattr(nn, f"Conv{rank}d")(4, 2, 3), getattr(nn, f"ConvTranspose{rank}d")(4, 2, 3)]
        made += [getattr(nn, f"{name}Pad{rank}d")(1) for name in ("Zero", "Reflection", "Replication", "Circular")]
        made += [getattr(nn, f"InstanceNorm{rank}d")(4), getattr(nn, f"LPPool{rank}d")(2, 2)]
        for layer in made:
            assert layer(x[0]).tolist() == layer(x)[0].tolist(), layer
        values, places = getattr(F, f"max_pool{rank}d")(x[0], 2, return_indices=True)
        assert values.shape == places.shape and values.ndim == rank + 1


def test_unpooling():
    for rank in (1, 2, 3):
        x = tg.tensor(np.arange(7.0**rank, dtype=np.float32).reshape(1, 1, *(7,) * rank))
        pool, back = getattr(nn, f"MaxPool{rank}d")(2, return_indices=True), getattr(nn, f"MaxUnpool{rank}d")(2)
        values, places = pool(x)
        assert back(values, places, output_size=x.shape).reshape(-1)[places.reshape(-1)].tolist() == values.reshape(-1).tolist()
        assert back(values[0], places[0], output_size=(7,) * rank).shape == (1, *(7,) * rank)
        assert f"MaxUnpool{rank}d(kernel_size=" in repr(back)
        with pytest.raises(ValueError, match=f"max_unpool{rank}d: output_size is .* by less than the stride"):
            back(values, places, output_size=(9,) * rank)
        with pytest.raises(ValueError, match=f"max_unpool{rank}d: indices are float32"):
            back(values, values)


@pytest.mark.parametrize("mode", ["reflect", "replicate", "circular"])
def test_convolutions_with_something_around(mode):
    x = tg.randn(2, 3, 6, 7)
    for padding, amounts in (((1, 2), (2, 2, 1, 1)), ("same", (1, 1, 1, 2))):
        layer = nn.Conv2d(3, 4, (4, 3) if padding == "same" else 3, padding=padding, padding_mode=mode)
        wanted = F.conv2d(F.pad(x, amounts, mode), layer.weight, layer.bias)
        assert layer(x).tolist() == wanted.tolist()
        assert nn.fused(layer, nn.ReLU())(x).tolist() == wanted.relu().tolist()
        assert f"padding_mode={mode}" in repr(layer)


def test_dropout_of_channels():
    tg.manual_seed(0)
    full = tg.ones(50, 40, 3, 2, 2)
    for layer, x in zip((nn.Dropout1d(0.25), nn.Dropout2d(0.25), nn.Dropout3d(0.25)), (full[..., 0, 0], full[..., 0], full)):
        y = layer(x).numpy().reshape(50 * 40, -1)
        assert (y == y[:, :1]).all() and set(np.unique(y)) == {np.float32(0), np.float32(1 / 0.75)}
        assert abs((y == 0).mean() - 0.25) < 0.04
        assert layer.eval()(x) is x
    assert nn.Dropout1d(1.0)(tg.ones(3, 4)).tolist() == [[0] * 4] * 3 and nn.Dropout3d(0.0)(full) is full


def test_alpha_dropout_keeps_mean_and_variance():
    tg.manual_seed(0)
    x = tg.randn(400, 300)
    for layer in (nn.AlphaDropout(0.3), nn.FeatureAlphaDropout(0.3)):
        y = layer(x).numpy()
        assert abs(y.mean()) < 0.02 and abs(y.std() - 1) < 0.02
        assert layer.eval()(x) is x
    assert nn.AlphaDropout(1.0)(tg.ones(2)).tolist() == [0, 0] and nn.AlphaDropout(0.0)(x) is x


def test_upsampling():
    x = tg.tensor(np.arange(4, dtype=np.float32).reshape(1, 1, 2, 2))
    assert nn.UpsamplingNearest2d(scale_factor=2)(x).tolist() == F.interpolate(x, 4).tolist() == [[[
        [0, 0, 1, 1], [0, 0, 1, 1], [2, 2, 3, 3], [2, 2, 3, 3]]]]
    assert nn.UpsamplingBilinear2d(3)(x).tolist() == [[[[0, 0.5, 1], [1, 1.5, 2], [2, 2.5, 3]]]]
    assert repr(nn.Upsample(scale_factor=(2, 3))) == "Upsample(scale_factor=(2.0, 3.0), mode='nearest')"


def test_unfold_and_fold_undo_each_other():
    x = tg.randn(2, 3, 4, 6)
    assert nn.Fold((4, 6), 2, stride=2)(nn.Unfold(2, stride=2)(x)).tolist() == x.tolist()
    assert nn.Unfold(2)(x[0]).tolist() == nn.Unfold(2)(x)[0].tolist()
    columns = tg.ones(12, 15)
    assert nn.Fold((4, 6), 2)(columns).shape == (3, 4, 6)


@pytest.mark.parametrize("eps, training", [(0.0, True), (-1.0, True), (-1.0, False)])
def test_batch_norm_refuses_an_eps_that_keeps_no_zero_away(eps, training):
    bn = nn.BatchNorm2d(3, eps=eps).train(training)
    with pytest.raises(ValueError, match=f"batch_norm: eps is {eps} but must be"):
        bn(tg.ones(2, 3, 2, 2))
    assert bn.running_mean.tolist() == [0, 0, 0]


def test_batch_norm_can_be_told_later_not_to_move_its_statistics():
    bn = nn.BatchNorm1d(2)
    bn.track_running_stats = False
    assert bn(tg.tensor([[0.0, 1.0], [2.0, 5.0]])).sum().abs().item() < 1e-6
    assert bn.running_mean.tolist() == [0, 0] and bn.num_batches_tracked.item() == 0


def test_layers_are_of_pytorchs_kinds_and_say_what_pytorchs_say():
    assert isinstance(nn.ReLU6(), nn.Hardtanh) and nn.ReLU6().max_val == 6 and isinstance(nn.ZeroPad2d(1), nn.ConstantPad2d)
    assert repr(nn.ReLU6(True)) == "ReLU6(inplace=True)" and nn.SyncBatchNorm(2, bias=False).bias is None
    conv = nn.Conv2d(1, 1, (3, 5), padding=(1, 2))
    assert not conv.transposed and nn.ConvTranspose2d(1, 1, 3).transposed and conv.output_padding == (0, 0)
    assert conv._reversed_padding_repeated_twice == (2, 2, 1, 1)
    with pytest.warns(FutureWarning, match="use min_val and max_val"):
        assert nn.Hardtanh(min_value=-3.0).min_val == -3
    with pytest.raises(AssertionError, match="min_val is 1 but must be below max_val 0"):
        nn.Hardtanh(1, 0)


@pytest.mark.parametrize("pad, shape", [(nn.CircularPad1d, (2, 3, 4, 5)), (nn.CircularPad2d, (2, 3)),
                                        (nn.CircularPad3d, (3, 4, 5))])
def test_circular_padding_says_how_many_axes_it_needs(pad, shape):
    with pytest.raises(ValueError, match=f"{pad.__name__}: input has shape .* axes are needed"):
        pad(1)(tg.ones(*shape))


def test_instance_norm_without_weights_warns_of_other_channels():
    with pytest.warns(UserWarning, match="InstanceNorm1d: input .* has 5 channels but 3 are needed"):
        assert nn.InstanceNorm1d(3)(tg.ones(2, 5, 4)).shape == (2, 5, 4)
