"""Write the expected values of tests/nn and tests/optim with PyTorch: `python tests/golden/make_nn.py`, run by hand.

Each file holds float32 arrays and, under "cases", what was done as JSON, so that the tests have no list of their own.
"""

import json
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).parent
LAYERS = [  # class, arguments, shape of the input
    ("Linear", dict(in_features=7, out_features=5), (3, 7)),
    ("Linear", dict(in_features=6, out_features=4, bias=False), (2, 3, 6)),
    ("Conv1d", dict(in_channels=4, out_channels=6, kernel_size=3, stride=2, padding=1, groups=2), (2, 4, 11)),
    ("Conv1d", dict(in_channels=2, out_channels=3, kernel_size=4, dilation=2, padding="same"), (2, 2, 9)),
    ("Conv2d", dict(in_channels=3, out_channels=5, kernel_size=3), (2, 3, 8, 7)),
    ("Conv2d", dict(in_channels=3, out_channels=4, kernel_size=(3, 2), stride=(2, 1), padding=(1, 0), bias=False),
     (2, 3, 9, 6)),
    ("Conv2d", dict(in_channels=4, out_channels=4, kernel_size=3, padding=2, dilation=2, groups=4), (2, 4, 6, 6)),
    ("Conv2d", dict(in_channels=2, out_channels=3, kernel_size=(2, 3), padding="same"), (2, 2, 5, 6)),
    ("Conv3d", dict(in_channels=2, out_channels=3, kernel_size=(2, 3, 3), padding=(0, 1, 1), stride=(1, 2, 1)),
     (2, 2, 4, 5, 5)),
    ("ConvTranspose1d", dict(in_channels=3, out_channels=4, kernel_size=4, stride=2, padding=1), (2, 3, 5)),
    ("ConvTranspose2d", dict(in_channels=3, out_channels=2, kernel_size=3, stride=2, padding=1, output_padding=1),
     (2, 3, 4, 5)),
    ("ConvTranspose2d", dict(in_channels=4, out_channels=6, kernel_size=2, stride=2, groups=2, bias=False),
     (2, 4, 3, 3)),
    ("ConvTranspose3d", dict(in_channels=2, out_channels=3, kernel_size=2, stride=(1, 2, 2), dilation=(2, 1, 1)),
     (1, 2, 3, 3, 2)),
    ("MaxPool1d", dict(kernel_size=3, stride=2, padding=1), (2, 3, 9)),
    ("MaxPool2d", dict(kernel_size=2), (2, 3, 6, 7)),
    ("MaxPool2d", dict(kernel_size=3, stride=2, padding=1, ceil_mode=True), (2, 3, 8, 8)),
    ("MaxPool2d", dict(kernel_size=(2, 3), stride=1, dilation=(2, 1)), (2, 2, 6, 6)),
    ("MaxPool3d", dict(kernel_size=(1, 2, 2)), (2, 2, 3, 4, 4)),
    ("AvgPool1d", dict(kernel_size=3, stride=2), (2, 3, 9)),
    ("AvgPool2d", dict(kernel_size=3, stride=2, padding=1, count_include_pad=False), (2, 3, 7, 7)),
    ("AvgPool2d", dict(kernel_size=3, stride=2, padding=1, ceil_mode=True), (2, 2, 6, 6)),
    ("AvgPool2d", dict(kernel_size=2, divisor_override=3), (2, 2, 4, 4)),
    ("AvgPool3d", dict(kernel_size=2), (2, 2, 4, 4, 4)),
    ("BatchNorm1d", dict(num_features=5), (6, 5)),
    ("BatchNorm1d", dict(num_features=4, momentum=None), (3, 4, 5)),
    ("BatchNorm2d", dict(num_features=3, eps=1e-3, momentum=0.01), (4, 3, 4, 5)),
    ("BatchNorm2d", dict(num_features=3, affine=False), (4, 3, 3, 3)),
    ("BatchNorm2d", dict(num_features=3, bias=False), (4, 3, 3, 3)),
    ("BatchNorm2d", dict(num_features=3, track_running_stats=False), (4, 3, 3, 3)),
    ("BatchNorm3d", dict(num_features=2), (2, 2, 3, 3, 3)),
    ("ReLU", {}, (3, 4)),
    ("Sigmoid", {}, (3, 4)),
    ("Tanh", {}, (3, 4)),
    ("Softmax", dict(dim=1), (3, 5)),
    ("LogSoftmax", dict(dim=-1), (2, 3, 4)),
    ("Flatten", {}, (2, 3, 2, 2)),
    ("Flatten", dict(start_dim=2, end_dim=-1), (2, 3, 2, 2)),
    ("Identity", {}, (2, 3)),
    ("Dropout", dict(p=0.0), (3, 4)),
]
LOSSES = [  # arguments of CrossEntropyLoss, shape of the input
    ({}, (6, 5)),
    ({"reduction": "sum"}, (6, 5)),
    ({"reduction": "none"}, (4, 3, 2, 3)),
    ({"ignore_index": 1}, (8, 4)),
    ({"ignore_index": -1}, (3, 4, 5)),
    ({"label_smoothing": 0.1}, (6, 5)),
    ({"label_smoothing": 0.2, "ignore_index": 2, "reduction": "mean"}, (8, 4)),
    ({"weight": [0.5, 2.0, 1.0]}, (6, 3, 4)),
    ({"weight": [0.5, 2.0, 1.0], "label_smoothing": 0.3, "ignore_index": 0}, (9, 3)),
    ({"weight": [0.5, 2.0, 1.0], "label_smoothing": 0.3, "reduction": "none"}, (2, 3, 8, 9)),
]
OPTIMIZERS = [
    ("SGD", {"lr": 0.1}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "weight_decay": 0.05}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3}),
    ("SGD", {"lr": 0.1, "momentum": 0.8, "nesterov": True, "weight_decay": 0.01}),
    ("Adam", {"lr": 0.05}),
    ("Adam", {"lr": 0.05, "betas": [0.8, 0.95], "eps": 1e-4, "weight_decay": 0.1}),
    ("AdamW", {"lr": 0.05}),
    ("AdamW", {"lr": 0.05, "weight_decay": 0.2}),
    ("SGD", {"lr": 0.1, "momentum": 0.9, "maximize": True, "weight_decay": 0.1}),
    ("Adam", {"lr": 0.05, "amsgrad": True, "maximize": True}),
    ("NAdam", {"lr": 0.05, "weight_decay": 0.1}),
    ("NAdam", {"lr": 0.05, "weight_decay": 0.1, "decoupled_weight_decay": True, "momentum_decay": 0.01}),
    ("RAdam", {"lr": 0.05, "betas": [0.9, 0.8]}),
    ("RAdam", {"lr": 0.05, "weight_decay": 0.1, "decoupled_weight_decay": True}),
    ("Adamax", {"lr": 0.05, "weight_decay": 0.1}),
    ("RMSprop", {"lr": 0.05}),
    ("RMSprop", {"lr": 0.05, "alpha": 0.9, "centered": True, "momentum": 0.8, "weight_decay": 0.1, "eps": 1e-3}),
    ("Adagrad", {"lr": 0.1, "lr_decay": 0.1, "initial_accumulator_value": 0.5, "weight_decay": 0.1}),
    ("Adadelta", {"lr": 1.0, "rho": 0.8, "weight_decay": 0.1}),
]
SCHEDULES = [  # class, arguments; a list of those and milestones is a SequentialLR
    ("StepLR", {"step_size": 3, "gamma": 0.5}),
    ("MultiStepLR", {"milestones": [2, 5, 5, 9], "gamma": 0.1}),
    ("CosineAnnealingLR", {"T_max": 8, "eta_min": 0.01}),
    ("LinearLR", {"start_factor": 0.2, "end_factor": 0.9, "total_iters": 5}),
    ("SequentialLR", {"schedulers": [["LinearLR", {"start_factor": 0.1, "total_iters": 4}],
                                     ["CosineAnnealingLR", {"T_max": 8}]], "milestones": [4]}),
    ("ConstantLR", {"factor": 0.25, "total_iters": 4}),
    ("ExponentialLR", {"gamma": 0.8}),
    ("PolynomialLR", {"total_iters": 9, "power": 2.0}),
    ("CosineAnnealingLR", {"T_max": 4, "eta_min": 0.01}),
    ("CosineAnnealingWarmRestarts", {"T_0": 2, "T_mult": 2, "eta_min": 0.001}),
    ("OneCycleLR", {"max_lr": 0.3, "total_steps": 13}),
    ("OneCycleLR", {"max_lr": [0.3, 0.1], "total_steps": 13, "anneal_strategy": "linear", "three_phase": True}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 3, "step_size_down": 2, "mode": "triangular2"}),
    ("CyclicLR", {"base_lr": 0.01, "max_lr": 0.1, "step_size_up": 3, "mode": "exp_range", "gamma": 0.9}),
    ("ChainedScheduler", {"schedulers": [["ConstantLR", {"factor": 0.1, "total_iters": 4}],
                                         ["ExponentialLR", {"gamma": 0.9}]]}),
]
STEPS = 12


