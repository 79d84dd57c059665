"""Any network on any images: how they are brought together, how they are trained, and two steps of each."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tinygrad_cnn import models, recipes, tasks
from tinygrad_cnn.cli import main
from tinygrad_cnn.data import DataFileError, LabeledImages
from tinygrad_cnn.tasks import Task
from tinygrad_cnn.train import channel_statistics, task_trainer

TABLE = Path(__file__).parent / "golden" / "recipes.json"
SHAPES = {"mnist": (1, 28, 28), "cifar10": (3, 32, 32)}


def small(name: str, count: int = 64) -> Task:
    """The task with 64 images of noise, a little brighter for higher labels."""
    rng = np.random.default_rng(0)
    labels = np.arange(count) % 10
    pixels = (rng.integers(0, 100, (count, *SHAPES[name])) + 15 * labels[:, None, None, None]).astype(np.uint8)
    images = LabeledImages(pixels, labels)
    kind = "digits" if name == "mnist" else "small photographs"
    return Task(name, "images", kind, images, images, tuple("0123456789"), SHAPES[name])


def names(shape: tuple[int, ...]) -> list[str]:
    return [name for name in models.list_models() if models.entry(name).input == shape]


def row(data: str, name: str) -> dict[str, Any]:
    """What the table says of a network on these data: which recipe it gets for 10 epochs, and what is adapted."""
    given = small(data)
    recipe = asdict(recipes.recipe(name, 10, kind=given.kind))
    usual = asdict(recipes.Recipe(0, 0, 0.0))
    fit = tasks.fit(name, given)
    return {"source": "paper" if recipes.paper(name, given.kind) else "ours",
            "recipe": {key: value for key, value in recipe.items() if value != usual[key]},
            "arguments": fit.arguments, "size": list(fit.size)}


def table() -> dict[str, Any]:
    """The resolved recipe of every network of the data's own size."""
    return {data: {name: row(data, name) for name in names(shape)} for data, shape in SHAPES.items()}


def test_the_recipes_are_those_of_the_table() -> None:
    found = json.loads(json.dumps(table()))
    assert found == json.loads(TABLE.read_text()), "if that is meant: python -m tests.test_tasks writes the table"


@pytest.mark.parametrize("data, name", [(data, name) for data, shape in SHAPES.items() for name in names(shape)])
def test_two_steps(data: str, name: str) -> None:
    recipe = recipes.recipe(name, epochs=1, batch_size=2, kind=small(data).kind)
    trainer = task_trainer(name, small(data, 4), recipe, seed=1)
    before = {key: value.numpy().copy() for key, value in trainer.model.state_dict().items()}
    losses = [step.loss for step in trainer.run()]
    assert len(losses) == 2 and np.isfinite(losses).all()
    after = trainer.model.state_dict()
    assert any(not np.array_equal(before[key], after[key].numpy()) for key in before)


@pytest.mark.parametrize("name, data, says", [
    ("c3d", "cifar10", "c3d reads inputs of shape 3x16x112x112 but cifar10 has images"),
    ("unet", "cifar10", "unet labels every pixel but cifar10 has one label for each image"),
    ("time_series_fcn", "mnist", "time_series_fcn reads inputs of shape")])
