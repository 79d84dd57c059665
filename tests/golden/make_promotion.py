"""Writes promotion.json: the dtype of a + b as PyTorch finds it, for every pair of operands. Needs torch:

    python -m tests.golden.make_promotion
"""

import json
from pathlib import Path

import torch

from ..cases import DTYPES
from ..test_promotion import NUMBERS, OPERANDS


def operand(name: str) -> object:
    if name in NUMBERS:
        return NUMBERS[name]
    dtype, rank = name.split("/")
    return torch.zeros([2] * int(rank), dtype=getattr(torch, dtype))


def main() -> None:
    table = {f"{a} + {b}": str((operand(a) + operand(b)).dtype).removeprefix("torch.")
             for a in OPERANDS for b in OPERANDS if a not in NUMBERS or b not in NUMBERS}
    assert set(table.values()) == set(DTYPES)
    Path(__file__).with_name("promotion.json").write_text(json.dumps(table, indent=0) + "\n")


if __name__ == "__main__":
    main()
