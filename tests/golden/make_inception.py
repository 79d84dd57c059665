"""Write inception.json: what torchvision 0.28 and timm 1.0 make of hashed weights and images, in float64. Needs both:

    python -m tests.golden.make_inception
"""

import json
from pathlib import Path

import timm
import torch
import torchvision

from ..models.hashed import symmetric, weights

CLASSES = 6
CASES = [  # name here, arguments here, library, name there, arguments there, images, height, width
    ("googlenet", {"transform_input": True}, "torchvision", "googlenet",
     {"transform_input": True, "init_weights": False}, 75, 98),
    ("inception_v3", {"transform_input": True}, "torchvision", "inception_v3",
     {"transform_input": True, "init_weights": False}, 75, 91),
    ("inception_v4", {}, "timm", "inception_v4", {}, 97, 75),
    ("inception_resnet_v2", {}, "timm", "inception_resnet_v2", {}, 75, 107),
    ("xception", {}, "timm", "legacy_xception", {}, 97, 76),
]
HEADS = [  # name, attribute, its input
    ("googlenet", "aux1", (2, 512, 13, 15)),
    ("googlenet", "aux2", (2, 528, 7, 5)),
    ("inception_v3", "AuxLogits", (2, 768, 18, 17)),
]


def upstream(library: str, name: str, arguments: dict) -> torch.nn.Module:
    """The network of that library, in evaluation mode, with hashed weights."""
    if library == "timm":
        network = timm.create_model(name, num_classes=CLASSES, **arguments)
    else:
        network = torchvision.models.get_model(name, weights=None, num_classes=CLASSES, **arguments)
    network = network.double().eval()
    shapes = {key: value.shape for key, value in network.state_dict().items()}
    network.load_state_dict({key: torch.as_tensor(value) for key, value in weights(shapes).items()})
    return network


def main() -> None:
    results = {"networks": [], "heads": []}
    networks = {}
    for name, kwargs, library, there, arguments, *size in CASES:
        networks[name] = upstream(library, there, arguments)
        x = torch.tensor(symmetric("images", (2, 3, *size)), requires_grad=True)
        logits = networks[name](x)
        (logits * torch.tensor(symmetric("gradient", logits.shape))).sum().backward()
        results["networks"].append({
            "name": name, "kwargs": {"num_classes": CLASSES, **kwargs}, "input": list(x.shape),
            "logits": logits.tolist(), "gradient": x.grad.flatten()[::1009].tolist(),
        })
    for name, attribute, shape in HEADS:
        logits = getattr(networks[name], attribute)(torch.tensor(symmetric("maps", shape)))
        results["heads"].append({"name": name, "head": attribute, "input": list(shape), "logits": logits.tolist()})
    Path(__file__).with_name("inception.json").write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