def layers(random: np.random.Generator) -> dict[str, np.ndarray]:
    """Two training calls (the second shows what the first left in the buffers), then one in evaluation mode."""
    found, cases = {}, []
    for number, (kind, arguments, shape) in enumerate(LAYERS):
        module = getattr(torch.nn, kind)(**arguments)
        with torch.no_grad():
            for value in module.parameters():
                value.copy_(torch.from_numpy(random.normal(0.3, 0.5, tuple(value.shape)).astype(np.float32)))
        found |= {f"{number}.before.{key}": value.numpy().copy() for key, value in module.state_dict().items()}
        x = random.normal(0.2, 1, shape).astype(np.float32)
        module(torch.from_numpy(x * 0.5 + 1))
        given = torch.from_numpy(x).requires_grad_()
        y = module(given)
        g = random.normal(0, 1, tuple(y.shape)).astype(np.float32)
        y.backward(torch.from_numpy(g))
        found |= {f"{number}.x": x, f"{number}.g": g}
        found |= {f"{number}.y": y.detach().numpy(), f"{number}.dx": given.grad.numpy()}
        found |= {f"{number}.grad.{key}": value.grad.numpy() for key, value in module.named_parameters()}
        found |= {f"{number}.after.{key}": value.numpy().copy() for key, value in module.state_dict().items()}
        found[f"{number}.eval"] = module.eval()(torch.from_numpy(x)).detach().numpy()
        cases.append([kind, arguments, repr(module)])
    return found | {"cases": np.array(json.dumps(cases))}


