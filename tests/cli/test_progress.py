"""What is seen during training: a bar on a terminal, lines in a pipe, nothing when quiet."""

from __future__ import annotations

import re
import sys

import pytest

from tinygrad_cnn.cli import progress
from tinygrad_cnn.cli.progress import Progress
from tinygrad_cnn.train import Step

STEPS, LENGTH = 60, 30


def train(shown: Progress, first: int = 1) -> None:
    shown.compile("conv")
    shown.compile("pool")
    for number in range(first, STEPS + 1):
        shown.step(Step(number, 1 / number, 7, 10, 91.25 if number % LENGTH == 0 else None))
    shown.close()


def test_lines_in_a_pipe(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    train(Progress(STEPS, LENGTH, 0, quiet=False))
    captured = capsys.readouterr()
    lines = captured.out.splitlines()
    assert captured.err == "" and max(map(len, lines)) <= 80
    assert lines[0].startswith("compiling kernels") and len(lines) == 4
    assert re.fullmatch(r"[\d,]+ images/s: about .+ to go", lines[1])
    pattern = r"epoch {}/2  loss 0\.\d{{3}}  train 70\.00 %  held-out 91\.25 %  [\d,]+ images/s"
    for line, epoch in (lines[2], 1), (lines[3], 2):
        assert re.fullmatch(pattern.format(epoch), line)


def test_one_step_has_no_speed(capsys: pytest.CaptureFixture[str]) -> None:
    Progress(1, 1, 0, quiet=False).step(Step(1, 0.5, 7, 10, 91.25))
    assert capsys.readouterr().out == "epoch 1/1  loss 0.500  train 70.00 %  held-out 91.25 %\n"


def test_slow_epochs_are_not_silent(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "SILENCE", -1.0)
    train(Progress(STEPS, LENGTH, 0, quiet=False))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > STEPS and max(map(len, lines)) <= 80
    assert re.fullmatch(r"epoch 1/2  loss 0\.500  train 70\.0 %  [\d,]+ images/s  .+ left", lines[2])


def test_a_bar_on_a_terminal(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    train(Progress(STEPS, LENGTH, 0, quiet=False))
    captured = capsys.readouterr()
    assert "compiling pool (2)" in captured.err and " 0 %" in captured.err
    assert [line[:9] for line in captured.out.splitlines()] == ["compiling", "epoch 1/2", "epoch 2/2"]


def test_a_resumed_run_counts_from_where_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    train(Progress(STEPS, LENGTH, 45, quiet=False), 46)
    assert [line[:9] for line in capsys.readouterr().out.splitlines()] == ["compiling", "epoch 2/2"]


def test_nothing_when_quiet(capsys: pytest.CaptureFixture[str]) -> None:
    train(Progress(STEPS, LENGTH, 0, quiet=True))
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""
