"""Safetensors files and checkpoints: what is written comes back, and no moment of dying leaves a run unreadable."""

from __future__ import annotations

import io
import os
import signal
import sys
import traceback
from pathlib import Path

import numpy as np
import pytest
from safetensors import numpy as safetensors_numpy

import tinygrad_cnn as tg
from tinygrad_cnn import nn, pth, saving
from tinygrad_cnn.objects import CheckpointError, each_array

GOLDEN = Path(__file__).parent / "golden" / "tiny.pth"

TENSORS = {
    "weight": np.arange(24, dtype=np.float32).reshape(2, 3, 4),
    "double": np.array([1 / 3]),
    "counter": np.array(7),
    "index": np.array([[1, -2]], np.int32),
    "pixels": np.array([0, 255], np.uint8),
    "mask": np.array([True, False]),
    "empty": np.zeros((0, 3), np.float32),
}


def test_every_dtype_and_shape_comes_back(tmp_path: Path) -> None:
    saving.save(TENSORS, tmp_path / "t.safetensors", {"name": "x", "sizes": [1, 2]})
    arrays, metadata = saving.read(tmp_path / "t.safetensors")
    assert metadata == {"name": "x", "sizes": [1, 2]}
    assert list(arrays) == sorted(arrays, key=list(arrays).index) and arrays.keys() == TENSORS.keys()
    for key, array in TENSORS.items():
        assert arrays[key].dtype == array.dtype and arrays[key].shape == array.shape
        np.testing.assert_array_equal(arrays[key], array)


def test_strided_arrays_are_saved_in_logical_order(tmp_path: Path) -> None:
    nhwc = np.arange(24, dtype=np.float32).reshape(1, 2, 3, 4)
    saving.save({"x": nhwc.transpose(0, 3, 1, 2)}, tmp_path / "x.safetensors")
    np.testing.assert_array_equal(saving.read(tmp_path / "x.safetensors")[0]["x"], nhwc.transpose(0, 3, 1, 2))


def test_a_network_comes_back(tmp_path: Path) -> None:
    network, other = (nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4)) for _ in range(2))
    saving.save(network.state_dict(), tmp_path / "n.safetensors")
    other.load_state_dict(saving.load(tmp_path / "n.safetensors"))
    for (key, saved), loaded in zip(network.state_dict().items(), other.state_dict().values(), strict=True):
        np.testing.assert_array_equal(saved.numpy(), loaded.numpy(), key)


def test_tensors_and_arrays_may_be_mixed(tmp_path: Path) -> None:
    saving.save({"a": tg.ones(2), "b": np.zeros(2)}, tmp_path / "m.safetensors")
    assert {key: value.tolist() for key, value in saving.load(tmp_path / "m.safetensors").items()} == {
        "a": [1, 1], "b": [0, 0]}


def whole(tmp_path: Path) -> bytes:
    saving.save(TENSORS, tmp_path / "whole.safetensors")
    return (tmp_path / "whole.safetensors").read_bytes()


def test_objects_made_of_tensors_come_back(tmp_path: Path) -> None:
    """What training loops save: the states of model, optimizer and schedule beside numbers; some keys are integers."""
    model = nn.Linear(3, 2)
    optimizer = tg.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    schedule = tg.optim.lr_scheduler.StepLR(optimizer, 2)
    model(tg.ones(1, 3)).sum().backward()
    optimizer.step()
    schedule.step()
    plain = {"epoch": 3, "best": float("inf"), "note": None, "shape": (1, [2, True])}
    state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "schedule": schedule.state_dict(), **plain}
    tg.save(state, tmp_path / "run.safetensors")
    found = tg.load(tmp_path / "run.safetensors", map_location="cpu", weights_only=True)
    assert {k: found[k] for k in plain} == plain
    assert found["optimizer"]["param_groups"] == state["optimizer"]["param_groups"]
    assert found["schedule"] == state["schedule"]
    momentum = state["optimizer"]["state"][0]["momentum_buffer"]
    assert np.array_equal(found["optimizer"]["state"][0]["momentum_buffer"].numpy(), momentum.numpy())
    assert np.array_equal(found["model"]["weight"].numpy(), model.weight.detach().numpy())
    with pytest.raises(TypeError, match="save: the object holds a Linear but only tensors"):
        tg.save({"model": model}, tmp_path / "whole.safetensors")


def test_load_reads_pth_files() -> None:
    def shown(value):
        return {k: shown(v) for k, v in value.items()} if isinstance(value, dict) else getattr(value, "shape", value)

    found = tg.load(GOLDEN)
    assert shown(found) == shown(pth.read(GOLDEN))
    arrays = []
    each_array(found, arrays.append)
    assert not arrays


