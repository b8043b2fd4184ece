"""Distributions: a complete sdist, a wheel of it that runs, and builds that are refused in one line."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import time
import urllib.request
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.daemon import clean_environment
from tests.support.imports import ROOT
from tests.support.ports import free_media_ports, free_port

PAGE = ROOT / "mediad" / "web" / "dist" / "index.html"
CONFIG = 78


def environment(**changes: str) -> dict[str, str]:
    """Return the environment without variables that steer a build or lead Python to the checkout."""
    unset = {"MEDIAD_WINDOWS", "MEDIAD_NATIVE", "MEDIAD_DEBUG", "PYTHONPATH"}
    return {key: value for key, value in clean_environment().items() if key not in unset} | changes


def sources(tree: Path, *, page: bool = True) -> Path:
    """A copy of what a fresh checkout has, and the built page."""
    for name in ("setup.py", "pyproject.toml", "MANIFEST.in", "README.md", "CHANGELOG.md", "LICENSE"):
        tree.mkdir(exist_ok=True)
        shutil.copy2(ROOT / name, tree)
    for name in ("docs", "systemd"):
        shutil.copytree(ROOT / name, tree / name)
    unwanted = shutil.ignore_patterns("*.so", "*.c", "*.pyc", "__pycache__", "node_modules", "dist")
    shutil.copytree(ROOT / "mediad", tree / "mediad", ignore=unwanted)
    if page:
        shutil.copytree(PAGE.parent, tree / "mediad" / "web" / "dist")
    return tree


def run(
    *command: str | Path, cwd: Path, env: Mapping[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*map(str, command)],
        cwd=cwd,
        env=env or environment(),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


def done(result: subprocess.CompletedProcess[str]) -> str:
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not PAGE.is_file():
        pytest.skip("the page is not built")
    folder = tmp_path_factory.mktemp("sdist")
    tree = sources(folder / "tree")
    done(run(sys.executable, "setup.py", "--quiet", "sdist", "--dist-dir", folder, cwd=tree))
    [made] = folder.glob("*.tar.gz")
    return made


@pytest.fixture(scope="module")
def wheel(sdist: Path) -> Path:
    """Made of nothing but the sdist. Optimization is not what is tried here."""
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-index", "--no-build-isolation")
    done(run(*pip, "--wheel-dir", sdist.parent, sdist, cwd=sdist.parent, env=environment(CFLAGS="-O0")))
    [made] = sdist.parent.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def clean(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment with the wheel and its dependencies, and nothing of the checkout."""
    folder = tmp_path_factory.mktemp("clean")
    done(run(sys.executable, "-m", "venv", "--without-pip", folder / "venv", cwd=folder))
    site = next((folder / "venv" / "lib").glob("python*/site-packages"))
    # The dependencies lie where the tests have them. Being named here makes nothing of theirs run.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    target = ("--prefix", folder / "venv", "--ignore-installed")
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index")
    done(run(*pip, *target, wheel, cwd=folder))
    for script in (folder / "venv" / "bin").glob("media*"):
        head, _, rest = script.read_text().partition("\n")
        assert head.startswith("#!")
        script.write_text(f"#!{folder}/venv/bin/python\n{rest}")
    return folder / "venv" / "bin"


def members(sdist: Path) -> set[str]:
    with tarfile.open(sdist) as archive:
        return {name.partition("/")[2] for name in archive.getnames()}


def test_the_sdist_holds_all_sources_and_the_page(sdist: Path) -> None:
    found = members(sdist)
    wanted = {
        str(path.relative_to(ROOT))
        for suffix in ("py", "pyx", "pxd", "h", "pyi")
        for path in (ROOT / "mediad").rglob(f"*.{suffix}")
        if "node_modules" not in path.parts
    }
    wanted |= {str(path.relative_to(ROOT)) for path in PAGE.parent.rglob("*") if path.is_file()}
    wanted |= {f"systemd/{path.name}" for path in (ROOT / "systemd").iterdir()}
    wanted |= {"setup.py", "pyproject.toml", "README.md", "LICENSE", "docs/contributing.md"}
    assert wanted - found == set()


def test_the_sdist_holds_nothing_generated(sdist: Path) -> None:
    generated = {name for name in members(sdist) if re.search(r"\.(c|so|pyc)$|node_modules|^tests/", name)}
    assert generated == set()


