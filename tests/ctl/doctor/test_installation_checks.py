"""Each part that is missing is named, with what to do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from mediad import needs
from mediad.ctl.doctor.checks import examine
from mediad.ctl.doctor.facts import Parts
from mediad.ctl.doctor.finding import Level
from tests.support.doctor_facts import WELL


def test_a_whole_installation() -> None:
    found = {one.check: one.level for one in examine(WELL)}
    assert [found[name] for name in ("native-code", "libraries", "page")] == [Level.OK] * 3


def test_what_is_missing_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(needs, "NATIVE_MODULE", "mediad._fastpath.not_built")
    monkeypatch.setattr(needs, "PAGE", tmp_path / "index.html")
    parts = Parts(native_problem=needs.native_problem(), page_problem=needs.page_problem())
    found = {one.check: one for one in examine(replace(WELL, installation=parts))}
    assert found["native-code"].level == Level.ERROR
    assert found["page"].level == Level.WARNING
    for name in ("native-code", "page"):
        assert "not built" in found[name].text
        assert "./scripts/build" in found[name].advice


def test_another_library_is_told() -> None:
    parts = Parts(library_problem="pylibsrtp 2: srtp_protect has the C type 'int(*)()': install mediad again")
    found = {one.check: one for one in examine(replace(WELL, installation=parts))}
    assert found["libraries"].level == Level.ERROR
    assert found["libraries"].advice == "install mediad again"
