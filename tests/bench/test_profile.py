"""A flame graph that cannot be had is refused in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.bench import profile


def test_a_process_that_is_gone_is_named(tmp_path: Path) -> None:
    with pytest.raises(profile.CannotProfile, match=r"^there is no process 0$"):
        profile.of_process(tmp_path / "a.svg", 0, 1)


def test_a_missing_sampler_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(profile, "_PROGRAMS", str(tmp_path))
    with pytest.raises(profile.CannotProfile, match="py-spy is not installed"):
        profile.of_process(tmp_path / "a.svg", 1, 1)
