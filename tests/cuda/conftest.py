import numpy as np
import pytest

from tinygrad_cnn.cuda import driver, emulator


@pytest.fixture
def rng():
    """Random numbers, the same in every run."""
    return np.random.default_rng(0)


@pytest.fixture
def emulated():
    """The emulator runs this test's kernels, GPU or not."""
    before = driver.use(emulator.Emulator())
    yield
    driver.use(before)
