"""CUDA kernels run in the emulator unless TINYGRAD_CNN_EMULATE=0 says that there is a GPU to test on."""

import os

os.environ.setdefault("TINYGRAD_CNN_EMULATE", "1")

import pytest
from hypothesis import HealthCheck, settings

import tinygrad_cnn as tg
from tinygrad_cnn import grad_mode

QUICK = dict(deadline=None, suppress_health_check=list(HealthCheck))
settings.register_profile("ci", max_examples=8, derandomize=True, database=None, **QUICK)
settings.register_profile("thorough", max_examples=200, print_blob=True, **QUICK)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci"))

collect_ignore_glob = ["golden/make_*.py"]


def pytest_addoption(parser):
    parser.addoption("--no-skips", action="store_true", help="a skipped test is a failed one")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item):
    report = yield
    if report.skipped and item.config.getoption("--no-skips"):
        report.outcome = "failed"
    return report


@pytest.fixture(autouse=True)
def nothing_left_behind():
    """A test must leave the package as it found it."""
    yield
    assert grad_mode.recording(), "the test left no_grad switched on"
    assert tg.default_device() == "cpu", "the test left another default device"
