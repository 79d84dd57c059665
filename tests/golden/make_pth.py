"""Makes tiny.pth (by torch.save) and malicious.pth (a pickle that makes a folder when it is executed).

    python -m tests.golden.make_pth
"""

import os
import zipfile
from collections import OrderedDict
from pathlib import Path

import torch

HERE = Path(__file__).parent
# What pickle.dumps gives for an object whose __reduce__ is (os.mkdir, ("owned",)), in protocol 2.
MALICIOUS = b"\x80\x02c" + os.mkdir.__module__.encode() + b"\nmkdir\nX\x05\x00\x00\x00owned\x85R."


def tiny():
    """A state_dict with its _metadata: views of one storage, a transposed tensor, every dtype."""
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    base = torch.arange(6.0).reshape(2, 3)
    state = network.state_dict()
    state.update(base=base, turned=base.T, row=base[1], half=base.half() / 3, brain=base.bfloat16() / 3, empty=base[:0],
                 double=base.double() / 3, int=base.int(), byte=base.byte(), bool=base > 2, scalar=torch.tensor(2.5))
    return {"state_dict": state, "epoch": 3, "loss": 0.25, "big": 2**40, "note": "é", "list": [1, (2, None), True],
            "order": OrderedDict(a=1)}


if __name__ == "__main__":
    torch.save(tiny(), HERE / "tiny.pth")
    with zipfile.ZipFile(HERE / "malicious.pth", "w") as archive:
        archive.writestr("malicious/data.pkl", MALICIOUS)
        archive.writestr("malicious/byteorder", "little")
