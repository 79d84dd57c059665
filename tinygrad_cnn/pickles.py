"""Python's pickles read as data: nothing in them is executed, and nothing is imported.

A pickle is a program for a small stack machine, and Python's own reader lets it import and call any function, so that a
file from a stranger can run code. The machine below knows numbers, strings, lists, tuples and dicts, and of functions
those alone that its caller hands to it. What each instruction does is written in the standard library's `pickletools`,
which also takes the program apart.
"""

from __future__ import annotations

import pickletools
import struct
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

PLAIN = (type(None), bool, int, float, str)
DEEPEST = 100  # containers within each other
LARGEST = 10_000_000  # things in the result, each counted as often as it is referred to

_CONSTANTS: dict[str, Any] = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False}
_EMPTY: dict[str, Callable[[], Any]] = {"EMPTY_DICT": dict, "EMPTY_LIST": list, "EMPTY_TUPLE": tuple}
_LITERALS = ("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT", "BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8",
             "BINBYTES", "SHORT_BINBYTES", "BINBYTES8")
_STRINGS = ("BINSTRING", "SHORT_BINSTRING")  # of Python 2, bytes that pickletools gives as latin-1
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_MARK = object()


class Refused(Exception):
    """A sound pickle of something that is not allowed, which the message names."""


class Damaged(Exception):
    """No pickle, or a damaged one; the message says what is wrong."""


@dataclass(frozen=True)
class Name:
    """What a pickle calls by name, such as "torch.FloatStorage"; nothing is imported."""

    name: str


class Built:
    """Base of what a call makes that gets its contents later: `build` takes them."""

    def build(self, *state: Any) -> None:
        raise TypeError(f"a {type(self).__name__} has no contents")


def read(program: bytes, calls: Mapping[str, Callable[..., Any]], names: Collection[str] = (), *,
         leaves: tuple[type, ...] = PLAIN, persistent: Callable[[Any], Any] | None = None) -> Any:
    """The object that a pickle describes: dicts, lists and tuples of `leaves`.

    calls       what it may call, by "module.name"; such a function must expect any arguments whatever
    names       what it may name besides, as arguments of those: they get a `Name`
    leaves      the types that may stand in the result besides containers
    persistent  what gets the description of a thing that lies outside the pickle and gives that thing

    Raises `Refused`, `Damaged`, or what a function of the caller's raises, unless that is an error of Python's own,
    which counts as damage. The result can be walked through by recursion: it does not contain itself, its containers
    are nested at most `DEEPEST` times, and it has at most `LARGEST` parts.
    """
    try:
        result = _Machine(calls, names, persistent).run(program)
    except (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, MemoryError, struct.error, Warning) as error:
        raise Damaged(_short(error) or type(error).__name__) from error
    _check(result, leaves)
    return result


