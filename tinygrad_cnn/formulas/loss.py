"""Losses of single elements; `a` and `x` are what a network says, `b` and `t` what it should."""


def squared_error(m, a, b):
    return (a - b) * (a - b)


def squared_error_gradient_a(m, g, a, b):
    return g * 2.0 * (a - b)


def squared_error_gradient_b(m, g, a, b):
    return g * 2.0 * (b - a)


def absolute_error(m, a, b):
    return m.abs(a - b)


def absolute_error_gradient_a(m, g, a, b):
    return m.where(a == b, 0.0, m.where(a < b, -g, g))


def absolute_error_gradient_b(m, g, a, b):
    return m.where(a == b, 0.0, m.where(a < b, g, -g))


def smooth_l1(m, a, b, beta):  # Girshick 2015, with PyTorch's beta
    d = m.abs(a - b)
    return m.where(d < beta, 0.5 * d * d / beta, d - 0.5 * beta)


def smooth_l1_gradient_a(m, g, a, b, beta):
    d = a - b
    return m.where(d >= beta, g, m.where(d <= -beta, -g, g * d / beta))


def smooth_l1_gradient_b(m, g, a, b, beta):
    d = b - a
    return m.where(d >= beta, g, m.where(d <= -beta, -g, g * d / beta))


def huber(m, a, b, delta):  # Huber 1964
    d = m.abs(a - b)
    return m.where(d <= delta, 0.5 * d * d, delta * (d - 0.5 * delta))


def huber_gradient_a(m, g, a, b, delta):
    d = a - b
    return g * m.where(d >= delta, delta, m.where(d <= -delta, -delta, d))


def huber_gradient_b(m, g, a, b, delta):
    d = b - a
    return g * m.where(d >= delta, delta, m.where(d <= -delta, -delta, d))


def binary_cross_entropy(m, x, t):  # a logarithm below -100 counts as -100
    one, zero = m.log(x), m.log1p(-x)
    return (t - 1.0) * m.where(zero < -100.0, -100.0, zero) - t * m.where(one < -100.0, -100.0, one)


def binary_cross_entropy_gradient_x(m, g, x, t):
    variance = x * (1.0 - x)
    return g * (x - t) / m.where(variance < 1e-12, 1e-12, variance)


def binary_cross_entropy_gradient_t(m, g, x):
    return g * (m.log1p(-x) - m.log(x))


def logistic_loss(m, x, t, p):  # -(p t log sigmoid(x) + (1 - t) log(1 - sigmoid(x))); the exponential is at most 1
    return (1.0 - t) * x + (1.0 + (p - 1.0) * t) * (m.log1p(m.exp(-m.abs(x))) + m.where(x < 0.0, -x, 0.0))


def logistic_loss_gradient_x(m, g, x, t, p):
    return g * ((p * t + 1.0 - t) * m.sigmoid(x) - p * t)


def logistic_loss_gradient_t(m, g, x, p):
    return g * ((p - 1.0) * (m.log1p(m.exp(-m.abs(x))) + m.where(x < 0.0, -x, 0.0)) - x)
