"""Powers, logarithms, trigonometry, the error function."""


def pow(m, a, b):
    return m.power(a, b)


def pow_gradient_a(m, g, a, b):
    return m.where(b == 0.0, 0.0, g * b * m.power(a, b - 1.0))


def pow_gradient_b(m, g, a, b, y):
    slope = g * y * m.log(a)
    return m.where(a == 0.0, m.where(b >= 0.0, 0.0, slope), slope)


def sqrt(m, x):
    return m.sqrt(x)


def sqrt_gradient_x(m, g, y):
    return g * 0.5 / y


def rsqrt(m, x):
    return 1.0 / m.sqrt(x)


def rsqrt_gradient_x(m, g, y):
    return g * -0.5 * y * y * y


def exp(m, x):
    return m.exp(x)


def exp_gradient_x(m, g, y):
    return g * y


def exp2(m, x):
    return m.power(2.0, x)


def exp2_gradient_x(m, g, y):
    return g * y * 0.6931471805599453


def expm1(m, x):
    return m.expm1(x)


def expm1_gradient_x(m, g, y):
    return g * (y + 1.0)


def log(m, x):
    return m.log(x)


def log_gradient_x(m, g, x):
    return g / x


def log2(m, x):
    return m.log2(x)


def log2_gradient_x(m, g, x):
    return g / (x * 0.6931471805599453)


def log10(m, x):
    return m.log10(x)


def log10_gradient_x(m, g, x):
    return g / (x * 2.302585092994046)


def log1p(m, x):
    return m.log1p(x)


def log1p_gradient_x(m, g, x):
    return g / (x + 1.0)


def sin(m, x):
    return m.sin(x)


def sin_gradient_x(m, g, x):
    return g * m.cos(x)


def cos(m, x):
    return m.cos(x)


def cos_gradient_x(m, g, x):
    return -g * m.sin(x)


def tan(m, x):
    return m.tan(x)


def tan_gradient_x(m, g, y):
    return g * (1.0 + y * y)


def asin(m, x):
    return m.asin(x)


def asin_gradient_x(m, g, x):
    return g / m.sqrt(1.0 - x * x)


def acos(m, x):
    return m.acos(x)


def acos_gradient_x(m, g, x):
    return -g / m.sqrt(1.0 - x * x)


def atan(m, x):
    return m.atan(x)


def atan_gradient_x(m, g, x):
    return g / (x * x + 1.0)


def atan2(m, a, b):
    return m.atan2(a, b)


def atan2_gradient_a(m, g, a, b):
    return m.where((a == 0.0) & (b == 0.0), 0.0, g * b / (a * a + b * b))


def atan2_gradient_b(m, g, a, b):
    return m.where((a == 0.0) & (b == 0.0), 0.0, -g * a / (a * a + b * b))


def sinh(m, x):
    return m.sinh(x)


def sinh_gradient_x(m, g, x):
    return g * m.cosh(x)


def cosh(m, x):
    return m.cosh(x)


def cosh_gradient_x(m, g, x):
    return g * m.sinh(x)


def asinh(m, x):
    return m.asinh(x)


def asinh_gradient_x(m, g, x):
    return g / m.sqrt(x * x + 1.0)


def acosh(m, x):
    return m.acosh(x)


def acosh_gradient_x(m, g, x):
    return g / m.sqrt(x * x - 1.0)


def atanh(m, x):
    return m.atanh(x)


def atanh_gradient_x(m, g, x):
    return g / (1.0 - x * x)


def erf(m, x):
    return m.erf(x)


def erf_gradient_x(m, g, x):
    return g * 1.1283791670955126 * m.exp(-x * x)


def erfc(m, x):
    return m.erfc(x)


def erfc_gradient_x(m, g, x):
    return g * -1.1283791670955126 * m.exp(-x * x)
