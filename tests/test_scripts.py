"""Output of the scripts while they set things up: little, and helpful."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from packaging.requirements import Requirement

from tests.support.imports import ROOT

NOISY = "echo 'Selecting previously unselected package gcc.'; echo 'E: strange words' >&2; exit {code}\n"


def set_up(tmp_path: Path, *lines: str, **programs: str) -> subprocess.CompletedProcess[str]:
    """Run lines of shell with scripts/lib.sh, its state in `tmp_path`, and these programs before others."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name, body in programs.items():
        path = folder / name.replace("_", "-")
        path.write_text(f"#!/bin/sh\n{body}\n")
        path.chmod(0o755)
    script = [f". {ROOT}/scripts/lib.sh", f"ROOT={tmp_path}", f"STATE={tmp_path}", *lines]
    environ = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
    return subprocess.run(
        ["bash", "-c", "\n".join(script)],
        env=environ,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_who_is_not_root_is_told_to_fetch_the_lists_first(tmp_path: Path) -> None:
    """apt-get install alone fails on a fresh machine: its lists are empty, or old."""
    run = set_up(tmp_path, "install_packages gcc nodejs", id="echo 1000", apt_get="exit 1")
    assert run.returncode == 1
    assert run.stderr.splitlines() == [
        "mediad: these packages are missing: gcc nodejs",
        "mediad: install them with: sudo apt-get update && sudo apt-get install --no-install-recommends "
        "gcc nodejs",
    ]


def test_apt_is_quiet_unless_it_fails(tmp_path: Path) -> None:
    run = set_up(tmp_path, "install_packages gcc", id="echo 0", apt_get=NOISY.format(code=0))
    assert (run.returncode, run.stdout) == (0, "")
    assert run.stderr == "mediad: installing system packages, which may take some minutes: gcc\n"


def test_apt_that_fails_is_quoted(tmp_path: Path) -> None:
    run = set_up(tmp_path, "install_packages gcc", id="echo 0", apt_get=NOISY.format(code=100))
    assert run.returncode == 1
    assert "E: strange words" in run.stderr
    assert run.stderr.endswith("mediad: apt-get could not install: gcc (its words are above)\n")


def test_a_long_build_says_how_far_it_is(tmp_path: Path) -> None:
    """A clock that does not wait makes the build seem long; it ends when its progress was told."""
    build = """
        echo '[1/2] Cythonizing a.pyx'; echo '[2/2] Cythonizing b.pyx'
        mkdir -p build; : >build/a.o
        until [ -e told ]; do command -p sleep 0.05; done
    """
    run = set_up(
        tmp_path,
        f'PY="{tmp_path}/bin/python"',
        "say() { printf '%s\\n' \"mediad: $*\" >&2; case $* in *' of '*) : >told ;; esac; }",
        f"cd {tmp_path}",
        "build_native",
        python=build,
        sleep="command -p sleep 0.02",
    )
    assert run.returncode == 0, run.stderr
    assert "mediad: compiled 1 of 2 modules" in run.stderr.splitlines()


def test_a_build_that_fails_is_quoted(tmp_path: Path) -> None:
    run = set_up(
        tmp_path, f'PY="{tmp_path}/bin/python"', "build_native", python="echo 'a.c:1: error'; exit 1"
    )
    assert run.returncode == 1
    assert "a.c:1: error" in run.stderr
    assert run.stderr.endswith("mediad: the native build failed\n")


def requirements(text: str) -> dict[str, Requirement]:
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    found = [Requirement(line) for line in lines if line]
    return {one.name.lower().replace("_", "-"): one for one in found}


def test_every_package_that_the_scripts_install_has_one_version() -> None:
    """Versions are those that pyproject.toml allows; scripts/constraints renews them."""
    pinned = requirements((ROOT / "constraints.txt").read_text())
    asked = subprocess.run(
        [sys.executable, ROOT / "scripts" / "requirements.py", "dev"],
        capture_output=True,
        text=True,
        check=True,
    )
    for name, wanted in requirements(asked.stdout).items():
        assert name in pinned, f"{name} has no version in constraints.txt: run scripts/constraints"
        (version,) = pinned[name].specifier
        assert version.operator == "=="
        assert wanted.specifier.contains(version.version), f"{name}: run scripts/constraints"
