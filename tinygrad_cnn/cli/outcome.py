"""What came of a training run: its figures in lines, its curve and its mistakes as pictures."""

from __future__ import annotations

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..saving import latest
from ..text import duration

if TYPE_CHECKING:
    from ..tasks import Task
    from ..train import Score, Trainer

SLIDES = "CPU 14 min, GPU 42 s"


def report(trainer: Trainer, given: Task, score: Score, folder: Path, device: str) -> None:
    """What came of it, and the pictures."""
    right = int((score.predicted == score.labels).sum())
    place = "CPU" if device == "cpu" else "GPU"
    print(textwrap.fill(f"{right:,} of {len(score.labels):,} held-out {given.noun} right, "
                        f"after {epochs(trainer)} in {duration(trainer.seconds)} on the {place}", 80, subsequent_indent="  "))
    if given.name == "mnist":
        print(f"(the slides, on MNIST: {SLIDES})")
    name = given.classes
    worst = [f"{name[label]} taken for {name[guess]}{f' ({count} times)' if count > 1 else ''}"
             for label, guess, count in score.confusions()[:4]]
    if worst:
        print(textwrap.fill("most frequent mistakes: " + ", ".join(worst), 80, subsequent_indent="  "))
    curve, mistakes = folder / "curve.png", folder / "mistakes.png"
    _curve(trainer, given, score, place).save(curve)
    _mistakes(trainer, given, score).save(mistakes)
    for kind, path in ("checkpoint", latest(folder)), ("curve", curve), ("mistakes", mistakes):
        print(f"{kind:11}{path}")


def _curve(trainer: Trainer, given: Task, score: Score, place: str) -> Any:
    from ..viz import Curve, Panel, chart, smooth

    length = len(trainer.loader)
    passed = [step / length for step in range(1, trainer.step + 1)]
    smoothed = smooth(trainer.losses, max(1, trainer.step // 40))
    loss = Panel("loss", (Curve("", passed, trainer.losses, 0, faint=True), Curve("training", passed, smoothed, 0)),
                 (0.0, min(max(trainer.losses), 2.5)))
    low = max(0.0, min(trainer.accuracies), max(trainer.accuracies) - 6)
    scores = Curve("held-out", range(1, len(trainer.accuracies) + 1), trainer.accuracies, 2, dots=True)
    accuracy = Panel("accuracy", (scores,), (min(low // 1, 99.0), 100.0), " %")
    slides = f" (the slides: {SLIDES})" if given.name == "mnist" else ""
    return chart(f"{trainer.name}: held-out accuracy {score.accuracy:.2f} %",
                 f"{epochs(trainer)} of {len(trainer.loader.dataset):,} {given.noun} on the {place} "
                 f"in {duration(trainer.seconds)}{slides}", "epoch", [loss, accuracy])


def _mistakes(trainer: Trainer, given: Task, score: Score) -> Any:
    from ..viz import image_sheet

    assert trainer.held_out is not None
    wrong = (score.predicted != score.labels).nonzero()[0]
    # The surest mistakes first: they teach most.
    order = wrong[(-score.probabilities[wrong].max(axis=1)).argsort(kind="stable")][:32]
    captions = [_caption(given.classes[score.labels[i]], given.classes[score.predicted[i]]) for i in order]
    images = [trainer.held_out[int(i)][0] for i in order]
    return image_sheet(f"{len(wrong)} of {len(score.labels):,} held-out {given.noun} taken for another",
                       f"{trainer.name}, the surest first", images, captions)


def _caption(label: str, guess: str) -> str:
    text = f"{label} taken for {guess}"
    return text if len(text) <= 16 else f"{label[:7]} / {guess[:7]}"


def epochs(trainer: Trainer) -> str:
    return f"{trainer.epochs} epoch{'s' * (trainer.epochs > 1)}"
