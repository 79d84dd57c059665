"""The pickle machine: plain objects come out, nothing is executed, and no program does it harm."""

import pickle
import random
import sys
from collections import OrderedDict
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tinygrad_cnn import pickles
from tinygrad_cnn.pickles import DEEPEST, Damaged, Name, Refused

CALLS = {"collections.OrderedDict": pickles.dictionary}
KEYS = st.one_of(st.text(max_size=3), st.integers(), st.booleans(), st.none(), st.tuples(st.integers(), st.text(max_size=2)))
PLAIN = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(-(2**80), 2**80), st.floats(allow_nan=False), st.text(max_size=9)),
    lambda inside: st.one_of(st.lists(inside), st.tuples(inside, inside, inside, inside), st.dictionaries(KEYS, inside)))


@given(PLAIN, st.sampled_from([2, 3, 4, 5]))
def test_plain_objects_come_back(thing, protocol):
    assert pickles.read(pickle.dumps(thing, protocol), {}) == thing


@pytest.mark.parametrize("protocol", [2, 4])
def test_calls_get_their_arguments(protocol):
    ordered = OrderedDict([("b", [1]), (("a", 2), (3,))])
    found = pickles.read(pickle.dumps(ordered, protocol), CALLS)
    assert type(found) is dict and list(found.items()) == list(ordered.items())


def test_names_and_things_outside():
    program = b"\x80\x02cmodule\nfunction\n(cother\nthing\nK\x07Qt\x52."
    seen = []
    found = pickles.read(program, {"module.function": lambda *given: seen.extend(given) or [1]}, {"other.thing"},
                         persistent=lambda number: number + 1)
    assert found == [1] and seen == [Name("other.thing"), 8]


def test_shared_parts_stay_shared():
    part = [1]
    found = pickles.read(pickle.dumps({"a": part, "b": (part, part)}, 2), {})
    assert found["a"] is found["b"][0] is found["b"][1]


class Call:
    def __reduce__(self):
        return print, ("the pickle ran code",)


class Stateful:
    """Pickles as a call of `copyreg` and a BUILD."""

    def __init__(self):
        self.x = 1


@pytest.mark.parametrize("protocol", [0, 1, 2, 3, 4, 5])
@pytest.mark.parametrize("thing", [Call(), [Call()], {"a": Call()}, Stateful(), {1, 2}, 2j, print, bytearray(b"x"), object()])
def test_everything_else_is_refused(thing, protocol, capsys):
    with pytest.raises(Refused):
        pickles.read(pickle.dumps(thing, protocol), CALLS)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("program", "error", "message"), [
    (b"", Damaged, "pickle exhausted|no end"),
    (b"\x80\x02K\x01", Damaged, "exhausted"),
    (b".", Damaged, "pop from empty list"),
    (b"\x80\x02\x85.", Damaged, "0 things on the stack where 1 are needed"),
    (b"\x80\x02e.", Damaged, "index out of range"),
    (b"\x80\x02(.", Damaged, "a mark is left over"),
    (b"\x80\x02(\x85.", Damaged, "a mark is left over"),
    (b"\x80\x02]K\x01K\x02s.", Damaged, "a list stands where a dict should"),
    (b"\x80\x02K\x01K\x02a.", Damaged, "a int stands where a list should"),
    (b"\x80\x02}(K\x01u.", Damaged, "shorter"),
    (b"\x80\x02}]K\x01s.", Damaged, "a list as a key"),
    (b"\x80\x02})\x85K\x01s.", Damaged, "a tuple as a key"),
    (b"\x80\x02h\x07.", Damaged, "7"),
    (b"\x80\x02ccollections\nOrderedDict\nK\x01R.", Damaged, "the arguments of collections.OrderedDict are a int"),
    (b"\x80\x02ccollections\nOrderedDict\nK\x01\x85R.", Damaged, "not iterable"),
    (b"\x80\x02ccollections\nOrderedDict\n]]K\x01\x86a\x85R.", Damaged, "a list as a key"),
    (b"\x80\x02ccollections\nOrderedDict\n.", Refused, "collections.OrderedDict"),
    (b"\x80\x02K\x01)R.", Refused, "a call of a int"),
    (b"\x80\x02]ccollections\nOrderedDict\nb.", Damaged, "a list stands where a dict should"),
    (b"\x80\x02K\x01Q.", Refused, "the pickle instruction BINPERSID"),
    (b"\x80\x02\x82\x01.", Refused, "the pickle instruction EXT1"),
    (b"\x80\x02cos\nsystem\n(X\x02\x00\x00\x00lstR.", Refused, "os.system"),
    (b"\x80\x04\x8c\x02os\x8c\x06system\x93.", Refused, "os.system"),
    (b"\x80\x04K\x01\x8c\x06system\x93.", Damaged, "str"),
    (b"\x80\x02U\x01a.", Refused, "a bytes"),
    (b"\xff.", Damaged, "opcode"),
])
def test_strange_programs(program, error, message):
    with pytest.raises(error, match=message):
        pickles.read(program, CALLS)


