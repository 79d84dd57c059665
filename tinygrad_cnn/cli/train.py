"""`tinygrad-cnn train mnist`."""

from __future__ import annotations

import argparse
import os
import textwrap
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import recipes
from ..text import duration, rough
from .failure import Failure
from .interrupt import Interrupt
from .progress import Progress

if TYPE_CHECKING:
    from ..saving import Checkpoint
    from ..train import Score, Trainer

OUT = Path("runs/mnist")
SLIDES = "CPU 14 min, GPU 42 s"
SAVE_EVERY = 60.0  # seconds, besides the end of every epoch
CPU_SHARE = 0.5  # of the speed of NumPy's matrix product that training reaches on one thread, scoring included
CPU_SCALING = 0.85  # n threads are worth n to this power
GPU_STEP = 0.004  # seconds: launching the kernels of a step, which small digits cannot hide
EMULATED = 2e6  # multiply-adds a second
EXAMPLES = """\
examples:
  tinygrad-cnn train mnist                        the full recipe
  tinygrad-cnn train mnist --epochs 3             much sooner, a point less
  tinygrad-cnn train mnist --model mnist_cnn_bn   with batch normalization
  tinygrad-cnn train mnist --resume               go on after Ctrl-C

A run keeps its checkpoint and pictures in a folder. A run is never overwritten:
without --out the first of runs/mnist, runs/mnist-2, ... that does not exist is
taken; an --out that holds a run already is an error.
"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the subcommand."""
    parser = commands.add_parser("train", help="train a digit network", epilog=EXAMPLES,
                                 description="Train a network on 8,004 digits and score it on 1,996 others.",
                                 formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("data", choices=["mnist"], help="the embedded subset of MNIST")
    parser.add_argument("--model", choices=list(recipes.FULL), help="default: mnist_cnn, the slides' network")
    parser.add_argument("--epochs", type=_positive, metavar="N",
                        help=f"passes over the digits (up to {recipes.SHORT_EPOCHS}: a schedule made for few)")
    parser.add_argument("--batch-size", type=_positive, metavar="N", help="digits in a batch")
    parser.add_argument("--lr", type=float, metavar="X", help="largest learning rate")
    parser.add_argument("--seed", type=_seed, metavar="N", help="of weights, order and distortions (default 0)")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help="default: cpu")
    parser.add_argument("--threads", type=_positive, metavar="N", help="CPU threads (default: all cores)")
    parser.add_argument("--out", type=Path, metavar="DIR", help=f"folder of the run (default {OUT})")
    parser.add_argument("--resume", action="store_true",
                        help="go on with the run in --out, by default the newest one, bit for bit")
    parser.add_argument("--quiet", action="store_true", help="print the result only")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Train, save, report; returns the exit code."""
    from ..saving import CheckpointError

    try:
        return _run(arguments)
    except CheckpointError as error:
        raise Failure(error) from error


def _run(arguments: argparse.Namespace) -> int:
    from ..train import digit_trainer

    folder, checkpoint = _folder(arguments)
    model, seed, recipe = _settings(arguments, checkpoint)
    threads = _prepare(arguments)
    try:
        trainer = digit_trainer(model, recipe, arguments.device, seed)
    except ValueError as error:
        raise Failure(f"{str(error).removeprefix('Trainer: ')}.", 2) from error
    if checkpoint:
        trainer.load(checkpoint)
    if not arguments.quiet:
        _announce(trainer, arguments, threads, folder, checkpoint)
    try:
        stopped = 0 if trainer.finished else _train(trainer, folder, arguments)
    finally:
        with suppress(OSError):
            folder.rmdir()  # succeeds if nothing was saved
    if stopped:
        return 128 + stopped
    score = trainer.score()
    if not arguments.quiet:
        _report(trainer, score, folder, arguments.device)
    print(f"held-out accuracy {score.accuracy:.2f} %")
    return 0


def _train(trainer: Trainer, folder: Path, arguments: argparse.Namespace) -> int:
    """Train to the end, saving now and then; returns the number of the signal that stopped it, or 0."""
    from ..saving import latest
    from ..train import NonFiniteLoss

    progress = Progress(trainer.steps, len(trainer.loader), trainer.step, arguments.quiet)
    if arguments.device == "cpu":
        from ..cpu import jit

        jit.on_compile.append(progress.compile)
    saved = time.perf_counter()
    resume = f"go on with: tinygrad-cnn train mnist --resume --out {folder}"
    try:
        with Interrupt() as interrupt:
            for step in trainer.run():
                progress.step(step)
                now = time.perf_counter()
                if step.accuracy is not None or interrupt.asked or now - saved > SAVE_EVERY:
                    trainer.save(folder)
                    saved = now
                if interrupt.asked and not trainer.finished:
                    progress.close()
                    print(f"stopped after step {step.number} of {trainer.steps}; saved in {latest(folder)}\n{resume}")
                    return interrupt.asked
    except NonFiniteLoss as error:
        raise Failure(f"{error}.") from error
    except KeyboardInterrupt as error:
        progress.close()
        kept = latest(folder)
        state = f"{kept} is kept, {resume}" if kept else "nothing was saved yet"
        raise Failure(f"stopped at once; {state}.", 130) from error
    finally:
        progress.close()
        if arguments.device == "cpu":
            jit.on_compile.remove(progress.compile)
    return 0


def _folder(arguments: argparse.Namespace) -> tuple[Path, Checkpoint | None]:
    """Where the run lives, and what to go on from."""
    from .. import saving

    out: Path | None = arguments.out
    if arguments.resume:
        out = out or saving.newest_run(OUT.parent)
        if out is None:
            raise Failure(f"--resume: there is no run in {OUT.parent}; start one without --resume.")
        return out, saving.load_checkpoint(out)
    if out and (out / "latest").exists():
        raise Failure(f"{out} holds a run already; add --resume to go on with it, or name another --out.", 2)
    try:
        out = _made(out)
    except OSError as error:
        raise Failure(f"--out: cannot make the folder {out or OUT} ({error.strerror}); name another one.") from error
    if not os.access(out, os.W_OK):
        raise Failure(f"--out: you may not write into {out}; name another folder.")
    return out, None


def _made(out: Path | None) -> Path:
    """The folder `out`, or without one the first of runs/mnist, runs/mnist-2, ... that does not exist yet."""
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        return out
    number, free = 1, OUT
    while True:
        try:
            free.mkdir(parents=True)  # claims it, should two runs begin at once
            return free
        except FileExistsError:
            if OUT.parent.is_file():
                raise
        number += 1
        free = OUT.with_name(f"{OUT.name}-{number}")


def _settings(arguments: argparse.Namespace, checkpoint: Checkpoint | None) -> tuple[str, int, recipes.Recipe]:
    """Network, seed and recipe: of the saved run, or as asked."""
    if checkpoint is None:
        try:
            model = arguments.model or "mnist_cnn"
            recipe = recipes.recipe(model, arguments.epochs, arguments.batch_size, arguments.lr)
            return model, arguments.seed or 0, recipe
        except ValueError as error:
            raise Failure(f"{error}.", 2) from error
    saved = checkpoint.metadata
    try:
        recipe = recipes.Recipe(**saved["settings"])
        model, seed = str(saved["model"]), int(saved["seed"])
    except (KeyError, TypeError) as error:
        raise Failure(f"{checkpoint.folder} is not a run of `train mnist`; start one without --resume.") from error
    known = {"model": model, "seed": seed, "epochs": recipe.epochs, "batch_size": recipe.batch_size, "lr": recipe.lr}
    for name, value in known.items():
        asked = getattr(arguments, name)
        if asked is not None and asked != value:
            option = "--" + name.replace("_", "-")
            raise Failure(f"{option} {asked}: the saved run has {value}, and --resume keeps it; leave {option} out.", 2)
    return model, seed, recipe


def _prepare(arguments: argparse.Namespace) -> int:
    """Check the device, set the threads; returns how many there are."""
    if arguments.device == "cuda":
        from ..installation import cuda_problem

        if problem := cuda_problem():
            emulate = "; or set TINYGRAD_CNN_EMULATE=1 to run the CUDA kernels slowly in plain Python"
            raise Failure(f"--device cuda: {problem}{'' if 'TINYGRAD_CNN_EMULATE' in problem else emulate}.")
        return 1
    from ..cpu import launch

    if arguments.threads is not None:
        try:
            launch.set_num_threads(arguments.threads)
        except ValueError as error:
            raise Failure(f"--threads: {error}.", 2) from error
    return launch.threads()


def _announce(trainer: Trainer, arguments: argparse.Namespace, threads: int, folder: Path,
              checkpoint: Checkpoint | None) -> None:
    """The first line: what comes, and how long it will take; then where it is kept."""
    device, asked = arguments.device, arguments.out
    place = "the GPU" if device == "cuda" else f"the CPU ({threads} thread{'s' * (threads > 1)})"
    if device == "cuda" and emulated():
        place = "the emulator"
    left = trainer.steps - trainer.step
    time_left = rough(estimate(trainer, device) * left / trainer.steps)
    digits = f"{len(trainer.loader.dataset):,} digits"
    print(f"{trainer.name}: {_epochs(trainer)} of {digits} on {place}: {time_left}", flush=True)
    if checkpoint:
        state = "is finished" if trainer.finished else f"goes on after step {trainer.step} of {trainer.steps}"
        print(f"the run in {folder} {state}", flush=True)
    elif asked is None and folder != OUT:
        print(f"{OUT} exists already; this run goes to {folder}", flush=True)


def emulated() -> bool:
    """Whether the CUDA kernels run in the emulator."""
    return os.environ.get("TINYGRAD_CNN_EMULATE", "0") not in ("", "0")


def estimate(trainer: Trainer, device: str) -> float:
    """Seconds that the whole run will take, guessed from the work and from how fast this machine multiplies."""
    from ..models import entry
    from ..nn import summary

    macs = summary(trainer.model, entry(trainer.name).input).macs
    work = 3.0 * macs * trainer.loader.batch_size  # the backward pass takes twice the work of the forward pass
    if device == "cuda":
        return trainer.steps * (work / EMULATED if emulated() else GPU_STEP)
    from ..cpu import launch

    return trainer.steps * work / (CPU_SHARE * _matmul_speed() * launch.threads() ** CPU_SCALING)


def _matmul_speed() -> float:
    """Multiply-adds a second of NumPy's matrix product on one thread, the best of a few milliseconds."""
    import numpy as np

    side = 64  # small enough for BLAS to stay on one thread
    a = np.ones((side, side), np.float32)
    times = []
    for _ in range(300):
        begin = time.perf_counter()
        a @ a
        times.append(time.perf_counter() - begin)
    return float(side**3 / min(times))