class _Machine:
    """A stack, a memo, and what may be called."""

    def __init__(self, calls: Mapping[str, Callable[..., Any]], names: Collection[str],
                 persistent: Callable[[Any], Any] | None) -> None:
        self.calls, self.names, self.persistent = calls, names, persistent
        self.stack: list[Any] = []
        self.memo: dict[int, Any] = {}

    def run(self, program: bytes) -> Any:
        """The object that the program leaves on the stack."""
        for opcode, argument, _ in pickletools.genops(program):
            if opcode.name == "STOP":
                return self.stack.pop()
            self.step(opcode.name, argument)
        raise ValueError("it has no end")

    def step(self, name: str, argument: Any) -> None:
        """One instruction, those that are frequent first."""
        stack, memo = self.stack, self.memo
        if name in _LITERALS:
            stack.append(argument)
        elif name in _STRINGS:
            stack.append(argument.encode("latin-1"))
        elif name in ("BINPUT", "LONG_BINPUT"):
            memo[argument] = stack[-1]
        elif name == "MEMOIZE":
            memo[len(memo)] = stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            stack.append(memo[argument])
        elif name in _CONSTANTS:
            stack.append(_CONSTANTS[name])
        elif name in _EMPTY:
            stack.append(_EMPTY[name]())
        elif name == "MARK":
            stack.append(_MARK)
        elif name in ("APPEND", "APPENDS"):
            items = self.marked() if name == "APPENDS" else self.popped(1)
            self.top(list).extend(items)
        elif name in ("SETITEM", "SETITEMS"):
            items = self.marked() if name == "SETITEMS" else self.popped(2)
            self.top(dict).update(zip(map(_key, items[::2]), items[1::2], strict=True))
        elif name in _TUPLES:
            stack.append(tuple(self.popped(_TUPLES[name])))
        elif name == "TUPLE":
            stack.append(tuple(self.marked()))
        elif name == "GLOBAL":
            stack.append(self.named(argument.replace(" ", ".")))
        elif name == "STACK_GLOBAL":
            stack.append(self.named(".".join(self.popped(2))))
        elif name == "REDUCE":
            stack.append(self.called(*self.popped(2)))
        elif name == "BUILD":
            self.build(stack.pop())
        elif name == "BINPERSID" and self.persistent is not None:
            stack.append(self.persistent(stack.pop()))
        elif name not in ("PROTO", "FRAME"):
            raise Refused(f"the pickle instruction {name}")

    def top(self, kind: type) -> Any:
        """What is on top of the stack, which must be a container of that kind."""
        if type(self.stack[-1]) is not kind:
            raise ValueError(f"a {type(self.stack[-1]).__name__} stands where a {kind.__name__} should")
        return self.stack[-1]

    def popped(self, count: int) -> list[Any]:
        """The last `count` things, taken off the stack."""
        if len(self.stack) < count:
            raise ValueError(f"{len(self.stack)} things on the stack where {count} are needed")
        items = self.stack[-count:]
        del self.stack[-count:]
        return items

    def marked(self) -> list[Any]:
        """Everything above the last mark, taken off with it."""
        at = len(self.stack) - 1
        while self.stack[at] is not _MARK:  # IndexError where there is none
            at -= 1
        items = self.stack[at:][1:]
        del self.stack[at:]
        return items

    def named(self, name: str) -> Name:
        if name not in self.calls and name not in self.names:
            raise Refused(_short(name))
        return Name(name)

    def called(self, function: Any, arguments: Any) -> Any:
        if not isinstance(function, Name) or function.name not in self.calls:
            raise Refused(f"a call of {_described(function)}")
        if type(arguments) is not tuple:
            raise TypeError(f"the arguments of {function.name} are a {type(arguments).__name__}")
        return self.calls[function.name](*arguments)

    def build(self, state: Any) -> None:
        """Contents for a thing made by a call. Attributes of a dict, such as a state_dict's _metadata, are left out."""
        made = self.stack[-1]
        if isinstance(made, Built):
            made.build(*state)
        else:
            self.top(dict)


def dictionary(pairs: Iterable[Any] = ()) -> dict[Any, Any]:
    """A dict as "collections.OrderedDict" makes it."""
    return {_key(key): value for key, value in pairs}


def _key(key: Any) -> Any:
    """A key of a dict, which must not be nested: its hash is found by recursion."""
    for part in key if type(key) is tuple else (key,):
        if not isinstance(part, (*PLAIN, bytes)):
            raise TypeError(f"a {type(part).__name__} as a key")
    return key


def _described(thing: Any) -> str:
    return thing.name if isinstance(thing, Name) else f"a {type(thing).__name__}"


def _short(text: object) -> str:
    """In one line that fits into a sentence."""
    return " ".join(str(text).split())[:200]


def _check(result: Any, leaves: tuple[type, ...]) -> None:
    """Refuse things of other types, what contains itself, and what unfolds without end."""
    measures: dict[int, tuple[int, int]] = {}  # of finished containers, by id: (things within, depth)
    entered: set[int] = set()
    todo = [(result, False)]
    while todo:
        thing, finished = todo.pop()
        if type(thing) not in (dict, list, tuple):
            if not isinstance(thing, leaves):
                raise Damaged("a mark is left over") if thing is _MARK else Refused(_described(thing))
            continue
        parts = [*thing, *thing.values()] if type(thing) is dict else thing
        if finished:
            within = [measures.get(id(part), (1, 0)) for part in parts]
            measures[id(thing)] = total, depth = 1 + sum(n for n, _ in within), 1 + max((d for _, d in within), default=0)
            entered.discard(id(thing))
            if total > LARGEST or depth > DEEPEST:
                raise Damaged(f"more than {LARGEST} things, or more than {DEEPEST} within each other")
        elif id(thing) in entered:
            raise Damaged(f"a {type(thing).__name__} contains itself")
        elif id(thing) not in measures:
            entered.add(id(thing))
            todo.append((thing, True))
            todo.extend((part, False) for part in parts)
