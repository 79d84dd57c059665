"""The command line without training: help, errors, exit codes, pipes, and the small subcommands."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import tinygrad_cnn as tg
from tinygrad_cnn import models, saving, text
from tinygrad_cnn.cli import main

COMMANDS = ("train", "predict", "show", "summary", "models", "draw", "report")
LONG = "cifar_resnet110"  # its summary is longer than what Python gathers before it writes


def command(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-m", "tinygrad_cnn", *words], capture_output=True, text=True)


def fails(capsys: pytest.CaptureFixture[str], code: int, *words: str) -> str:
    """Run, expect failure with one sentence on stderr, return it."""
    assert main(words) == code
    lines = capsys.readouterr().err.strip().splitlines()
    assert len(lines) == 1 and lines[0].startswith("tinygrad-cnn: ") and lines[0].endswith((".", "?"))
    return lines[0]


@pytest.mark.parametrize("words", [(), *((name,) for name in COMMANDS)])
def test_help_fits_80_columns_and_has_examples(words: tuple[str, ...], capsys: pytest.CaptureFixture[str],
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    with pytest.raises(SystemExit) as stopped:
        main([*words, "--help"])
    out = capsys.readouterr().out
    assert stopped.value.code == 0 and "example" in out
    assert max(map(len, out.splitlines())) <= 80


def test_every_example_of_the_help_can_be_parsed(capsys: pytest.CaptureFixture[str]) -> None:
    from tinygrad_cnn import cli

    for name in COMMANDS:
        examples = [line.split("   ")[0].split(" > ")[0].split() for line in getattr(cli, name).EXAMPLES.splitlines()
                    if line.startswith("  tinygrad-cnn ")]
        assert examples
        for words in examples:
            assert cli._parser().parse_args([word.strip("'") for word in words[1:]]).run


def test_no_command_shows_the_help_as_wrong_usage(capsys: pytest.CaptureFixture[str],
                                                  monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    assert main([]) == 2
    captured = capsys.readouterr()
    assert captured.out == "" and "usage: tinygrad-cnn" in captured.err and "examples:" in captured.err


@pytest.mark.parametrize("words, says", [(["trian", "mnist"], "did you mean train?"), (["qqq"], "use train, predict, "),
                                         (["train", "mnist", "--device", "gpu"], "use cpu, cuda"),
                                         (["train", "mnist", "--recipe", "papers"], "did you mean paper?")])
def test_the_nearest_word_is_suggested(words: list[str], says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(words)
    assert says in capsys.readouterr().err.splitlines()[-1]


@pytest.mark.parametrize("words", [["fly"], ["train"], ["train", "mnist", "--epochs", "0"],
                                   ["train", "mnist", "--seed", "-1"], ["train", "mnist", "--lr", "fast"], ["predict"],
                                   ["summary", "mnist_cnn", "--input", "28"*3 + "x"], ["show", "cat"]])
def test_wrong_usage_is_exit_code_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(words)
    assert stopped.value.code == 2 and "usage: tinygrad-cnn" in capsys.readouterr().err


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(["--version"])
    assert stopped.value.code == 0 and capsys.readouterr().out == f"tinygrad-cnn {tg.__version__}\n"


def test_help_is_quick_and_loads_no_compiler() -> None:
    begin = time.perf_counter()
    done = command("--help")
    assert done.returncode == 0 and time.perf_counter() - begin < 5  # a broken machine, not a slow one
    check = "import sys, tinygrad_cnn.cli as c\ntry: c.main(['train', '--help'])\nexcept SystemExit: pass\n" \
            "print([name for name in ('numba', 'PIL', 'safetensors', 'tqdm', 'cuda') if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "[]", done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="needs a shell")
def test_a_reader_that_leaves_is_no_error() -> None:
    script = f"{sys.executable} -m tinygrad_cnn summary {LONG} | true; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    assert done.stderr == "" and done.returncode in (0, 1)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a full disk")
@pytest.mark.parametrize("words", ["--version", "summary mnist_cnn", f"summary {LONG}"])
def test_a_full_disk_is_one_sentence(words: str) -> None:
    script = f"{sys.executable} -m tinygrad_cnn {words} > /dev/full"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    assert done.stderr == "tinygrad-cnn: writing the output: No space left on device.\n" and done.returncode == 1


def test_unknown_networks_and_impossible_inputs(capsys: pytest.CaptureFixture[str]) -> None:
    assert "mnist_cnn" in fails(capsys, 2, "summary", "mnist_cn")
    assert "'qq*'" in fails(capsys, 1, "models", "qq*")
    assert "does not take this input" in fails(capsys, 1, "summary", "mnist_cnn", "--input", "3x28x28")


def test_show_convolution(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["show", "convolution", "-o", "sheet.png"]) == 0
    out = capsys.readouterr().out
    assert max(map(len, out.splitlines())) <= 80
    numbers = re.sub(r"\s+", " ", out)
    assert "4 3 4" in numbers and "2 4 3" in numbers and "2 3 4" in numbers
    with Image.open("sheet.png") as sheet:
        assert sheet.width == 1000
    assert "end the name in .png" in fails(capsys, 2, "show", "convolution", "-o", str(tmp_path / "sheet.qqq"))
    assert "cannot write" in fails(capsys, 1, "show", "convolution", "-o", str(tmp_path / "none" / "sheet.png"))


def test_draw(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["draw", "lenet"]) == 0
    assert capsys.readouterr().out == "lenet, and each kind of its blocks: lenet.png\n"
    with Image.open("lenet.png") as drawn:
        assert drawn.width > 300
    assert "did you mean 'lenet'?" in fails(capsys, 2, "draw", "lenets")
    assert "cannot write" in fails(capsys, 1, "draw", "lenet", str(tmp_path / "none" / "lenet.png"))


@pytest.mark.parametrize("error, code, says", [
    (ModuleNotFoundError("no", name="matplotlib"), 1, "the package matplotlib is missing; `tinygrad-cnn report` says how"),
    (KeyboardInterrupt(), 130, "interrupted.")])
def test_what_stops_a_command_is_one_sentence(error: BaseException, code: int, says: str, capsys: pytest.CaptureFixture[str],
                                              monkeypatch: pytest.MonkeyPatch) -> None:
    def stopped(*_: object) -> None:
        raise error

    monkeypatch.setattr("tinygrad_cnn.cli.draw.entry", stopped)
    assert says in fails(capsys, code, "draw", "lenet")


def test_a_missing_part_of_the_package_is_no_missing_package(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ModuleNotFoundError("no", name="tinygrad_cnn.part")

    monkeypatch.setattr("tinygrad_cnn.cli.draw.entry", broken)
    with pytest.raises(ModuleNotFoundError):
        main(["draw", "lenet"])


def test_report(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report"]) == 0
    out = capsys.readouterr().out
    for word in ("numpy", "numba", "processor", "threads", "cpu", "cuda", "emulator", "kernel cache"):
        assert word in out
    assert re.search(r"cpu +works: \d+ threads", out) and tg.__version__ in out


def test_report_survives_a_broken_installation(capsys: pytest.CaptureFixture[str],
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    from tinygrad_cnn import cache
    from tinygrad_cnn.cpu import launch

    def broken(*_: object) -> None:
        raise RuntimeError("out of order\nat length")

    monkeypatch.setattr(launch, "threads", broken)
    monkeypatch.setattr(cache, "cache_folder", broken)
    monkeypatch.setattr("importlib.metadata.version", broken)
    monkeypatch.setattr("platform.processor", broken)
    assert main(["report"]) == 0
    out = capsys.readouterr().out
    assert out.count("does not work: out of order") >= 4


def test_report_names_the_remedy(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def no_gpu() -> None:
        raise RuntimeError("device cuda: no NVIDIA GPU was found")

    monkeypatch.setattr("tinygrad_cnn.cuda.driver.executor", no_gpu)
    monkeypatch.setattr("tinygrad_cnn.cache.cache_folder", lambda: None)
    monkeypatch.setattr("tinygrad_cnn.creation.ones", tg.zeros)
    monkeypatch.setattr("tinygrad_cnn.installation.Path", lambda *_: Path("/none"))  # a system without /proc
    monkeypatch.setattr("platform.processor", lambda: "some processor")
    monkeypatch.delenv("TINYGRAD_CNN_EMULATE", raising=False)
    assert main(["report"]) == 0
    out = re.sub(r"\s+", " ", capsys.readouterr().out)
    for says in ("cuda does not work: no NVIDIA GPU was found", "kernel cache none, so kernels are compiled in every",
                 "processor some processor, ", "emulator off: TINYGRAD_CNN_EMULATE=1", "; pip install --force-reinstall numba",
                 "cpu does not work: three times 1 + 1 gave 0"):
        assert says in out, out


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    """An untrained network's weights, with its name."""
    tg.manual_seed(0)
    saving.save(models.create("mnist_cnn").state_dict(), tmp_path / "w.safetensors", {"model": "mnist_cnn"})
    return tmp_path / "w.safetensors"


