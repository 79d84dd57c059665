"""Comparisons, logic and bits: nothing here has a derivative."""


def eq(m, a, b):
    return a == b


def ne(m, a, b):
    return a != b


def lt(m, a, b):
    return a < b


def le(m, a, b):
    return a <= b


def gt(m, a, b):
    return a > b


def ge(m, a, b):
    return a >= b


def logical_and(m, a, b):
    return (a != 0.0) & (b != 0.0)


def logical_or(m, a, b):
    return (a != 0.0) | (b != 0.0)


def logical_xor(m, a, b):
    return (a != 0.0) != (b != 0.0)


def logical_not(m, x):
    return x == 0.0


def isnan(m, x):
    return x != x


def isinf(m, x):
    return m.abs(x) == m.inf


def isfinite(m, x):
    return m.abs(x) < m.inf


def isclose(m, a, b, rtol, atol):
    return (a == b) | ((m.abs(b) < m.inf) & (m.abs(a - b) <= atol + rtol * m.abs(b)))


def bitwise_and(m, a, b):
    return a & b


def bitwise_or(m, a, b):
    return a | b


def bitwise_xor(m, a, b):
    return a ^ b


def bitwise_not(m, x):
    return ~x