def test_what_cannot_be_trained(name: str, data: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        tasks.fit(name, small(data))


def test_channels_and_sizes_are_adapted_with_a_message() -> None:
    assert tasks.fit("cifar_resnet20", small("cifar10")) == tasks.Fit({}, (32, 32), 3, ())
    gray = tasks.fit("cifar_resnet20", small("mnist"))
    assert gray.arguments == {"in_channels": 1} and gray.size == (28, 28) and "reads 1 channel here, not 3" in gray.notes[0]
    colored = tasks.fit("mnist_cnn", small("cifar10"))
    assert colored.arguments == {"in_channels": 3} and colored.size == (28, 28)
    assert "images are scaled from 32x32 to 28x28, the size that mnist_cnn needs" in colored.notes
    deep = tasks.fit("inception_v3", small("cifar10"))
    assert deep.arguments == {"num_classes": 10} and deep.size == (299, 299)
    assert tasks.fit("resnet18", small("cifar10")).size == (32, 32), "what fits is not scaled"


def test_scaled_images_are_trained_on() -> None:
    recipe = recipes.recipe("mnist_cnn", epochs=1, batch_size=32, kind="small photographs")
    trainer = task_trainer("mnist_cnn", small("cifar10"), recipe)
    assert [step.number for step in trainer.run()] == [1, 2] and trainer.score().probabilities.shape == (64, 10)


def test_normalized_images_have_mean_0_and_deviation_1() -> None:
    given = small("cifar10")
    mean, std = channel_statistics(given.train)
    pixels = given.train.batch(np.arange(64))[0].astype(np.float64)
    np.testing.assert_allclose(mean, pixels.mean((0, 2, 3)), rtol=1e-6)
    np.testing.assert_allclose(std, pixels.std((0, 2, 3)), rtol=1e-6)


def test_a_schedule_stretches() -> None:
    paper = recipes.recipe("cifar_resnet110", kind="small photographs")
    short = recipes.recipe("cifar_resnet110", epochs=10, kind="small photographs")
    assert (paper.epochs, paper.warmup, short.warmup) == (164, 400, 25)
    rates = [short.rate(step, 1000) for step in range(1000)]
    assert rates[0] == 0.1 and rates[30] == 1 and rates[499] == 1
    np.testing.assert_allclose([rates[500], rates[749], rates[750], rates[999]], [0.1, 0.1, 0.01, 0.01])
    falling = recipes.recipe("inception_v3", kind="photographs")
    np.testing.assert_allclose(falling.rate(500, 1000), 0.94**25)
    inverse = recipes.recipe("lenet", source="paper")
    np.testing.assert_allclose([inverse.rate(step, 1000) for step in (0, 500, 1000)], [1, 1.5**-0.75, 2**-0.75])


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    """A folder with ten pictures of 12 x 10 in each of two classes: red cats, blue dogs."""
    for name, color in (("cat", (200, 30, 30)), ("dog", (30, 30, 200))):
        (tmp_path / "pets" / name).mkdir(parents=True)
        for k in range(10):
            Image.new("RGB", (12, 10), tuple(min(255, c + 5 * k) for c in color)).save(tmp_path / "pets" / name / f"{k}.png")
    return tmp_path / "pets"


def test_a_folder_of_pictures(pictures: Path) -> None:
    given = tasks.task(str(pictures))
    assert (given.name, given.kind, given.classes, given.shape) == ("pets", "photographs", ("cat", "dog"), None)
    train, held_out = tasks.parts(given, (16, 16))
    assert (len(train), len(held_out)) == (16, 4) and sorted(int(held_out[k][1]) for k in range(4)) == [0, 0, 1, 1]
    assert train[0][0].shape == (3, 16, 16)


def test_a_folder_with_parts_of_its_own(pictures: Path) -> None:
    for part in ("train", "val"):
        (pictures.parent / "whole" / part).mkdir(parents=True)
    for name in ("cat", "dog"):
        (pictures / name).rename(pictures.parent / "whole" / "train" / name)
        (pictures.parent / "whole" / "val" / name).mkdir()
        Image.new("RGB", (8, 8)).save(pictures.parent / "whole" / "val" / name / "0.png")
    train, held_out = tasks.parts(tasks.task(str(pictures.parent / "whole")), (8, 8))
    assert (len(train), len(held_out)) == (20, 2) and train[0][0].shape == (3, 8, 8)


def test_a_network_learns_a_folder(pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["train", str(pictures), "--model", "lenet", "--epochs", "20", "--batch-size", "4", "--lr", "0.003",
                 "--recipe", "ours", "--out", str(tmp_path / "run")]
    assert main(arguments) == 0
    said = capsys.readouterr().out
    assert said.startswith("lenet reads 3 channels here, not 1\n") and "20 epochs of 16 pictures on the CPU" in said
    assert said.endswith("held-out accuracy 100.00 %\n") and (tmp_path / "run" / "curve.png").exists()


def test_missing_data_say_how_to_get_them(tmp_path: Path) -> None:
    with pytest.raises(DataFileError, match=r"-bin; name the folder of the files with --root, or fetch them with --download"):
        tasks.task("cifar10", tmp_path)
    with pytest.raises(ValueError, match="there are no data called 'imagenet'; use one of mnist, fashion-mnist"):
        tasks.task("imagenet")


def test_another_pickle_is_no_missing_file(tmp_path: Path) -> None:
    (tmp_path / "data_batch_1").write_bytes(b"no pickle")
    (tmp_path / "batches.meta").write_bytes(b"no pickle")
    with pytest.raises(DataFileError) as caught:
        tasks.task("cifar10", tmp_path)
    assert "--root" not in str(caught.value)


def test_a_failed_download_leaves_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise OSError("no network")

    monkeypatch.setattr("tinygrad_cnn.data.downloads.urlopen", refuse)
    with pytest.raises(DataFileError, match="no network"):
        tasks.task("cifar10", tmp_path / "a" / "b", download=True)
    assert list(tmp_path.iterdir()) == []



if __name__ == "__main__":
    TABLE.write_text(json.dumps(table(), indent=1) + "\n")
