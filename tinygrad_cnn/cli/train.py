"""`tinygrad-cnn train DATA`."""

from __future__ import annotations

import argparse
import os
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from .. import installation, saving
from ..environment import emulating
from ..objects import CheckpointError
from ..text import rough
from .estimate import estimate
from .failure import Failure, sentence
from .interrupt import Interrupt
from .outcome import epochs, report
from .progress import Progress

if TYPE_CHECKING:
    from ..recipes import Recipe
    from ..saving import Checkpoint
    from ..tasks import Fit, Task
    from ..train import Trainer

RUNS = Path("runs")
SAVE_EVERY = 60.0  # seconds, besides the end of every epoch
MODELS = {"digits": "mnist_cnn", "clothes": "mnist_cnn", "small photographs": "cifar_resnet20", "photographs": "resnet18"}
EXAMPLES = """\
examples:
  tinygrad-cnn train mnist                        the full recipe
  tinygrad-cnn train mnist --epochs 3             much sooner, a point less
  tinygrad-cnn train mnist --model mnist_cnn_bn   with batch normalization
  tinygrad-cnn train mnist --resume               go on after Ctrl-C
  tinygrad-cnn train cifar10 --download --model cifar_resnet20
  tinygrad-cnn train fashion-mnist --model lenet --recipe paper --epochs 10
  tinygrad-cnn train photos/ --model resnet18     a folder for each class

A run keeps its checkpoint and pictures in a folder. A run is never overwritten:
without --out the first of runs/mnist, runs/mnist-2, ... that does not exist is
taken; an --out that holds a run already is an error.
"""


