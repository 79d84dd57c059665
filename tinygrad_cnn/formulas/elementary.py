"""Powers, logarithms, trigonometry, the error function and its inverse."""


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


def logit(m, x):
    return m.log(x / (1.0 - x))


def logit_gradient_x(m, g, x):
    return m.where((x < 0.0) | (x > 1.0), m.inf - m.inf, g / (x * (1.0 - x)))


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


def erfinv(m, x):
    """The quantile of the normal distribution at (1 + x) / 2, over sqrt(2) (Wichura, algorithm AS 241, 1988)."""
    q = 0.5 * x
    r = 0.180625 - q * q
    near = q * (((((((2509.0809287301227 * r + 33430.57558358813) * r + 67265.7709270087) * r + 45921.95393154987) * r
                   + 13731.69376550946) * r + 1971.5909503065514) * r + 133.14166789178438) * r + 3.3871328727963665) / (
        ((((((5226.495278852855 * r + 28729.085735721943) * r + 39307.89580009271) * r + 21213.794301586597) * r
           + 5394.196021424751) * r + 687.1870074920579) * r + 42.31333070160091) * r + 1.0)
    t = m.sqrt(-m.log(0.5 - m.abs(q)))
    r = t - 1.6
    far = (((((((7.745450142783414e-4 * r + 0.022723844989269184) * r + 0.2417807251774506) * r + 1.2704582524523684) * r
              + 3.6478483247632045) * r + 5.769497221460691) * r + 4.630337846156546) * r + 1.4234371107496835) / (
        ((((((1.0507500716444169e-9 * r + 5.475938084995345e-4) * r + 0.015198666563616457) * r + 0.14810397642748008) * r
           + 0.6897673349851) * r + 1.6763848301838038) * r + 2.053191626637759) * r + 1.0)
    r = t - 5.0
    utmost = (((((((2.0103343992922881e-7 * r + 2.7115555687434876e-5) * r + 0.0012426609473880784) * r + 0.026532189526576124)
                 * r + 0.29656057182850487) * r + 1.7848265399172913) * r + 5.463784911164114) * r + 6.657904643501103) / (
        ((((((2.0442631033899397e-15 * r + 1.4215117583164459e-7) * r + 1.8463183175100548e-5) * r + 7.868691311456133e-4) * r
           + 0.014875361290850615) * r + 0.1369298809227358) * r + 0.599832206555888) * r + 1.0)
    y = m.where(m.abs(q) <= 0.425, near, m.sign(x) * m.where(t <= 5.0, far, utmost))
    return m.where(m.abs(q) == 0.5, x * m.inf, 0.7071067811865476 * y)


def erfinv_gradient_x(m, g, y):
    return g * 0.886226925452758 * m.exp(y * y)