def _report(trainer: Trainer, score: Score, folder: Path, device: str) -> None:
    """What came of it, and the pictures."""
    right = int((score.predicted == score.labels).sum())
    place = "CPU" if device == "cpu" else "GPU"
    print(f"{right:,} of {len(score.labels):,} held-out digits right, "
          f"after {_epochs(trainer)} in {duration(trainer.seconds)} on the {place}")
    print(f"(the slides, on MNIST: {SLIDES})")
    worst = [f"{label} taken for {guess}{f' ({count} times)' if count > 1 else ''}"
             for label, guess, count in score.confusions()[:4]]
    if worst:
        print(textwrap.fill("most frequent mistakes: " + ", ".join(worst), 80, subsequent_indent="  "))
    curve, mistakes = folder / "curve.png", folder / "mistakes.png"
    _curve(trainer, score, place).save(curve)
    _mistakes(trainer, score).save(mistakes)
    from ..saving import latest

    for name, path in ("checkpoint", latest(folder)), ("curve", curve), ("mistakes", mistakes):
        print(f"{name:11}{path}")


def _curve(trainer: Trainer, score: Score, place: str) -> Any:
    from ..viz import Curve, Panel, chart, smooth

    length = len(trainer.loader)
    epochs = [step / length for step in range(1, trainer.step + 1)]
    smoothed = smooth(trainer.losses, max(1, trainer.step // 40))
    loss = Panel("loss", (Curve("", epochs, trainer.losses, 0, faint=True), Curve("training", epochs, smoothed, 0)),
                 (0.0, min(max(trainer.losses), 2.5)))
    low = max(0.0, min(trainer.accuracies), max(trainer.accuracies) - 6)
    scores = Curve("held-out", range(1, len(trainer.accuracies) + 1), trainer.accuracies, 2, dots=True)
    accuracy = Panel("accuracy", (scores,), (low // 1, 100.0), " %")
    return chart(f"{trainer.name}: held-out accuracy {score.accuracy:.2f} %",
                 f"{_epochs(trainer)} of {len(trainer.loader.dataset):,} digits on the {place} "
                 f"in {duration(trainer.seconds)} (the slides: {SLIDES})", "epoch", [loss, accuracy])


def _mistakes(trainer: Trainer, score: Score) -> Any:
    from ..viz import digit_sheet

    assert trainer.held_out is not None
    wrong = (score.predicted != score.labels).nonzero()[0]
    # The surest mistakes first: they teach most.
    order = wrong[(-score.probabilities[wrong].max(axis=1)).argsort(kind="stable")][:32]
    captions = [f"{score.labels[i]} taken for {score.predicted[i]}" for i in order]
    return digit_sheet(f"{len(wrong)} of {len(score.labels):,} held-out digits taken for another",
                       f"{trainer.name}, the surest first", trainer.held_out[0][order, 0], captions)


def _epochs(trainer: Trainer) -> str:
    return f"{trainer.epochs} epoch{'s' * (trainer.epochs > 1)}"


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} must be at least 1")
    return number


def _seed(text: str) -> int:
    number = int(text)
    if not 0 <= number < 2**63:
        raise argparse.ArgumentTypeError(f"{number} must lie between 0 and 2**63 - 1")
    return number
