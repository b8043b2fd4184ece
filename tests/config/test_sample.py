"""The sample settings file: every key is in it, and what it shows may be used as it stands."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mediad.config.kinds import brief
from mediad.config.load import load
from mediad.config.sample import sample, toml
from mediad.config.settings import DEFAULTS, KEYS, Settings
from tests.support.imports import ROOT


def uncommented() -> dict[str, str]:
    """Key → the line that gives it."""
    lines = (line[1:] for line in sample().splitlines() if line.startswith("#") and not line.startswith("# "))
    return {line.split(" = ")[0]: line for line in lines if line}


def test_every_key_is_there_once_and_its_value_is_the_default() -> None:
    assert list(uncommented()) == list(KEYS)
    for name, default in DEFAULTS.items():
        shown = tomllib.loads(uncommented()[name])[name]
        expected = KEYS[name].example if default is None else brief(default)
        assert shown == (list(expected) if isinstance(expected, tuple) else expected)


def test_as_it_is_it_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "mediad.toml"
    path.write_text(sample())
    assert load(path=str(path)).settings == Settings()


@pytest.mark.parametrize("key", [key for key in KEYS if key != "tls_private_key"])
def test_each_line_may_be_uncommented(key: str, tmp_path: Path) -> None:
    path = tmp_path / "mediad.toml"
    path.write_text(uncommented()[key] + ("\nlisten_ip = '0.0.0.0'" if key == "announced_ip" else ""))
    assert load(path=str(path)).origins[key] == f"file {path}:1"


def test_the_copy_in_the_documentation_is_this_one() -> None:
    assert (ROOT / "docs" / "mediad.toml").read_text() == sample(), (
        "run: mediad --sample-config > docs/mediad.toml"
    )


def test_it_says_what_is_live_and_what_else_a_key_is_called() -> None:
    text = sample()
    assert "Also ANNOUNCED_IP, MEDIASOUP_ANNOUNCED_IP. (live)" in " ".join(text.replace("\n# ", " ").split())
    assert max(map(len, text.splitlines())) <= 120


values = st.recursive(
    st.booleans() | st.integers(-(2**60), 2**60) | st.text(st.characters(codec="ascii")),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.from_regex(r"\A[a-z]{1,8}\Z"), inner, max_size=3)
    ),
    max_leaves=5,
)


@given(values)
def test_values_are_spelled_as_toml(value: object) -> None:
    assert tomllib.loads(f"x = {toml(value)}")["x"] == value