def picture(path: Path) -> str:
    pixels = np.full((60, 50), 255, np.uint8)
    pixels[10:50, 22:28] = 0
    Image.fromarray(pixels).save(path)
    return str(path)


def test_predict_answers_for_the_good_files(weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, empty, none = picture(tmp_path / "one.png"), tmp_path / "empty.png", tmp_path / "none.png"
    empty.write_bytes(b"")
    assert main(["predict", good, str(empty), str(none), good, "--weights", str(weights)]) == 1
    captured = capsys.readouterr()
    assert captured.err.splitlines() == [f"tinygrad-cnn: {empty}: the file is empty.",
                                         f"tinygrad-cnn: {none}: there is no such file."]
    first, second = captured.out.splitlines()[:2], captured.out.splitlines()[2:]
    assert first == second and re.fullmatch(re.escape(good) + r": \d", first[0])
    shares = dict(re.findall(r"(\d) +(\d+\.\d)", first[1]))
    assert len(shares) == 10 and abs(sum(map(float, shares.values())) - 100) < 1 and len(first[1]) <= 80
    assert main(["predict", good, "--weights", str(weights)]) == 0


def test_predict_finds_the_newest_run(weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                      capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    good = picture(tmp_path / "one.png")
    assert "no trained weights below runs/" in fails(capsys, 1, "predict", good)
    arrays, metadata = saving.read(weights)
    folder = saving.save_checkpoint("runs/any", 3, arrays, {}, metadata)
    answers = set()
    for words in ([], ["--weights", "runs/any"], ["--weights", str(folder)],
                  ["--weights", str(folder / "model.safetensors")], ["--weights", str(weights)]):
        assert main(["predict", good, *words]) == 0
        answers.add(capsys.readouterr().out)
    assert len(answers) == 1


def test_predict_refuses_other_weights(weights: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good = picture(tmp_path / "one.png")
    arrays = saving.read(weights)[0]
    nameless, other = tmp_path / "nameless.safetensors", tmp_path / "other.safetensors"
    saving.save(arrays, nameless)
    saving.save({"x": np.zeros(3)}, other, {"model": "mnist_cnn"})
    assert "add --model NAME" in fails(capsys, 1, "predict", good, "--weights", str(nameless))
    saving.save(arrays, tmp_path / "clothes.safetensors", {"model": "mnist_cnn", "settings": {"data": "fashion-mnist"}})
    assert "was trained on fashion-mnist, but predict reads digits" in fails(capsys, 1, "predict", good, "--weights",
                                                                             str(tmp_path / "clothes.safetensors"))
    assert main(["predict", good, "--weights", str(nameless), "--model", "mnist_cnn"]) == 0
    capsys.readouterr()
    assert str(other) in fails(capsys, 1, "predict", good, "--weights", str(other))
    assert "not a safetensors file" in fails(capsys, 1, "predict", good, "--weights", good)
    assert "no such file" in fails(capsys, 1, "predict", good, "--weights", str(tmp_path / "none"))
    assert "mnist_cn" in fails(capsys, 1, "predict", good, "--weights", str(nameless), "--model", "mnist_cn")


@pytest.mark.parametrize("seconds, says", [(0.2, "1 s"), (42, "42 s"), (60, "1 min"), (151, "2 min 31 s"),
                                           (3900, "1 h 5 min"), (12 * 86400, "12 days")])
def test_durations(seconds: float, says: str) -> None:
    assert text.duration(seconds) == says


@pytest.mark.parametrize("seconds, says", [(3, "about 5 s"), (44, "about 45 s"), (100, "about 1 min 30 s"),
                                           (170, "about 3 min"), (1e7, "about 116 days")])
def test_rough_durations(seconds: float, says: str) -> None:
    assert text.rough(seconds) == says


@pytest.mark.parametrize("count, says", [(0, "0 B"), (999, "999 B"), (1500, "1.5 kB"), (3.4e6, "3.4 MB"),
                                         (5e12, "5000 GB")])
def test_sizes(count: float, says: str) -> None:
    assert text.size(count) == says


def test_module_and_console_script_are_the_same() -> None:
    assert command("--version").stdout.startswith("tinygrad-cnn ")
    assert os.access(Path(tg.__file__).parent / "__main__.py", os.R_OK)