def losses(random: np.random.Generator) -> dict[str, np.ndarray]:
    """Value and gradient of cross-entropies."""
    found, cases = {}, []
    for number, (arguments, shape) in enumerate(LOSSES):
        x, target = random.normal(0, 2, shape).astype(np.float32), random.integers(0, shape[1], (shape[0], *shape[2:]))
        if arguments.get("ignore_index") == -1:
            target[0] = -1
        given = torch.from_numpy(x).requires_grad_()
        options = {key: torch.tensor(value) if key == "weight" else value for key, value in arguments.items()}
        loss = torch.nn.CrossEntropyLoss(**options)(given, torch.from_numpy(target))
        g = random.normal(0, 1, tuple(loss.shape)).astype(np.float32)
        loss.backward(torch.tensor(g))
        found |= {f"{number}.x": x, f"{number}.target": target, f"{number}.loss": loss.detach().numpy(),
                  f"{number}.g": np.asarray(g), f"{number}.dx": given.grad.numpy()}
        cases.append(arguments)
    return found | {"cases": np.array(json.dumps(cases))}


def optimizers(random: np.random.Generator) -> dict[str, np.ndarray]:
    """Where two parameters are after each of some steps with given gradients; the learning rate halves on the way."""
    start = [random.normal(0, 1, shape).astype(np.float32) for shape in ((3, 4), (5,))]
    gradients = [[random.normal(0, 1, p.shape).astype(np.float32) for p in start] for _ in range(5)]
    found = {f"start.{k}": p for k, p in enumerate(start)}
    found |= {f"gradient.{step}.{k}": g for step, row in enumerate(gradients) for k, g in enumerate(row)}
    for number, (kind, arguments) in enumerate(OPTIMIZERS):
        params = [torch.from_numpy(p.copy()).requires_grad_() for p in start]
        optimizer = getattr(torch.optim, kind)(params, **arguments)
        for step, row in enumerate(gradients):
            for p, g in zip(params, row):
                p.grad = torch.from_numpy(g.copy())
            optimizer.param_groups[0]["lr"] = arguments["lr"] * (0.5 if step > 2 else 1)
            optimizer.step()
            found |= {f"{number}.{step}.{k}": p.detach().numpy().copy() for k, p in enumerate(params)}
    return found | {"cases": np.array(json.dumps(OPTIMIZERS))}


def schedules() -> dict[str, np.ndarray]:
    """The learning rates of two groups at every step."""
    found = {}
    for number, (kind, arguments) in enumerate(SCHEDULES):
        groups = [{"params": [torch.zeros(1, requires_grad=True)], "lr": lr} for lr in (0.5, 0.02)]
        optimizer = torch.optim.SGD(groups, lr=1.0, momentum=0.9)
        make = torch.optim.lr_scheduler
        if kind == "SequentialLR":
            parts = [getattr(make, k)(optimizer, **a) for k, a in arguments["schedulers"]]
            schedule = make.SequentialLR(optimizer, parts, arguments["milestones"])
        elif kind == "ChainedScheduler":
            schedule = make.ChainedScheduler([getattr(make, k)(optimizer, **a) for k, a in arguments["schedulers"]])
        else:
            schedule = getattr(make, kind)(optimizer, **arguments)
        rates = []
        for _ in range(STEPS):
            rates.append([group["lr"] for group in optimizer.param_groups])
            optimizer.step()
            schedule.step()
        found[str(number)] = np.array(rates)
    return found | {"cases": np.array(json.dumps(SCHEDULES))}


if __name__ == "__main__":
    for name, make in (("layers", layers), ("losses", losses), ("optimizers", optimizers)):
        np.savez_compressed(HERE / f"nn_{name}.npz", **make(np.random.default_rng(0)))
    np.savez_compressed(HERE / "nn_schedules.npz", **schedules())
