"""Activations. Where a branch is not taken it is finite still, since a second derivative multiplies it by 0."""


def relu(m, x):
    return m.where(x <= 0.0, 0.0, x)  # this way round a NaN stays


def relu_gradient_x(m, g, y):
    return m.where(y <= 0.0, 0.0, g)


def leaky_relu(m, x, slope):
    return m.where(x > 0.0, x, x * slope)


def leaky_relu_gradient_x(m, g, x, slope):
    return m.where(x > 0.0, g, g * slope)


def prelu(m, x, weight):
    return m.where(x > 0.0, x, x * weight)


def prelu_gradient_x(m, g, x, weight):
    return m.where(x > 0.0, g, g * weight)


def prelu_gradient_weight(m, g, x):
    return m.where(x > 0.0, 0.0, g * x)


def elu(m, x, alpha, scale, rate):
    return m.where(x > 0.0, x * scale, m.expm1(x * rate) * (alpha * scale))


def elu_gradient_x(m, g, x, alpha, scale, rate):
    return m.where(x > 0.0, g * scale, g * (alpha * scale * rate) * m.exp(m.where(x > 0.0, 0.0, x * rate)))


def hardtanh(m, x, low, high):
    raised = m.where(x < low, low, x)
    return m.where(raised > high, high, raised)


def hardtanh_gradient_x(m, g, x, low, high):
    return m.where(x > low, m.where(x < high, g, 0.0), 0.0)


def hardsigmoid(m, x):
    return m.where(x < -3.0, 0.0, m.where(x > 3.0, 1.0, (x + 3.0) / 6.0))


def hardsigmoid_gradient_x(m, g, x):
    return m.where(x > -3.0, m.where(x < 3.0, g / 6.0, 0.0), 0.0)


def hardswish(m, x):
    return m.where(x < -3.0, 0.0, m.where(x > 3.0, x, x * (x + 3.0) / 6.0))


def hardswish_gradient_x(m, g, x):
    return m.where(x <= -3.0, 0.0, m.where(x >= 3.0, g, g * (x / 3.0 + 0.5)))


def hardshrink(m, x, bound):
    return m.where(m.abs(x) <= bound, 0.0, x)


def hardshrink_gradient_x(m, g, x, bound):
    return m.where(m.abs(x) > bound, g, 0.0)


def softshrink(m, x, bound):
    return m.where(x > bound, x - bound, m.where(x < -bound, x + bound, x * 0.0))


def softshrink_gradient_x(m, g, x, bound):
    return m.where(m.abs(x) > bound, g, 0.0)


def threshold(m, x, bound, value):
    return m.where(x <= bound, value, x)


def threshold_gradient_x(m, g, x, bound):
    return m.where(x <= bound, 0.0, g)


def sigmoid(m, x):
    return 1.0 / (1.0 + m.exp(-x))


def sigmoid_gradient_x(m, g, y):
    return g * y * (1.0 - y)


def logsigmoid(m, x):
    return m.where(x < 0.0, x, 0.0) - m.log1p(m.exp(-m.abs(x)))


def logsigmoid_gradient_x(m, g, x):
    return g * m.sigmoid(-x)


def tanh(m, x):
    return m.tanh(x)


def tanh_gradient_x(m, g, y):
    return g * (1.0 - y * y)


def tanhshrink(m, x):
    return x - m.tanh(x)


def tanhshrink_gradient_x(m, g, x):
    t = m.tanh(x)
    return g * t * t


def softsign(m, x):
    return x / (m.abs(x) + 1.0)


def softsign_gradient_x(m, g, x):
    root = m.abs(x) + 1.0
    return g / (root * root)


def softplus(m, x, beta, threshold):
    return m.where(x * beta > threshold, x, m.log1p(m.exp(x * beta)) / beta)


def softplus_gradient_x(m, g, x, beta, threshold):
    return m.where(x * beta > threshold, g, g * m.sigmoid(x * beta))


def silu(m, x):
    return x * m.sigmoid(x)


def silu_gradient_x(m, g, x):
    s = m.sigmoid(x)
    return g * s * (1.0 + x * (1.0 - s))


def mish(m, x):
    return x * m.tanh(m.softplus(x))


def mish_gradient_x(m, g, x):
    t = m.tanh(m.softplus(x))
    return g * (t + x * m.sigmoid(x) * (1.0 - t * t))


def gelu(m, x):
    return x * 0.5 * (1.0 + m.erf(x * 0.7071067811865476))


def gelu_gradient_x(m, g, x):
    return g * (0.5 * (1.0 + m.erf(x * 0.7071067811865476)) + x * 0.3989422804014327 * m.exp(-0.5 * x * x))


def gelu_tanh(m, x):
    return x * 0.5 * (1.0 + m.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))


def gelu_tanh_gradient_x(m, g, x):
    t = m.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x))
    return g * (0.5 * (1.0 + t) + 0.3989422804014327 * x * (1.0 - t * t) * (1.0 + 0.134145 * x * x))
