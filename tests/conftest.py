"""Settings of hypothesis and limits of time.

hypothesis: new examples at each run by hand, the same ones each time in CI. The set-up, the run and the end
of a test have a limit each, far beyond what the slowest takes: one that hangs costs neither the others nor
the summary.
"""

from __future__ import annotations

import os
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

from tests.support.time_limit import time_limit

LIMIT_S = 300.0
SLOW_LIMIT_S = 1800.0
"""The limit of a test that is marked as slow."""

# A busy machine is slow at everything: neither deadlines nor slow generation say anything of the code.
settings.register_profile("default", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("default"), derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "default")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> Generator[None, object, object]:
    with time_limit(LIMIT_S, f"the set-up of {item.nodeid}"):
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    limit_s = SLOW_LIMIT_S if item.get_closest_marker("slow") else LIMIT_S
    with time_limit(limit_s, item.nodeid):
        return (yield)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_teardown(item: pytest.Item) -> Generator[None, object, object]:
    with time_limit(LIMIT_S, f"the end of {item.nodeid}"):
        return (yield)


@pytest.hookimpl(wrapper=True, trylast=True)  # inside of what prints the summary
def pytest_sessionfinish(session: pytest.Session) -> Generator[None, object, object]:
    """Take down what an interrupted test has left, which must not keep the summary from being printed."""
    try:
        with time_limit(LIMIT_S, "the end of the tests"):
            return (yield)
    except pytest.fail.Exception as failure:
        session.config.get_terminal_writer().line(f"\n{failure}")
        return None