@pytest.mark.parametrize("content, says", [
    (lambda data: b"", "damaged or not a safetensors file"),
    (lambda data: b"\x89PNG\r\n\x1a\n and so on", "damaged or not a safetensors file"),
    (lambda data: data[:-3], "damaged or not a safetensors file"),
    (lambda data: data[:20], "damaged or not a safetensors file"),
    (lambda data: data + b"more", "damaged or not a safetensors file"),
], ids=["empty", "foreign", "cut short", "half a header", "too long"])
def test_damaged_files_are_one_sentence(tmp_path: Path, content, says: str) -> None:
    path = tmp_path / "bad.safetensors"
    path.write_bytes(content(whole(tmp_path)))
    with pytest.raises(CheckpointError) as caught:
        saving.load(path)
    assert str(path) in str(caught.value) and says in str(caught.value) and "\n" not in str(caught.value)


def test_missing_files_folders_and_dtypes_are_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no such file"):
        saving.load(tmp_path / "none.safetensors")
    with pytest.raises(CheckpointError, match="is a folder"):
        saving.load(tmp_path)
    with pytest.raises(CheckpointError, match="'h' has dtype float16"):
        saving.save({"h": np.zeros(2, np.float16)}, tmp_path / "h.safetensors")
    safetensors_numpy.save_file({"h": np.zeros(2, np.float16)}, tmp_path / "half.safetensors")
    with pytest.raises(CheckpointError, match="'h' has dtype F16"):
        saving.load(tmp_path / "half.safetensors")
    with pytest.raises(CheckpointError, match="cannot write"):
        saving.save({}, tmp_path / "none" / "x.safetensors")


def checkpoint(run: Path, step: int, **metadata: object) -> Path:
    return saving.save_checkpoint(run, step, {"w": np.full(3, step, np.float32)}, {"v": np.full(2, -step)}, metadata)


def test_a_checkpoint_comes_back_and_replaces_the_one_before(tmp_path: Path) -> None:
    checkpoint(tmp_path, 1, seed=3)
    folder = checkpoint(tmp_path, 20, seed=3, loader={"epoch": 1})
    found = saving.load_checkpoint(tmp_path)
    assert (found.folder, found.step, found.metadata["loader"]) == (folder, 20, {"epoch": 1})
    assert found.model["w"].tolist() == [20, 20, 20] and found.training["v"].tolist() == [-20, -20]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest", "step-20"]
    assert sorted(path.name for path in folder.iterdir()) == ["model.safetensors", "training.safetensors"]
    assert (tmp_path / "latest").read_text() == "step-20\n"


def test_a_committed_step_is_not_written_again(tmp_path: Path) -> None:
    checkpoint(tmp_path, 4)
    with pytest.raises(CheckpointError, match="saved already"):
        checkpoint(tmp_path, 4)


def test_leftovers_of_a_crash_are_replaced(tmp_path: Path) -> None:
    checkpoint(tmp_path, 1)
    for leftover in ("step-2", "step-2.partial", "step-3.partial"):
        (tmp_path / leftover).mkdir()
        (tmp_path / leftover / "model.safetensors").write_bytes(b"half")
    checkpoint(tmp_path, 2)
    assert saving.load_checkpoint(tmp_path).step == 2
    assert sorted(path.name for path in tmp_path.iterdir()) == ["latest", "step-2"]


def damage(name: str, content: bytes | None):
    def do(run: Path) -> None:
        path = run / name
        if content is None:
            path.unlink()
        else:
            path.write_bytes(content)
    return do


def mixed(run: Path) -> None:
    other = run.parent / "other"
    checkpoint(other, 5)
    (other / "step-5" / "model.safetensors").rename(run / "step-5" / "model.safetensors")


def future(run: Path) -> None:
    for name in ("model", "training"):
        path = run / "step-5" / f"{name}.safetensors"
        arrays, metadata = saving.read(path)
        saving.save(arrays, path, {**metadata, "format": 99})


def renamed(run: Path) -> None:
    (run / "step-5").rename(run / "step-7")
    (run / "latest").write_text("step-7")


@pytest.mark.parametrize("harm, says", [
    (damage("latest", b"step-9\n"), "step-9 does not exist"),
    (damage("latest", b"../elsewhere\n"), "one line like step-120"),
    (damage("latest", b"\xff\xfe\x00"), "not a text file"),
    (damage("latest", None), "holds no checkpoint"),
    (damage("step-5/model.safetensors", b"junk"), "damaged or not a safetensors file"),
    (damage("step-5/training.safetensors", None), "no such file"),
    (mixed, "mixes the files of two saves"),
    (future, "checkpoint format 99"),
    (renamed, "holds step 5"),
], ids=["dangling", "outside", "binary", "no pointer", "damaged", "half", "mixed", "future", "renamed"])
def test_damaged_checkpoints_are_one_sentence(tmp_path: Path, harm, says: str) -> None:
    run = tmp_path / "run"
    checkpoint(run, 5)
    harm(run)
    with pytest.raises(CheckpointError, match=says) as caught:
        saving.load_checkpoint(run)
    assert "\n" not in str(caught.value)


