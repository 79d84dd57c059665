"""PyTorch's .pth files: what they hold comes out, and nothing in them is executed."""

import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tinygrad_cnn as tg
from tinygrad_cnn import nn, pth
from tinygrad_cnn.objects import CheckpointError

GOLDEN = Path(__file__).parent / "golden"
BASE = np.arange(6, dtype=np.float32).reshape(2, 3)


@pytest.fixture(scope="module")
def tiny():
    return pth.read(GOLDEN / "tiny.pth")


def test_values_dtypes_and_layouts(tiny):
    state = tiny["state_dict"]
    wanted = {"base": BASE, "turned": BASE.T, "row": BASE[1], "empty": BASE[:0], "double": BASE.astype(np.float64) / 3,
              "int": BASE.astype(np.int32), "byte": BASE.astype(np.uint8), "bool": BASE > 2, "scalar": np.float32(2.5),
              "1.num_batches_tracked": np.int64(0)}
    for key, array in wanted.items():
        assert state[key].dtype == array.dtype and state[key].shape == array.shape, key
        np.testing.assert_array_equal(state[key], array, key)
    for key, precision in (("half", 2.0**-11), ("brain", 2.0**-8)):
        assert state[key].dtype == np.float32
        np.testing.assert_allclose(state[key], BASE / 3, rtol=precision)
    assert state["half"][0, 1] != state["brain"][0, 1] != np.float32(1 / 3)


def test_plain_containers(tiny):
    others = {key: value for key, value in tiny.items() if key != "state_dict"}
    assert others == {"epoch": 3, "loss": 0.25, "big": 2**40, "note": "é", "list": [1, (2, None), True], "order": {"a": 1}}


def test_storages_are_shared(tiny):
    state = tiny["state_dict"]
    assert np.shares_memory(state["base"], state["turned"]) and np.shares_memory(state["base"], state["row"])
    state["row"][0] += 1
    assert state["turned"][0, 1] == state["base"][1, 0] == BASE[1, 0] + 1
    state["row"][0] -= 1


def network():
    return nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2))


def test_load_weights(tiny):
    model = network()
    result = tg.load_weights(model, GOLDEN / "tiny.pth", strict=False)
    assert not result.missing_keys and "turned" in result.unexpected_keys
    assert model[0].weight.tolist() == tiny["state_dict"]["0.weight"].tolist()
    with pytest.raises(ValueError, match="11 of the keys do not fit Sequential") as caught:
        tg.load_weights(network(), GOLDEN / "tiny.pth")
    assert "unexpected: turned (3, 2)" in str(caught.value)


# ---- what is refused -------------------------------------------------------------------------------------------------


def test_the_malicious_file_would_do_harm(tmp_path, monkeypatch):
    """Else the test below would prove nothing."""
    monkeypatch.chdir(tmp_path)
    with zipfile.ZipFile(GOLDEN / "malicious.pth") as archive:
        program = archive.read("malicious/data.pkl")
    if b"posix" in program and not hasattr(__import__("os"), "fork"):
        pytest.skip("the file attacks POSIX systems")
    pickle.loads(program)
    assert (tmp_path / "owned").exists()


