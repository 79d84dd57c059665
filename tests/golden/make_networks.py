"""Writes networks.json: the losses of tests/networks.py as PyTorch finds them in float64. Needs torch:

    python -m tests.golden.make_networks
"""

import json
from pathlib import Path

import torch

from ..networks import NETWORKS, train


def main() -> None:
    losses = {name: train(torch, name, torch.float64, torch.tensor) for name in NETWORKS}
    Path(__file__).with_name("networks.json").write_text(json.dumps(losses, indent=1) + "\n")


if __name__ == "__main__":
    main()
