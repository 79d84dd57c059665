"""Einstein's summation as permutations, sums and matrix products; more than two operands by pairs from the left."""

from __future__ import annotations

import string
from collections.abc import Sequence
from math import prod
from typing import Any

from .. import shapes
from .index import Index
from .matmul import MatMul
from .reduce import Sum, expand
from .shape import Permute, reshape

Labels = tuple[str, ...]


def einsum(equation: str, operands: Sequence[Any]) -> Any:
    """The sum over all letters that the output does not name of the product of the operands' elements at the letters.

    `"bij,bjk->bik"`; without "->" the output has the letters that stand once, in alphabetical order, behind the ellipsis.
    """
    inputs, output = _parsed(equation, operands)
    terms = [_diagonal(x, labels) for x, labels in zip(operands, inputs)]
    extents = _extents(terms)
    x, labels = terms[0]
    for k, (y, others) in enumerate(terms[1:], 2):
        later = {label for _, more in terms[k:] for label in more}.union(output)
        x, labels = _pair(x, labels, y, others, later, extents)
    x, labels = _summed(x, labels, set(output))
    for label in output:  # broadcast in an operand that has it only as 1
        at = labels.index(label)
        x = expand(x, (*x.array.shape[:at], extents[label], *x.array.shape[at + 1:]))
    return Permute(tuple(labels.index(label) for label in output))(x) if labels != output else x


def letters(arguments: Sequence[Any]) -> tuple[str, list[Any]]:
    """(equation, operands) of operands that are followed by lists of numbers, and the output's list at the end."""
    pairs, rest = arguments[:len(arguments) // 2 * 2], arguments[len(arguments) // 2 * 2:]

    def word(numbers: Sequence[Any]) -> str:
        return "".join("..." if n is Ellipsis else string.ascii_letters[n] for n in numbers)

    equation = ",".join(word(numbers) for numbers in pairs[1::2]) + ("->" + word(rest[0]) if rest else "")
    return equation, list(pairs[::2])


def _parsed(equation: str, operands: Sequence[Any]) -> tuple[list[Labels], Labels]:
    """The labels of each operand's axes and of the output's; those of an ellipsis are numbers from its end."""
    left, arrow, right = equation.replace(" ", "").partition("->")
    words = left.split(",")
    shapes.same("einsum", "the number of operands", len(operands), len(words), f"give one for each part of {equation!r}")
    inputs = [_labels(word, x.array.shape, equation) for word, x in zip(words, operands)]
    dots = max((tuple(p for p in labels if p[0] == ".") for labels in inputs), key=len)
    if arrow:
        output = tuple(p for part in _split(right, equation) for p in (dots if part == "..." else (part,)))
    else:
        every = [p for labels in inputs for p in labels if p[0] != "."]
        output = dots + tuple(sorted(p for p in set(every) if every.count(p) == 1))
    known = {p for labels in inputs for p in labels}
    if len(set(output)) < len(output) or not known.issuperset(output):
        raise shapes.ShapeError(f"einsum: the output of {equation!r} names a letter twice, or one that no operand has; "
                                "name each letter of the operands at most once")
    return inputs, output


def _split(word: str, equation: str) -> list[str]:
    parts = [p for k, piece in enumerate(word.split("...")) for p in ([*["..."] * (k > 0), *piece])]
    if parts.count("...") > 1 or any(p != "..." and not (p.isascii() and p.isalpha()) for p in parts):
        raise shapes.ShapeError(f"einsum: {word!r} in {equation!r} is no list of letters with at most one ellipsis; "
                                "write such as '...ij,jk->...ik'")
    return parts


def _labels(word: str, shape: tuple[int, ...], equation: str) -> Labels:
    parts = _split(word, equation)
    spare = len(shape) - len(parts) + parts.count("...")
    if spare < 0 or (spare and "..." not in parts):
        raise shapes.ShapeError(f"einsum: {word!r} in {equation!r} names {len(parts)} axes but the operand has shape "
                                f"{shape}; name each axis")
    dots = tuple(f".{k}" for k in range(spare, 0, -1))
    return tuple(p for part in parts for p in (dots if part == "..." else (part,)))


def _diagonal(x: Any, labels: Labels) -> tuple[Any, Labels]:
    """The elements at which axes of one letter agree, with the letter once."""
    for label in dict.fromkeys(labels):
        while labels.count(label) > 1:
            one = labels.index(label)
            two = labels.index(label, one + 1)
            n = x.array.shape[one]
            shapes.same("einsum", f"an extent of {label!r}", x.array.shape[two], n, "make repeated axes equal")
            rest = [k for k in range(len(labels)) if k not in (one, two)]
            square = Permute((*rest, one, two))(x)
            flat = reshape(square, (*square.array.shape[:-2], n * n))
            x = Index((..., slice(None, None, n + 1)))(flat)
            labels = (*(labels[k] for k in rest), label)
    return x, labels


def _extents(terms: Sequence[tuple[Any, Labels]]) -> dict[str, int]:
    """The extent of each label; one of 1 stretches."""
    found: dict[str, int] = {}
    for x, labels in terms:
        for label, n in zip(labels, x.array.shape):
            if found.setdefault(label, n) != n and n != 1:
                if found[label] != 1:
                    raise shapes.ShapeError(f"einsum: {label!r} has extents {found[label]} and {n} but one is needed; "
                                            "make them equal, or one of them 1")
                found[label] = n
    return found


def _summed(x: Any, labels: Labels, kept: set[str]) -> tuple[Any, Labels]:
    """The sum over what is not kept."""
    gone = tuple(k for k, label in enumerate(labels) if label not in kept)
    return (Sum(gone)(x) if gone else x), tuple(label for label in labels if label in kept)


def _pair(x: Any, ours: Labels, y: Any, theirs: Labels, later: set[str],
          extents: dict[str, int]) -> tuple[Any, Labels]:
    """One operand for two: summed over the labels that are not needed later."""
    x, ours = _summed(x, ours, later.union(theirs))
    y, theirs = _summed(y, theirs, later.union(ours))
    both = [p for p in ours if p in theirs]
    batch, inner = [p for p in both if p in later], [p for p in both if p not in later]
    rows, columns = [p for p in ours if p not in theirs], [p for p in theirs if p not in ours]
    a = _arranged(x, ours, batch + rows + inner, set(inner), extents)
    b = _arranged(y, theirs, batch + inner + columns, set(inner), extents)
    cuts = len(batch), len(batch) + len(rows), len(batch) + len(inner)
    sizes = a.array.shape[cuts[0]:cuts[1]], a.array.shape[cuts[1]:], b.array.shape[cuts[2]:]
    a = reshape(a, (*a.array.shape[:cuts[0]], prod(sizes[0]), prod(sizes[1])))
    b = reshape(b, (*b.array.shape[:cuts[0]], prod(sizes[1]), prod(sizes[2])))
    out = MatMul()(a, b)
    return reshape(out, (*out.array.shape[:-2], *sizes[0], *sizes[2])), tuple(batch + rows + columns)


def _arranged(x: Any, labels: Labels, order: list[str], inner: set[str], extents: dict[str, int]) -> Any:
    """The axes in `order`, those that are summed stretched to their extents."""
    x = Permute(tuple(labels.index(p) for p in order))(x)
    return expand(x, tuple(extents[p] if p in inner else n for p, n in zip(order, x.array.shape)))