def add(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Declare the subcommand."""
    parser = commands.add_parser("train", help="train a network", epilog=EXAMPLES,
                                 description="Train a network on images, and score it on others that it has not seen.")
    parser.add_argument("data", metavar="DATA", help="mnist (10,000 digits that come with the package), fashion-mnist, "
                        "cifar10, cifar100, or a folder of pictures")
    parser.add_argument("--model", metavar="NAME", help="default: mnist_cnn, the slides' network, or cifar_resnet20, resnet18")
    parser.add_argument("--recipe", choices=["paper", "ours"],
                        help="how to train: as the network's paper (the default where it says how), or as we do")
    parser.add_argument("--root", type=Path, metavar="DIR", help="where the files of the data lie (default data/DATA)")
    parser.add_argument("--download", action="store_true", help="fetch them there if they are missing")
    parser.add_argument("--epochs", type=_positive, metavar="N",
                        help="passes over the images; a recipe stretches to them")
    parser.add_argument("--batch-size", type=_positive, metavar="N", help="images in a batch")
    parser.add_argument("--lr", type=float, metavar="X", help="largest learning rate")
    parser.add_argument("--seed", type=_seed, metavar="N", help="of weights, order and distortions (default 0)")
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu", help="default: cpu")
    parser.add_argument("--threads", type=_positive, metavar="N", help="CPU threads (default: all cores)")
    parser.add_argument("--out", type=Path, metavar="DIR", help="folder of the run (default runs/DATA)")
    parser.add_argument("--resume", action="store_true",
                        help="go on with the run in --out, by default the newest one, bit for bit")
    parser.add_argument("--quiet", action="store_true", help="print the result only")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Train, save, report; returns the exit code."""
    from ..data import DataFileError

    try:
        given = _task(arguments)
        folder, checkpoint = _folder(arguments, given)
        try:
            return _run(arguments, given, folder, checkpoint)
        finally:
            with suppress(OSError):
                folder.rmdir()  # succeeds if nothing was saved
    except (CheckpointError, DataFileError) as error:
        raise Failure(error) from error


def _run(arguments: argparse.Namespace, given: Task, folder: Path, checkpoint: Checkpoint | None) -> int:
    from ..train import task_trainer

    model, seed, recipe = _settings(arguments, given, checkpoint)
    try:
        fit = _fit(model, given)
        threads = _prepare(arguments)
        trainer = task_trainer(model, given, recipe, arguments.device, seed, fit)
    except ValueError as error:
        raise Failure(sentence(error).removeprefix("Trainer: "), 2) from error
    if checkpoint:
        trainer.load(checkpoint)
    if not arguments.quiet:
        for note in fit.notes:
            print(note)
        _announce(trainer, arguments, given, fit, threads, folder, checkpoint)
    stopped = 0 if trainer.finished else _train(trainer, folder, arguments)
    if stopped:
        return 128 + stopped
    score = trainer.score()
    if not arguments.quiet:
        report(trainer, given, score, folder, arguments.device)
    print(f"held-out accuracy {score.accuracy:.2f} %")
    return 0


def _task(arguments: argparse.Namespace) -> Task:
    """The data asked for."""
    from ..tasks import task

    try:
        return task(arguments.data, arguments.root, arguments.download)
    except ValueError as error:
        raise Failure(f"{error}.", 2) from error


def _fit(model: str, given: Task) -> Fit:
    """How the network meets the data."""
    from ..tasks import fit

    try:
        return fit(model, given)
    except ValueError as error:
        raise ValueError(str(error).removeprefix("models: ")) from error


def _train(trainer: Trainer, folder: Path, arguments: argparse.Namespace) -> int:
    """Train to the end, saving now and then; returns the number of the signal that stopped it, or 0."""
    from ..train import NonFiniteLoss

    progress = Progress(trainer.steps, len(trainer.loader), trainer.step, arguments.quiet)
    if arguments.device == "cpu":
        from ..cpu import jit

        jit.on_compile.append(progress.compile)
    saved = time.perf_counter()
    resume = f"go on with: tinygrad-cnn train {arguments.data} --resume --out {folder}"
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
                    print(f"stopped after step {step.number} of {trainer.steps}; saved in {saving.latest(folder)}\n{resume}")
                    return interrupt.asked
    except NonFiniteLoss as error:
        raise Failure(f"{error}.") from error
    except KeyboardInterrupt as error:
        progress.close()
        kept = saving.latest(folder)
        state = f"{kept} is kept, {resume}" if kept else "nothing was saved yet"
        raise Failure(f"stopped at once; {state}.", 130) from error
    finally:
        progress.close()
        if arguments.device == "cpu":
            jit.on_compile.remove(progress.compile)
    return 0


def _folder(arguments: argparse.Namespace, given: Task) -> tuple[Path, Checkpoint | None]:
    """Where the run lives, and what to go on from."""
    out: Path | None = arguments.out
    if arguments.resume:
        out = out or saving.newest_run(RUNS)
        if out is None:
            raise Failure(f"--resume: there is no run in {RUNS}; start one without --resume.")
        return out, saving.load_checkpoint(out)
    if out and (out / "latest").exists():
        raise Failure(f"{out} holds a run already; add --resume to go on with it, or name another --out.", 2)
    try:
        out = _made(out, RUNS / given.name)
    except OSError as error:
        raise Failure(f"--out: cannot make the folder {out or RUNS / given.name} ({error.strerror}); name another "
                      "one.") from error
    if not os.access(out, os.W_OK):
        raise Failure(f"--out: you may not write into {out}; name another folder.")
    return out, None


def _made(out: Path | None, first: Path) -> Path:
    """The folder `out`, or without one the first of runs/mnist, runs/mnist-2, ... that does not exist yet."""
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
        return out
    number, free = 1, first
    while True:
        try:
            free.mkdir(parents=True)  # claims it, should two runs begin at once
            return free
        except FileExistsError:
            if first.parent.is_file():
                raise
        number += 1
        free = first.with_name(f"{first.name}-{number}")


def _settings(arguments: argparse.Namespace, given: Task, checkpoint: Checkpoint | None) -> tuple[str, int, Recipe]:
    """Network, seed and recipe: of the saved run, or as asked."""
    from .. import recipes

    if checkpoint is None:
        try:
            model = arguments.model or MODELS[given.kind]
            recipe = recipes.recipe(model, arguments.epochs, arguments.batch_size, arguments.lr, given.kind, arguments.recipe)
            return model, arguments.seed or 0, recipe
        except ValueError as error:
            raise Failure(f"{error}.", 2) from error
    saved = checkpoint.metadata
    try:
        settings = dict(saved["settings"])
        data = settings.pop("data", "mnist")
        recipe = recipes.Recipe(**{**settings, "drops": tuple(settings.get("drops", ()))})
        model, seed = str(saved["model"]), int(saved["seed"])
    except (KeyError, TypeError) as error:
        raise Failure(f"{checkpoint.folder} is not a run of `train`; start one without --resume.") from error
    if data != given.name:
        raise Failure(f"{checkpoint.folder} was trained on {data}, not {given.name}; name {data}, or another --out.", 2)
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
        if problem := installation.cuda_problem():
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


def _announce(trainer: Trainer, arguments: argparse.Namespace, given: Task, fit: Fit, threads: int, folder: Path,
              checkpoint: Checkpoint | None) -> None:
    """The first line: what comes, and how long it will take; then where it is kept."""
    device, asked = arguments.device, arguments.out
    place = "the GPU" if device == "cuda" else f"the CPU ({threads} thread{'s' * (threads > 1)})"
    if device == "cuda" and emulating():
        place = "the emulator"
    left = (trainer.steps - trainer.step) / trainer.steps
    time_left = f": {rough(estimate(trainer, (fit.channels, *fit.size), device) * left)}" if left else ""
    images = f"{len(trainer.loader.dataset):,} {given.noun}"
    print(f"{trainer.name}: {epochs(trainer)} of {images} on {place}{time_left}", flush=True)
    if checkpoint:
        state = "is finished" if trainer.finished else f"goes on after step {trainer.step} of {trainer.steps}"
        print(f"the run in {folder} {state}", flush=True)
    elif asked is None and folder != RUNS / given.name:
        print(f"{RUNS / given.name} exists already; this run goes to {folder}", flush=True)


def _whole(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number") from None


def _positive(text: str) -> int:
    number = _whole(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{number} must be at least 1")
    return number


def _seed(text: str) -> int:
    number = _whole(text)
    if not 0 <= number < 2**63:
        raise argparse.ArgumentTypeError(f"{number} must lie between 0 and 2**63 - 1")
    return number
