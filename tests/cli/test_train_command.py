"""`tinygrad-cnn train` on a few digits: what it prints, what it keeps, and how it stops and goes on."""

from __future__ import annotations

import itertools
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
from few_digits import few_digits
from PIL import Image

from tinygrad_cnn import recipes, saving, train
from tinygrad_cnn.cli import train as command
from tinygrad_cnn.cli.interrupt import Interrupt

SCRIPT = str(Path(__file__).with_name("few_digits.py"))


def run(*words: str) -> int:
    return few_digits(["train", "mnist", "--batch-size", "16", *words])


def start(*words: str, **environment: str) -> subprocess.Popen[str]:
    environment["PYTHONPATH"] = str(Path(command.__file__).parents[2])
    return subprocess.Popen([sys.executable, SCRIPT, "train", "mnist", *words], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True, env={**os.environ, **environment})


def model(folder: Path) -> dict[str, bytes]:
    return {key: array.tobytes() for key, array in saving.load_checkpoint(folder).model.items()}


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_a_run_from_the_first_line_to_the_last(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--epochs", "3", "--threads", "1") == 0
    lines = capsys.readouterr().out.splitlines()
    assert re.fullmatch(r"mnist_cnn: 3 epochs of 128 digits on the CPU \(1 thread\): about .+", lines[0])
    assert re.fullmatch(r"held-out accuracy \d+\.\d\d %", lines[-1])
    assert sum(line.startswith("epoch ") for line in lines) == 3
    assert any("CPU 14 min, GPU 42 s" in line for line in lines) and max(map(len, lines)) <= 80
    run_folder = Path("runs/mnist")
    assert sorted(path.name for path in run_folder.iterdir()) == ["curve.png", "latest", "mistakes.png", "step-24"]
    for name in ("curve.png", "mistakes.png"):
        with Image.open(run_folder / name) as picture:
            assert picture.width > 400
    assert saving.read(run_folder / "step-24" / "model.safetensors")[1]["model"] == "mnist_cnn"

    # --resume of a finished run says the same again and trains nothing.
    before = model(run_folder)
    assert run("--resume") == 0
    again = capsys.readouterr().out.splitlines()
    assert again[0].endswith(")"), "a finished run has no time to go"
    assert again[-1] == lines[-1] and "is finished" in again[1] and model(run_folder) == before


def test_quiet_prints_the_result_only(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--epochs", "1", "--quiet", "--model", "mnist_cnn_bn") == 0
    captured = capsys.readouterr()
    assert re.fullmatch(r"held-out accuracy \d+\.\d\d %\n", captured.out) and captured.err == ""


def test_a_run_is_never_overwritten(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--epochs", "1") == 0
    first = model(Path("runs/mnist"))
    assert run("--epochs", "1", "--seed", "1") == 0
    assert "runs/mnist exists already; this run goes to runs/mnist-2" in capsys.readouterr().out
    assert model(Path("runs/mnist")) == first != model(Path("runs/mnist-2"))
    assert run("--epochs", "1", "--out", "runs/mnist") == 2
    assert "runs/mnist holds a run already; add --resume" in capsys.readouterr().err
    assert model(Path("runs/mnist")) == first


def test_the_seed_decides_the_bits() -> None:
    for out, seed in ("a", "0"), ("b", "0"), ("c", "1"):
        assert run("--epochs", "1", "--quiet", "--seed", seed, "--out", out) == 0
    assert model(Path("a")) == model(Path("b")) != model(Path("c"))


@pytest.mark.parametrize("words, says, code", [
    (["--resume"], "there is no run in runs", 1),
    (["--resume", "--out", "none"], "none holds no checkpoint", 1),
    (["--lr", "0"], "lr is 0.0", 2),
    (["--model", "resnet5"], "did you mean 'resnet50'?\n", 2),
    (["--lr", "nan"], "lr is nan", 2),
    (["--batch-size", "100000"], "smaller batches", 2),
    (["--threads", "100000"], "--threads", 2),
    (["--out", "file/inside"], "cannot make the folder file/inside", 1),
    (["--out", "file"], "cannot make the folder file", 1),
])
def test_what_cannot_be_done_is_one_sentence(words: list[str], says: str, code: int,
                                             capsys: pytest.CaptureFixture[str]) -> None:
    Path("file").write_text("no folder")
    assert run(*words) == code
    err = capsys.readouterr().err
    assert says in err and len(err.splitlines()) == 1 and err.startswith("tinygrad-cnn: ")
    assert [path.name for path in Path().iterdir() if path.name not in ("file", "runs")] == []
    assert list(Path().glob("runs/*")) == [], "what never began leaves no folder"


def test_a_folder_that_may_not_be_written(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)
    assert run("--out", "mine") == 1
    assert "--out: you may not write into mine; name another folder." in capsys.readouterr().err


def test_data_that_nobody_knows(capsys: pytest.CaptureFixture[str]) -> None:
    assert few_digits(["train", "mnits"]) == 2
    assert "there are no data called 'mnits'; use one of mnist, " in capsys.readouterr().err


def test_a_word_for_a_number(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run("--epochs", "two")
    assert "argument --epochs: 'two' is no whole number" in capsys.readouterr().err


def test_a_damaged_picture_is_one_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    for label in "cats", "dogs":
        (Path("pictures") / label).mkdir(parents=True)
        for number in range(10):
            Image.new("RGB", (40, 30)).save(Path("pictures", label, f"{number}.png"))
    Path("pictures/dogs/2.png").write_bytes(b"no picture")
    assert few_digits(["train", "pictures", "--model", "lenet", "--epochs", "1", "--batch-size", "4"]) == 1
    err = capsys.readouterr().err
    assert "dogs/2.png: not a picture" in err and len(err.splitlines()) == 1
    assert list(Path("runs").iterdir()) == []


def test_resume_keeps_the_recipe(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--epochs", "1", "--quiet") == 0
    assert run("--resume", "--epochs", "2") == 2
    assert "--epochs 2: the saved run has 1" in capsys.readouterr().err


def test_what_cannot_be_resumed(capsys: pytest.CaptureFixture[str]) -> None:
    saving.save_checkpoint("other", 1, {"x": np.zeros(3)}, {}, {})
    assert run("--resume", "--out", "other") == 1
    assert "is not a run of `train`; start one without --resume" in capsys.readouterr().err
    settings = {"settings": {**asdict(recipes.recipe("mnist_cnn")), "data": "fashion-mnist"}, "model": "mnist_cnn", "seed": 0}
    saving.save_checkpoint("clothes", 1, {"x": np.zeros(3)}, {}, settings)
    assert run("--resume", "--out", "clothes") == 2
    assert "was trained on fashion-mnist, not mnist; name fashion-mnist, or another --out" in capsys.readouterr().err


@pytest.mark.parametrize("steps, says", [
    (0, "stopped at once; nothing was saved yet."),
    (8, "step-8 is kept, go on with: tinygrad-cnn train mnist --resume --out runs/mnist.")])
def test_what_is_kept_when_a_run_is_stopped_at_once(steps: int, says: str, monkeypatch: pytest.MonkeyPatch,
                                                    capsys: pytest.CaptureFixture[str]) -> None:
    whole = train.Trainer.run

    def cut(trainer: train.Trainer) -> Iterator[train.Step]:
        yield from itertools.islice(whole(trainer), steps)
        raise KeyboardInterrupt

    monkeypatch.setattr(train.Trainer, "run", cut)
    assert run("--epochs", "3") == 130
    err = capsys.readouterr().err
    assert says in err and len(err.splitlines()) == 1


def test_a_loss_that_is_not_finite_is_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("--lr", "1e30", "--epochs", "3") == 1
    err = capsys.readouterr().err
    assert "the loss became" in err and len(err.strip().splitlines()) == 1
    assert list(Path("runs").iterdir()) == []  # nothing was saved, so nothing is left


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_an_interrupted_run_goes_on_bit_for_bit() -> None:
    assert few_digits(["train", "mnist", "--epochs", "6", "--model", "mnist_cnn_bn", "--batch-size", "16", "--quiet",
                       "--out", "whole"]) == 0
    process = start("--epochs", "6", "--model", "mnist_cnn_bn", "--batch-size", "16", "--out", "cut")
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("epoch 2/6"):
            process.send_signal(signal.SIGINT)
            break
    out, err = process.communicate(timeout=120)
    assert process.returncode == 130, err
    assert "stopping after this step" in err and "go on with: tinygrad-cnn train mnist --resume --out cut" in out
    assert 0 < saving.load_checkpoint("cut").step < 48
    assert few_digits(["train", "mnist", "--resume", "--out", "cut", "--quiet", "--threads", "1"]) == 0
    assert model(Path("cut")) == model(Path("whole"))
    a, b = (saving.load_checkpoint(name).training for name in ("cut", "whole"))
    assert all(a[key].tobytes() == b[key].tobytes() for key in b) and a.keys() == b.keys()


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_a_killed_run_goes_on_bit_for_bit() -> None:
    assert few_digits(["train", "mnist", "--epochs", "6", "--batch-size", "16", "--quiet", "--out", "whole"]) == 0
    process = start("--epochs", "6", "--batch-size", "16", "--out", "cut")
    assert process.stdout is not None
    for line in process.stdout:
        if line.startswith("epoch 3/6"):
            time.sleep(0.05)
            process.kill()
            break
    _, err = process.communicate(timeout=120)
    assert process.returncode == -signal.SIGKILL, err
    assert few_digits(["train", "mnist", "--resume", "--out", "cut", "--quiet"]) == 0
    assert model(Path("cut")) == model(Path("whole"))


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_second_signal_stops_at_once(number: signal.Signals) -> None:
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), Interrupt() as interrupt:
        os.kill(os.getpid(), number)
        assert interrupt.asked == number
        os.kill(os.getpid(), signal.SIGINT)
        time.sleep(1)
    assert signal.getsignal(signal.SIGINT) is before


def test_cuda_without_a_gpu_names_the_emulator(capsys: pytest.CaptureFixture[str],
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tinygrad_cnn.installation.cuda_problem", lambda: "no NVIDIA GPU was found")
    assert run("--device", "cuda") == 1
    err = capsys.readouterr().err
    assert "no NVIDIA GPU was found" in err and "TINYGRAD_CNN_EMULATE=1" in err


@pytest.mark.skipif(sys.platform == "win32", reason="needs POSIX signals")
def test_the_emulator_prints_its_estimate_first() -> None:
    process = start("--device", "cuda", TINYGRAD_CNN_EMULATE="1")
    assert process.stdout is not None
    line = process.stdout.readline()
    process.kill()
    process.communicate(timeout=60)
    assert re.fullmatch(r"mnist_cnn: \d+ epochs of 128 digits on the emulator: about [\d.,]+ (h|days).*\n", line)


def test_the_estimate_follows_the_work(monkeypatch: pytest.MonkeyPatch) -> None:
    from tinygrad_cnn.cli import estimate as command
    from tinygrad_cnn.recipes import recipe
    from tinygrad_cnn.tasks import task
    from tinygrad_cnn.train import task_trainer

    digits = task("mnist")
    short, long = (task_trainer("mnist_cnn", digits, recipe("mnist_cnn", epochs=epochs)) for epochs in (1, 5))
    assert 1e8 < command._matmul_speed() < 1e14
    monkeypatch.setattr(command, "_matmul_speed", lambda: 1e9)
    for device in ("cpu", "cuda"):
        assert np.isclose(command.estimate(long, (1, 28, 28), device) / command.estimate(short, (1, 28, 28), device), 5)