@pytest.mark.parametrize("program", [
    b"\x80\x02]" + b"]" * 5000 + b"a" * 5000 + b".",
    b"\x80\x02)" + b"\x85" * 200_000 + b".",
    b"\x80\x02])" + b"\x85" * (DEEPEST + 1) + b"a.",
], ids=["lists", "tuples", "a little too deep"])
def test_deep_nesting_is_refused(program):
    with pytest.raises(Damaged, match="within each other"):
        pickles.read(program, {})


def test_nesting_that_is_deep_enough():
    found = pickles.read(b"\x80\x02)" + b"\x85" * (DEEPEST - 1) + b".", {})
    for _ in range(DEEPEST - 1):
        (found,) = found
    assert found == ()


@pytest.mark.parametrize("program", [b"\x80\x02]q\x00h\x00a.", b"\x80\x02]q\x00]h\x00aa.", b"\x80\x02}q\x00K\x01h\x00s.",
                                     b"\x80\x02]q\x00h\x00\x85a."])
def test_what_contains_itself_is_refused(program):
    with pytest.raises(Damaged, match="contains itself"):
        pickles.read(program, {})


def test_what_unfolds_without_end_is_refused():
    """Forty lists, each of which holds the one before twice: a thousand thousand millions, if walked through."""
    program = b"\x80\x02]q\x00" + b"".join(b"](h%ch%ceq%c" % (k, k, k + 1) for k in range(40)) + b"."
    with pytest.raises(Damaged, match="more than 10000000 things"):
        pickles.read(program, {})


def test_a_thing_that_is_built():
    class Pair(pickles.Built):
        def build(self, *state):
            self.state = state

    found = pickles.read(b"\x80\x02cx\nPair\n)RK\x01K\x02\x86b.", {"x.Pair": Pair}, leaves=(Pair,))
    assert found.state == (1, 2)
    with pytest.raises(Damaged, match="a Built has no contents"):
        pickles.read(b"\x80\x02cx\nPair\n)R)b.", {"x.Pair": pickles.Built}, leaves=(Pair,))


def test_errors_are_one_short_line():
    for program in (b"\x80\x04\x8c\x02os\x8c\xff" + b"a\n" * 127 + b"b\x93.", b"\x80\x02cos\n" + b"x" * 100_000 + b"\n."):
        with pytest.raises(Refused) as caught:
            pickles.read(program, {})
        assert "\n" not in str(caught.value) and len(str(caught.value)) <= 200


SAMPLE = pickle.dumps({"state": OrderedDict(a=[1, 2.5, None], b=(True, "text", 2**70)), "c": [{}, [], ()], "d": -7}, 4)


@pytest.mark.parametrize("program", [SAMPLE, pickle.dumps(pickle.loads(SAMPLE), 2)], ids=["protocol 4", "protocol 2"])
def test_whatever_byte_is_changed(program):
    """Every byte, each bit of it and some values more: an object that repr can walk through, or one of the two errors."""
    outcomes, rng = {"object": 0, "error": 0}, random.Random(0)
    for at, right in enumerate(program):
        for byte in [right ^ (1 << bit) for bit in range(8)] + [rng.randrange(256) for _ in range(24)]:
            try:
                repr(pickles.read(program[:at] + bytes([byte]) + program[at + 1:], CALLS))
                outcomes["object"] += 1
            except (Damaged, Refused) as error:
                assert str(error)
                outcomes["error"] += 1
    assert min(outcomes.values()) > 100


@given(st.binary(max_size=60), st.integers(0, len(SAMPLE)))
def test_whatever_program(junk, at):
    for program in junk, SAMPLE[:at] + junk + SAMPLE[at:], b"\x80\x02" + junk + b".":
        with suppress(Damaged, Refused):
            repr(pickles.read(program, CALLS))


def test_nothing_is_imported():
    for name in ("antigravity", "this", "idlelib"):
        with pytest.raises(Refused):
            pickles.read(b"\x80\x02c" + name.encode() + b"\nx\n.", CALLS)
        assert name not in sys.modules