def test_the_wheel_holds_modules_and_no_sources(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        found = set(archive.namelist())
    suffix = sysconfig.get_config_var("EXT_SUFFIX")
    modules = (ROOT / "mediad").rglob("*.pyx")
    assert {f"{path.relative_to(ROOT).with_suffix('')}{suffix}" for path in modules} <= found
    assert "mediad/web/dist/index.html" in found
    assert {name for name in found if re.search(r"\.(pyx|pxd|c|h)$|^tests", name)} == set()


def test_what_was_installed_serves_and_is_healthy(clean: Path, tmp_path: Path) -> None:
    port, admin = free_port(), tmp_path / "admin.sock"
    options = ("--port", str(port), "--rtc-base-port", str(free_media_ports(1)), "--workers", "1")
    daemon = subprocess.Popen(
        [clean / "mediad", *options, "--listen-ip", "127.0.0.1", "--admin-socket", admin],
        cwd=tmp_path,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        page = fetch(f"http://127.0.0.1:{port}/", daemon)
        assert "<html" in page
        assert '"ok"' in fetch(f"http://127.0.0.1:{port}/health", daemon)
        asked = run(clean / "mediactl", "--admin-socket", admin, "--json", "doctor", cwd=tmp_path)
        assert asked.returncode in (0, 1), asked.stderr
        for check in ("native-code", "libraries", "page"):
            assert check in asked.stdout
        where = run(clean / "python", "-c", "import mediad; print(mediad.__file__)", cwd=tmp_path)
        assert done(where).startswith(str(clean.parent))
    finally:
        daemon.terminate()
        daemon.communicate(timeout=20)
    assert daemon.returncode == 0


def fetch(url: str, daemon: subprocess.Popen[str]) -> str:
    deadline = time.monotonic() + 30
    while True:
        assert daemon.poll() is None, daemon.communicate()[1]
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                return str(answer.read().decode())
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.05)


@pytest.mark.parametrize(
    "command", [("-m", "mediad.supervisor.main"), ("-m", "mediad.worker", "0", "1", "{}")]
)
def test_without_native_code_it_says_what_to_do(command: tuple[str, ...], tmp_path: Path) -> None:
    tree = sources(tmp_path / "tree", page=False)
    env = environment(PYTHONPATH=str(tree), MEDIAD_PORT=str(free_port()))
    if "mediad.worker" in command:
        words = "from mediad.config.settings import Settings; print(Settings().worker_settings(0).to_json())"
        command = (*command[:-1], done(run(sys.executable, "-c", words, cwd=tmp_path, env=env)).strip())
    ended = run(sys.executable, *command, cwd=tmp_path, env=env)
    assert ended.returncode == CONFIG
    [line] = ended.stderr.splitlines()
    assert "the native code is not built" in line
    assert "./scripts/build" in line


NO_CYTHON = """
import sys, runpy
sys.modules["Cython"] = None
sys.argv = ["setup.py", "--quiet", "build_ext", "--inplace"]
runpy.run_path("setup.py", run_name="__main__")
"""
BUILD = ("setup.py", "--quiet", "build_ext", "--inplace")


@pytest.mark.parametrize(
    ("command", "changes", "page", "said"),
    [
        (BUILD, {"CC": "/nowhere/cc"}, True, "no C compiler: /nowhere/cc"),
        (BUILD, {"CC": "gcc -nostdinc"}, True, "no libusrsctp.a with usrsctp.h: install libusrsctp-dev"),
        (("-c", NO_CYTHON), {}, True, "no Cython: pip install"),
        (("setup.py", "--quiet", "sdist"), {}, False, "the page is not built"),
        (("setup.py", "--quiet", "build_py"), {}, False, "the page is not built"),
    ],
)
def test_a_build_that_cannot_be_is_refused_in_one_line(
    command: tuple[str, ...], changes: dict[str, str], page: bool, said: str, tmp_path: Path
) -> None:
    if page and not PAGE.is_file():
        pytest.skip("the page is not built")
    tree = sources(tmp_path / "tree", page=page)
    ended = run(sys.executable, *command, cwd=tree, env=environment(**changes))
    assert ended.returncode != 0
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    assert ended.stderr.strip().splitlines()[-1].startswith("mediad cannot be built here: ")


def test_a_tree_without_native_sources_is_refused(tmp_path: Path) -> None:
    """The sdist was such a tree once: it installed without a word, and could not start."""
    tree = sources(tmp_path / "tree", page=False)
    for path in tree.rglob("*.pyx"):
        path.unlink()
    ended = run(sys.executable, *BUILD, cwd=tree)
    assert ended.returncode != 0
    assert "no .pyx files" in ended.stderr


def test_flags_of_the_interpreter_do_not_count() -> None:
    """A packet would cost more where Python was built with a stack protector, and nothing would say why."""
    built_with = (ROOT / "build" / "built_with").read_text().split()
    own = set(os.environ.get("CFLAGS", "").split()) | set(os.environ.get("CPPFLAGS", "").split())
    assert set(built_with[2:]) - own == {
        *("-O3", "-std=gnu11", "-DNDEBUG", "-fPIC", "-fwrapv"),
        *("-fno-strict-aliasing", "-fno-plt", "-fvisibility=hidden"),
    }
