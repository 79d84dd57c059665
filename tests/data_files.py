"""Small files in the formats of MNIST and CIFAR."""

import struct

import numpy as np

TYPES = {">u1": 8, ">i1": 9, ">i2": 11, ">i4": 12, ">f4": 13, ">f8": 14}
COUNT = 6
PIXELS = np.random.default_rng(0).integers(0, 256, (5 * COUNT, 3072), np.uint8)
LABELS = [(3 * i) % 10 for i in range(5 * COUNT)]
NAMES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]
BATCHES = [slice(k * COUNT, (k + 1) * COUNT) for k in range(5)]


def dumps(value):
    """A pickle of protocol 2 as Python 2 wrote it, opcode by opcode, every container in the memo."""
    memo = iter(range(1000))
    return b"\x80\x02" + _dumps(value, lambda: b"q" + bytes([next(memo)])) + b"."


def _dumps(value, put):
    if isinstance(value, str):
        text = value.encode()
        return (b"U" + bytes([len(text)]) if len(text) < 256 else b"T" + struct.pack("<i", len(text))) + text + put()
    if isinstance(value, int):
        return b"K" + bytes([value]) if value < 256 else b"M" + struct.pack("<H", value)
    if isinstance(value, list):
        return b"]" + put() + b"(" + b"".join(_dumps(item, put) for item in value) + b"e"
    if isinstance(value, dict):
        items = b"".join(_dumps(item, put) for pair in value.items() for item in pair)
        return b"}" + put() + b"(" + items + b"u"
    empty = b"cnumpy.core.multiarray\n_reconstruct\n" + put() + b"cnumpy\nndarray\n" + put()
    empty += b"K\0\x85U\x01b\x87R" + put()
    kind = b"cnumpy\ndtype\n" + put() + b"U\x02u1K\0K\x01\x87R" + put()
    kind += b"(K\x03U\x01|NNN" + b"J\xff\xff\xff\xff" * 2 + b"K\0tb"
    shape = b"".join(_dumps(n, put) for n in value.shape) + bytes([0x84 + value.ndim])
    return empty + b"(K\x01" + shape + kind + b"\x89T" + struct.pack("<i", value.size) + value.tobytes() + b"tb"


def write_cifar10(folder):
    """The version for Python and the binary one, of the same images."""
    python, binary = folder / "cifar-10-batches-py", folder / "cifar-10-batches-bin"
    python.mkdir(parents=True), binary.mkdir()
    parts = {f"data_batch_{k + 1}": batch for k, batch in enumerate(BATCHES)} | {"test_batch": BATCHES[0]}
    for name, part in parts.items():
        (python / name).write_bytes(dumps({"batch_label": name, "labels": LABELS[part], "data": PIXELS[part],
                                           "filenames": ["a.png"] * COUNT}))
        (binary / f"{name}.bin").write_bytes(b"".join(bytes([label]) + row.tobytes()
                                                      for label, row in zip(LABELS[part], PIXELS[part], strict=True)))
    (python / "batches.meta").write_bytes(dumps({"num_cases_per_batch": 10000, "label_names": NAMES, "num_vis": 3072}))
    (binary / "batches.meta.txt").write_text("\n".join(NAMES) + "\n\n")
    return python, binary


def idx(array):
    """The bytes of an IDX file."""
    big = array.astype(array.dtype.newbyteorder(">"))
    kind = TYPES[f">{array.dtype.kind}{array.dtype.itemsize}"]
    return bytes([0, 0, kind, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + big.tobytes()