def test_the_newest_run_is_the_one_committed_last(tmp_path: Path) -> None:
    assert saving.newest_run(tmp_path / "none") is None
    for number, name in enumerate(("b", "a", "c")):
        checkpoint(tmp_path / name, 1)
        os.utime(tmp_path / name / "latest", (number, number))
    os.utime(tmp_path / "a" / "latest", (9, 9))
    (tmp_path / "empty").mkdir()
    assert saving.newest_run(tmp_path) == tmp_path / "a"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
@pytest.mark.filterwarnings("ignore:This process:DeprecationWarning")  # the child only writes files
def test_killed_at_any_moment_a_run_stays_loadable(tmp_path: Path) -> None:
    """A child saves step 2 after step 1 and is killed at the k-th thing it asks of the file system, for every k."""
    moments = survivors = 0
    for moment in range(200):
        run = tmp_path / str(moment)
        checkpoint(run, 1)
        child = os.fork()
        if child == 0:
            try:
                _die_at(moment)
                checkpoint(run, 2)
            except BaseException:
                traceback.print_exc()
                os._exit(1)
            os._exit(0)
        status = os.waitpid(child, 0)[1]
        found = saving.load_checkpoint(run)
        assert found.step in (1, 2) and found.model["w"].tolist() == [found.step] * 3
        assert found.training["v"].tolist() == [-found.step] * 2
        survivors += found.step == 1
        checkpoint(run, 3)  # and the run can be saved again
        assert sorted(path.name for path in run.iterdir()) == ["latest", "step-3"]
        if status == 0:
            break
        assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
        moments += 1
    assert moments > 15 and 0 < survivors < moments


def _die_at(moment: int) -> None:
    left = moment
    events = ("open", "os.", "shutil.", "pathlib.")

    def hook(event: str, arguments: object) -> None:
        nonlocal left
        if event.startswith(events):
            left -= 1
            if left == -1:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


@pytest.mark.skipif(sys.platform == "win32", reason="needs rlimits")
def test_a_full_disk_is_one_sentence_and_harms_nothing(tmp_path: Path) -> None:
    import resource

    checkpoint(tmp_path, 1)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))
    try:
        with pytest.raises(CheckpointError, match="cannot write") as caught:
            saving.save_checkpoint(tmp_path, 2, {"w": np.zeros(100_000)}, {}, {})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert "\n" not in str(caught.value)
    assert saving.load_checkpoint(tmp_path).step == 1


@pytest.mark.parametrize("skeleton", [
    '{"tensor": "7"}', '{"a": 1, "b": 2}', "{}", '{"dict": [[1]]}', '{"dict": [[{"list": []}, 1]]}', '{"list": 3}',
    '{"tensor": ["x"]}', '{"set": [1]}', '{"dict": {"a": 1}}', '{"list": [' * 300 + "]}" * 300])
def test_a_description_that_fits_no_tensors_is_one_sentence(tmp_path: Path, skeleton: str) -> None:
    safetensors_numpy.save_file({"0": np.ones(2)}, tmp_path / "x.safetensors", {"object": skeleton})
    try:
        assert "[[[" in repr(tg.load(tmp_path / "x.safetensors"))  # deep, but harmless
    except CheckpointError as error:
        assert "x.safetensors: its metadata describe no object" in str(error) and "\n" not in str(error)


def test_metadata_too_deep_to_decode_stay_text(tmp_path: Path) -> None:
    safetensors_numpy.save_file({"0": np.ones(2)}, tmp_path / "x.safetensors", {"deep": "[" * 100_000})
    assert saving.read(tmp_path / "x.safetensors")[1] == {"deep": "[" * 100_000}


def test_any_damage_to_the_header_is_one_sentence_or_harmless(tmp_path: Path) -> None:
    folder = checkpoint(tmp_path, 5)
    rng = np.random.default_rng(0)
    caught = 0
    for number in range(200):
        path = folder / ("model.safetensors", "training.safetensors")[number % 2]
        good = path.read_bytes()
        bad = bytearray(good)
        for place in rng.integers(0, 8 + int.from_bytes(good[:8], "little"), 2):
            bad[place] = rng.integers(32, 127)
        path.write_bytes(bad)
        try:
            saving.load_checkpoint(tmp_path)
        except CheckpointError as error:
            caught += 1
            assert "\n" not in str(error)
        path.write_bytes(good)
    assert caught > 100


def test_what_is_saved_into_an_open_file_is_read_from_it():
    file = io.BytesIO()
    tg.save({"weights": {"w": tg.ones(2)}, "epoch": 3}, file)
    file.seek(0)
    found = tg.load(file)
    assert found["epoch"] == 3 and found["weights"]["w"].tolist() == [1, 1]
