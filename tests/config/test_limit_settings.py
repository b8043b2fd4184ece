"""The settings of limits: those of the catalogue exist, and their defaults are its."""

from __future__ import annotations

from mediad.budgets.catalogue import LIMITS, RATES
from mediad.config.settings import KEYS, Settings


def test_every_setting_that_the_catalogue_names_exists_and_is_live() -> None:
    named = {limit.setting for limit in LIMITS.values() if limit.setting is not None}
    assert named <= set(KEYS)
    assert {name for name in named if not KEYS[name].live} == {"workers"}


def test_the_defaults_are_those_of_the_catalogue() -> None:
    assert Settings().rates_per_s == {name: rate.per_s for name, rate in RATES.items()}
    assert Settings(max_joins_per_s=7).rates_per_s["joins"] == 7


def test_nobody_is_believed_unless_it_is_named() -> None:
    assert Settings().trusted_proxies == ()
