"""Arithmetic, rounding, the greater and the lesser of two, and what picks between two."""


def add(m, a, b):
    return a + b


def add_gradient_a(m, g):
    return g


def add_gradient_b(m, g):
    return g


def sub(m, a, b):
    return a - b


def sub_gradient_a(m, g):
    return g


def sub_gradient_b(m, g):
    return -g


def mul(m, a, b):
    return a * b


def mul_gradient_a(m, g, b):
    return g * b


def mul_gradient_b(m, g, a):
    return g * a


def div(m, a, b):
    return a / b


def div_gradient_a(m, g, b):
    return g / b


def div_gradient_b(m, g, b, y):
    return -g * y / b


def div_trunc(m, a, b):
    return m.trunc(a / b)


def floor_divide(m, a, b):
    return m.floor_divide(a, b)


def remainder(m, a, b):
    return m.remainder(a, b)


def remainder_gradient_a(m, g):
    return g


def remainder_gradient_b(m, g, a, b):
    return -g * m.floor(a / b)


def fmod(m, a, b):
    return m.fmod(a, b)


def fmod_gradient_a(m, g):
    return g


def fmod_gradient_b(m, g, a, b):
    return -g * m.trunc(a / b)


def addcmul(m, x, a, b, value):
    return x + value * a * b


def addcmul_gradient_x(m, g):
    return g


def addcmul_gradient_a(m, g, b, value):
    return g * b * value


def addcmul_gradient_b(m, g, a, value):
    return g * a * value


def addcdiv(m, x, a, b, value):
    return x + value * a / b


def addcdiv_gradient_x(m, g):
    return g


def addcdiv_gradient_a(m, g, b, value):
    return g * value / b


def addcdiv_gradient_b(m, g, a, b, value):
    return -g * value * a / (b * b)


def lerp(m, a, b, weight):
    return a + weight * (b - a)


def lerp_gradient_a(m, g, weight):
    return g * (1.0 - weight)


def lerp_gradient_b(m, g, weight):
    return g * weight


def lerp_gradient_weight(m, g, a, b):
    return g * (b - a)


def neg(m, x):
    return -x


def neg_gradient_x(m, g):
    return -g


def reciprocal(m, x):
    return 1.0 / x


def reciprocal_gradient_x(m, g, y):
    return -g * y * y


def square(m, x):
    return x * x


def square_gradient_x(m, g, x):
    return g * (x + x)


def cube(m, x):
    return x * x * x


def cube_gradient_x(m, g, x):
    return g * 3.0 * x * x


def hypot(m, a, b):
    top, low = m.where(m.abs(a) < m.abs(b), m.abs(b), m.abs(a)), m.where(m.abs(a) < m.abs(b), m.abs(a), m.abs(b))
    ratio = low / m.where(top == 0.0, 1.0, top)  # at most 1, so that no square overflows
    return m.where((m.abs(a) == m.inf) | (m.abs(b) == m.inf), m.inf, top * m.sqrt(1.0 + ratio * ratio))


def hypot_gradient_a(m, g, a, y):
    return g * (a / y)


def hypot_gradient_b(m, g, b, y):
    return g * (b / y)


def abs(m, x):
    return m.abs(x)


def abs_gradient_x(m, g, x):
    return g * m.sign(x)


def sign(m, x):
    return m.sign(x)


def sign_gradient_x(m, g):
    return g * 0.0


def floor(m, x):
    return m.floor(x)


def floor_gradient_x(m, g):
    return g * 0.0


def ceil(m, x):
    return -m.floor(-x)


def ceil_gradient_x(m, g):
    return g * 0.0


def trunc(m, x):
    return m.trunc(x)


def trunc_gradient_x(m, g):
    return g * 0.0


def round(m, x):
    low = m.floor(x)
    even = m.where(low == 2.0 * m.floor(0.5 * low), low, low + 1.0)  # of two that are as near
    return m.where(x - low < 0.5, low, m.where(x - low > 0.5, low + 1.0, even))


def round_gradient_x(m, g):
    return g * 0.0


def maximum(m, a, b):
    return m.where(a != a, a, m.where(a > b, a, b))


def maximum_gradient_a(m, g, a, b):
    return m.where(a == b, g * 0.5, m.where(a < b, 0.0, g))


def maximum_gradient_b(m, g, a, b):
    return m.where(a == b, g * 0.5, m.where(a > b, 0.0, g))


def minimum(m, a, b):
    return m.where(a != a, a, m.where(a < b, a, b))


def minimum_gradient_a(m, g, a, b):
    return m.where(a == b, g * 0.5, m.where(a > b, 0.0, g))


def minimum_gradient_b(m, g, a, b):
    return m.where(a == b, g * 0.5, m.where(a < b, 0.0, g))


def fmax(m, a, b):
    return m.where(b != b, a, m.where(a >= b, a, b))


def fmax_gradient_a(m, g, a, b):
    return m.where(b != b, g, m.where(a >= b, g, 0.0))


def fmax_gradient_b(m, g, a, b):
    return m.where(b != b, 0.0, m.where(a >= b, 0.0, g))


def fmin(m, a, b):
    return m.where(b != b, a, m.where(a <= b, a, b))


def fmin_gradient_a(m, g, a, b):
    return m.where(b != b, g, m.where(a <= b, g, 0.0))


def fmin_gradient_b(m, g, a, b):
    return m.where(b != b, 0.0, m.where(a <= b, 0.0, g))


def clamp(m, x, min, max):
    raised = m.where((x < min) | (min != min), min, x)  # a bound that is NaN wins
    return m.where((raised > max) | (max != max), max, raised)


def clamp_gradient_x(m, g, x, min, max):
    return m.where(x >= min, m.where(x <= max, g, 0.0), 0.0)


def clamp_gradient_min(m, g, x, min, max):
    return m.where(min < max, m.where(x < min, g, 0.0), 0.0)


def clamp_gradient_max(m, g, x, min, max):
    return m.where(x > max, g, m.where(max < min, g, 0.0))


def clamp_min(m, x, min):
    return m.where((x < min) | (min != min), min, x)


def clamp_min_gradient_x(m, g, x, min):
    return m.where(x >= min, g, 0.0)


def clamp_min_gradient_min(m, g, x, min):
    return m.where(x < min, g, 0.0)


def clamp_max(m, x, max):
    return m.where((x > max) | (max != max), max, x)


def clamp_max_gradient_x(m, g, x, max):
    return m.where(x <= max, g, 0.0)


def clamp_max_gradient_max(m, g, x, max):
    return m.where(x > max, g, 0.0)


def where(m, c, a, b):
    return m.where(c, a, b)


def where_gradient_a(m, g, c):
    return m.where(c, g, 0.0)


def where_gradient_b(m, g, c):
    return m.where(c, 0.0, g)


def nan_to_num(m, x, nan, posinf, neginf):
    return m.where(x != x, nan, m.where(x == m.inf, posinf, m.where(x == -m.inf, neginf, x)))


def nan_to_num_gradient_x(m, g, x):
    return m.where(m.abs(x) < m.inf, g, 0.0)
