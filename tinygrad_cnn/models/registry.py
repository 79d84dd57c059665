"""Networks by name."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from fnmatch import fnmatchcase
from functools import wraps
from typing import Any, NamedTuple, TypeVar, cast

from ..nn.module import Module
from ..shapes import ShapeError
from ..text import extents

B = TypeVar("B", bound=Callable[..., Module])

COUNTS = ("num_classes", "in_channels")
TRAINED = ("pretrained", "weights")  # by which torchvision and timm fetch a trained network


@dataclass(frozen=True)
class Paper:
    """Where a network was published: the year, the title, and where to find it, such as "arXiv 1512.03385"."""

    year: int
    title: str
    source: str


@dataclass(frozen=True)
class Entry:
    """How to build a network, the shape of one input, such as (1, 28, 28), and the paper it is from."""

    build: Callable[..., Module]
    input: tuple[int, ...]
    paper: Paper


class MadeFor(NamedTuple):
    """The name of a network and the shape of the inputs it was built for, without the axis of samples."""

    name: str
    input: tuple[int, ...]

    def refusal(self, inputs: tuple[Any, ...], error: ShapeError) -> ShapeError:
        """What to say when the shapes of `inputs` lead to `error` somewhere within. Of the right shape they are not to
        blame."""
        given = getattr(inputs[0], "shape", None) if inputs else None
        if given is None or given[1:] == self.input:
            return error
        channels, *size = self.input
        if len(given) == len(self.input):
            remedy = "put the axis of samples in front, x.unsqueeze(0)"
        elif len(given) != len(self.input) + 1:
            remedy = "give as many axes"
        elif given[1] != channels:
            remedy = f"give {channels} channel{'s' * (channels > 1)}, or build it with in_channels={given[1]}"
        else:
            remedy = f"resize it to {extents(size)}"
        wanted = ", ".join(["n", *map(str, self.input)])
        return ShapeError(f"{self.name}: the input has shape {given} but the network is made for ({wanted}); {remedy} "
                          f"({error})")


_entries: dict[str, Entry] = {}


def register(input: tuple[int, ...], paper: Paper) -> Callable[[B], B]:
    """Decorator: list a function that returns a network under its own name; `input` is the shape of one input.

    The function then refuses arguments it does not have, and numbers of classes and channels below 1, in one sentence.
    """

    def add(build: B) -> B:
        name, signature = build.__name__, _signature(build)
        if name in _entries:
            raise ValueError(f"register: {name!r} is the name of two networks; rename one of them")

        @wraps(build)
        def checked(*args: Any, **kwargs: Any) -> Module:
            bound = _checked(name, signature, args, kwargs)
            network = build(*args, **kwargs)
            vars(network)["_made_for"] = MadeFor(name, (bound.get("in_channels", input[0]), *input[1:]))
            return network

        checked.__signature__ = signature  # type: ignore[attr-defined]  # what help() shows
        _entries[name] = Entry(checked, input, paper)
        return cast(B, checked)

    return add


def _signature(build: Callable[..., Module]) -> inspect.Signature:
    """The arguments of `build`; `**kwargs` stands for the optional ones of the class that it returns."""
    own = inspect.signature(build, eval_str=True)
    if not any(p.kind is p.VAR_KEYWORD for p in own.parameters.values()):
        return own
    passed = [p.replace(kind=p.KEYWORD_ONLY) for p in inspect.signature(own.return_annotation).parameters.values()
              if p.default is not p.empty and p.name not in own.parameters]
    return own.replace(parameters=[*(p for p in own.parameters.values() if p.kind is not p.VAR_KEYWORD), *passed])


def _checked(name: str, signature: inspect.Signature, args: tuple[Any, ...], kwargs: Mapping[str, Any]) -> dict[str, Any]:
    """The arguments by name. Refuses those that `signature` does not have."""
    takes = ", ".join(signature.parameters)
    for given in kwargs:
        if given not in signature.parameters:
            near = get_close_matches(given, signature.parameters, 1)
            hint = f"did you mean {near[0]!r}?" if near else f"it takes {takes}"
            if given in TRAINED:
                hint = "read a file of weights with tg.load_weights(network, file)"
            raise TypeError(f"{name}: there is no argument {given!r}; {hint}")
    try:
        bound = signature.bind(*args, **kwargs).arguments
    except TypeError as error:
        raise TypeError(f"{name}: {error}; it takes {takes}") from None
    for count in COUNTS:
        value = bound.get(count, 1)
        if isinstance(value, bool) or not isinstance(value, int) or value < 1:
            raise ValueError(f"{name}: {count} is {value!r} but a whole number of at least 1 is needed; change {count}")
    return bound


def list_models(pattern: str = "*") -> list[str]:
    """The names of all networks that match `pattern`, such as "*resnet*", in alphabetical order."""
    return sorted(name for name in _entries if fnmatchcase(name, pattern))


def entry(name: str) -> Entry:
    """What is known of network `name`. Raises ValueError if there is none, and suggests the nearest name."""
    if name not in _entries:
        near = get_close_matches(name, _entries, 1, cutoff=0.4)
        hint = f"did you mean {near[0]!r}?" if near else f"use one of {', '.join(list_models())}"
        raise ValueError(f"models: there is no network {name!r}; {hint}")
    return _entries[name]


def create(name: str, **kwargs: Any) -> Module:
    """A new network: `create("mnist_cnn", num_classes=10)`.

    Raises as `entry` does, TypeError for arguments that the network does not have, ValueError for values it refuses.
    """
    return entry(name).build(**kwargs)