def test_the_malicious_file_is_refused(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for read in (pth.read, tg.read_weights, lambda path: tg.load_weights(network(), path)):
        with pytest.raises(CheckpointError, match=r"malicious.pth holds posix.mkdir, and a .pth file may hold only tensors"):
            read(GOLDEN / "malicious.pth")
    assert not (tmp_path / "owned").exists()


def archive(path, program, **storages):
    """A .pth file of a pickle and storages."""
    with zipfile.ZipFile(path, "w") as file:
        file.writestr("x/data.pkl", program)
        for key, data in storages.items():
            file.writestr(f"x/data/{key}", data)
    return path


class Call:
    """Pickles as a call of `function`."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("thing, name", [
    (Call(eval, "1"), "builtins.eval|__builtin__.eval"),
    (Call(print), "print"),
    ({"model": Call(Path, "x")}, "pathlib.*Path"),
    (Path("x"), "pathlib"),
    (np.ones(2), "numpy.*"),
    (Exception("x"), "Exception"),
    ({1, 2}, "builtins.set|__builtin__.set"),
    (b"bytes", "_codecs.encode|a bytes"),
])
@pytest.mark.parametrize("protocol", [2, 4])
def test_everything_else_is_refused_by_name(tmp_path, thing, name, protocol):
    path = archive(tmp_path / "x.pth", pickle.dumps(thing, protocol))
    with pytest.raises(CheckpointError, match=f"holds .*({name}|pickle instruction)"):
        pth.read(path)


@pytest.mark.parametrize("program, says", [
    (b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\nN\x86R.", "damaged"),
    (b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n.", "holds torch._utils._rebuild_tensor_v2"),
    (b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\nN}X\x08\x00\x00\x00__code__Ns\x86b.", "damaged"),  # BUILD sets it
    (b"\x80\x02ctorch\nShortStorage\n.", "holds torch.ShortStorage"),
    (b"\x80\x02ctorch\nFloatStorage\n)R.", "holds a call of torch.FloatStorage"),
    (b"\x80\x02ctorch\nSize\nX\x01\x00\x00\x00a\x85R.", "a shape of other things than whole numbers"),
    (b"\x80\x02}.more", None),
    (b"\x80\x02}", "damaged"),
    (b"", "damaged"),
    (b"\x80\x02h\x07.", "damaged"),
    (b"\x80\x02}K\x01a.", "damaged"),
])
def test_strange_programs(tmp_path, program, says):
    path = archive(tmp_path / "x.pth", program)
    if says is None:
        assert pth.read(path) == {}
    else:
        with pytest.raises(CheckpointError, match=says):
            pth.read(path)


def tensor(shape, strides, offset=0, kind="FloatStorage", count=6):
    """The program of one tensor in storage "0"."""
    def numbers(values):
        return b"(" + b"".join(b"J" + int(v).to_bytes(4, "little", signed=True) for v in values) + b"t"

    return (b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\n" + kind.encode()
            + b"\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuJ" + count.to_bytes(4, "little") + b"tQJ"
            + offset.to_bytes(4, "little", signed=True) + numbers(shape) + numbers(strides) + b"\x89}tR.")


def test_a_program_by_hand(tmp_path):
    path = archive(tmp_path / "x.pth", tensor((3, 2), (1, 3)), **{"0": BASE.tobytes()})
    assert pth.read(path).tolist() == BASE.T.tolist()


def test_big_endian(tmp_path):
    path = archive(tmp_path / "x.pth", tensor((2, 3), (3, 1)), **{"0": BASE.astype(">f4").tobytes()})
    with zipfile.ZipFile(path, "a") as file:
        file.writestr("x/byteorder", "big")
    assert pth.read(path).tolist() == BASE.tolist() and pth.read(path).dtype == np.float32


@pytest.mark.parametrize("arguments", [((2, 4), (3, 1)), ((2, 3), (4, 1)), ((2, 3), (3, 1), 1), ((6,), (-1,)), ((6,), (1,), -1),
                                       ((-1,), (1,))])
def test_tensors_stay_in_their_storage(tmp_path, arguments):
    path = archive(tmp_path / "x.pth", tensor(*arguments), **{"0": BASE.tobytes()})
    with pytest.raises(CheckpointError, match="leaves its storage of 6 elements"):
        pth.read(path)


def test_short_and_missing_storages(tmp_path):
    with pytest.raises(CheckpointError, match="storage 0 has 20 bytes but 6 elements of torch.FloatStorage take 24"):
        pth.read(archive(tmp_path / "x.pth", tensor((6,), (1,)), **{"0": BASE.tobytes()[:20]}))
    with pytest.raises(CheckpointError, match="damaged"):
        pth.read(archive(tmp_path / "x.pth", tensor((6,), (1,))))


def test_files_that_are_none(tmp_path):
    (tmp_path / "old.pth").write_bytes(pickle.dumps({}))
    with pytest.raises(CheckpointError, match=r"no zip archive but a file of PyTorch before 1\.6"):
        pth.read(tmp_path / "old.pth")
    with pytest.raises(CheckpointError, match="there is no such file"):
        pth.read(tmp_path / "none.pth")
    with zipfile.ZipFile(tmp_path / "other.pth", "w") as file:
        file.writestr("readme", "")
    with pytest.raises(CheckpointError, match=r"holds 0 files data\.pkl"):
        pth.read(tmp_path / "other.pth")


@pytest.mark.parametrize("thing, says", [
    ([1], "holds a list but a dict of tensors by name is needed"),
    ({1: 2}, "holds a dict but a dict of tensors by name"),
    ({"a": "b", "c": None, "d": 1}, r"holds 2 entries that are no tensors: 'a' \(str\), 'c' \(NoneType\)"),
])
def test_weights_are_a_dict_of_tensors(tmp_path, thing, says):
    with pytest.raises(CheckpointError, match=says):
        tg.read_weights(archive(tmp_path / "x.pth", pickle.dumps(thing, 2)))


def test_damage_is_always_one_error(tmp_path):
    """Whatever byte of the program is changed: an object, or a CheckpointError."""
    with zipfile.ZipFile(GOLDEN / "tiny.pth") as file:
        program = file.read("tiny/data.pkl")
        storages = {name.rpartition("/")[2]: file.read(name) for name in file.namelist() if "/data/" in name}

    @given(st.lists(st.tuples(st.integers(0, len(program) - 1), st.integers(0, 255)), min_size=1, max_size=3))
    def damaged(changes):
        data = bytearray(program)
        for at, byte in changes:
            data[at] = byte
        try:
            pth.read(archive(tmp_path / "x.pth", bytes(data), **storages))
        except CheckpointError as error:
            assert "x.pth" in str(error)

    damaged()


def test_damage_to_the_archive_is_always_one_error(tmp_path):
    whole = (GOLDEN / "tiny.pth").read_bytes()
    rng, outcomes = np.random.default_rng(0), set()
    for number in range(400):
        data = bytearray(whole)
        if number % 4 == 0:
            del data[rng.integers(len(data)):]
        else:
            near_the_end = number % 4 == 1  # where the archive's directory lies
            for at in rng.integers(len(data) - 1000 if near_the_end else 0, len(data), 1 + number % 3):
                data[at] = rng.integers(256)
        (tmp_path / "x.pth").write_bytes(data)
        try:
            pth.read(tmp_path / "x.pth")
            outcomes.add("object")
        except CheckpointError as error:
            assert "x.pth" in str(error) and "\n" not in str(error)
            outcomes.add("error")
    assert outcomes == {"object", "error"}


def test_small_files_stay_small(tmp_path):
    """A tensor of a hundred million million elements in a storage of six, and a storage that unpacks to 257 MiB."""
    path = archive(tmp_path / "x.pth", tensor((10**7, 10**7), (0, 0)), **{"0": BASE.tobytes()})
    with pytest.raises(CheckpointError, match="leaves its storage of 6 elements"):
        pth.read(path)
    assert pth.read(archive(tmp_path / "x.pth", tensor((1000, 6), (0, 1)), **{"0": BASE.tobytes()})).shape == (1000, 6)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("x/data.pkl", tensor((6,), (1,), count=1 << 27))
        with file.open("x/data/0", "w") as member:
            for _ in range(257):
                member.write(bytes(1 << 20))
    with pytest.raises(CheckpointError, match=r"data/0 has [0-9]+ bytes there but 269484032 unpacked"):
        pth.read(path)


@pytest.mark.peers
@pytest.mark.parametrize("wrapping", [None, "state_dict", "model"])
def test_torch_networks(tmp_path, wrapping):
    torch = pytest.importorskip("torch")
    theirs, ours = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2)), network()
    state = theirs.state_dict()
    torch.save({wrapping: state, "epoch": 1} if wrapping else state, tmp_path / "n.pth")
    tg.load_weights(ours, tmp_path / "n.pth")
    for key, value in state.items():
        assert ours.state_dict()[key].tolist() == value.tolist(), key


@pytest.mark.peers
def test_torch_files(tmp_path):
    torch = pytest.importorskip("torch")
    from .golden.make_pth import tiny

    for protocol in (2, 4):
        torch.save(tiny(), tmp_path / "t.pth", pickle_protocol=protocol)
        found, golden = pth.read(tmp_path / "t.pth"), pth.read(GOLDEN / "tiny.pth")
        for key, value in tiny()["state_dict"].items():
            wide = value.float() if value.dtype in (torch.half, torch.bfloat16) else value
            np.testing.assert_array_equal(found["state_dict"][key], wide.numpy(), key)
            np.testing.assert_array_equal(golden["state_dict"][key], wide.numpy(), key)
    torch.save({"p": torch.nn.Parameter(torch.ones(2))}, tmp_path / "t.pth")
    assert pth.read(tmp_path / "t.pth")["p"].tolist() == [1, 1]
    torch.save({"shape": torch.ones(2, 3).shape}, tmp_path / "t.pth")
    assert pth.read(tmp_path / "t.pth") == {"shape": (2, 3)}
    torch.save(torch.nn.Linear(2, 2), tmp_path / "t.pth")
    with pytest.raises(CheckpointError, match=r"holds torch\.nn\.modules\.linear\.Linear"):
        pth.read(tmp_path / "t.pth")
    torch.save({"a": torch.ones(2, dtype=torch.int16)}, tmp_path / "t.pth")
    with pytest.raises(CheckpointError, match=r"holds torch\.ShortStorage"):
        pth.read(tmp_path / "t.pth")
