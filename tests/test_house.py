"""The house holds: floors, no circles, one door to the native code, pure folders, tests, sizes."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.imports import ROOT, Reference, circles, modules, references
from tests.support.prose import first_lines, first_word, leaning_docstrings, odd_citations
from tests.support.sizes import Function, file_lengths, function_lengths, functions

MODULES = modules()
REFERENCES = references()

BELOW_ENGINE = "_fastpath.base _fastpath.wire _fastpath.stream"
ENGINE = f"{BELOW_ENGINE} _fastpath.engine " + " ".join(
    f"_fastpath.engine.{wing}" for wing in ("egress", "ingress", "timers", "commands")
)

# Each floor and what it may import, ground first. "mediad" itself holds the version and is open to all.
FLOORS = {
    "errors": "",
    "words": "",
    "exit_codes": "errors",
    "sockets": "errors",
    "needs": "",
    "addresses": "",
    "targets": "",
    "secret_files": "",
    "budgets": "errors addresses",
    "config": "errors addresses secret_files budgets",
    "confinement": "",
    "logs": "errors config words",
    "metering": "clock",
    "capacity": "",
    "clock": "",
    "heap": "clock",
    "overdue": "",
    "turns": "",
    "ortc": "errors",
    "protocols": "errors",
    "_usrsctp": "errors protocols",
    "_fastpath.base": "",
    "_fastpath.wire": "_fastpath.base",
    "_fastpath.stream": "_fastpath.base _fastpath.wire",
    "_fastpath.engine": BELOW_ENGINE,
    "_fastpath.engine.egress": f"{BELOW_ENGINE} _fastpath.engine",
    "_fastpath.engine.ingress": f"{BELOW_ENGINE} _fastpath.engine _fastpath.engine.egress",
    "_fastpath.engine.timers": f"{BELOW_ENGINE} _fastpath.engine _fastpath.engine.egress "
    "_fastpath.engine.ingress",
    "_fastpath.engine.commands": ENGINE,
    "_fastpath.io": ENGINE,
    "_fastpath.door": f"{ENGINE} _fastpath.io",
    "pipe": "confinement errors logs metering protocols",
    "worker": "errors needs exit_codes capacity clock heap budgets config confinement logs metering overdue "
    "sockets turns ortc pipe protocols _fastpath.door _usrsctp",
    "recorder": "confinement errors exit_codes clock heap sockets logs pipe",
    "rooms": "errors addresses budgets targets capacity overdue turns ortc pipe words",
    "tokens": "errors rooms",
    "telemetry": "errors secret_files config logs targets words",
    "signaling": "errors addresses budgets needs config logs ortc pipe rooms tokens",
    "supervisor": "addresses budgets capacity confinement secret_files targets clock errors needs words "
    "exit_codes heap config logs metering sockets ortc pipe protocols rooms signaling telemetry tokens",
    "ctl": "budgets errors needs words exit_codes config protocols sockets",
}

# The folders that are functions of their arguments: time and datagrams come in, nothing is fetched.
PURE = (
    *("mediad.budgets", "mediad.tokens"),
    *("mediad.ortc", "mediad.protocols", "mediad._fastpath.", "mediad._usrsctp", "mediad.worker.policy"),
    *("mediad.recorder.rtp", "mediad.recorder.codecs", "mediad.recorder.timeline", "mediad.recorder.track"),
)
NATIVE_SHELLS = ("mediad._fastpath.door.media_loop", "mediad._fastpath.io.")
# door/addresses reads and writes addresses; it opens nothing.
IMPURE_FOR_A_REASON = {("mediad._fastpath.door.addresses", "socket")}
IMPURE_IMPORTS = {
    *("asyncio", "multiprocessing", "select", "selectors"),
    *("socket", "subprocess", "threading", "time"),
}


def floor(module: str) -> str:
    """The narrowest floor the module lies on."""
    parts = module.split(".")[1:]
    for length in range(len(parts), 0, -1):
        if (name := ".".join(parts[:length])) in FLOORS:
            return name
    return ".".join(parts[:2] if parts[:1] == ["_fastpath"] else parts[:1])


def inside(reference: Reference) -> bool:
    return reference.target.split(".")[0] == "mediad"


def test_references_are_read_in_every_spelling(tmp_path: Path) -> None:
    package = tmp_path / "mediad" / "a"
    package.mkdir(parents=True)
    (tmp_path / "mediad" / "__init__.py").write_text("")
    (package / "__init__.pxd").write_text("")
    (package / "b.py").write_text("def f():\n    from . import c\n    import mediad.a.d as d, os\n")
    (package / "c.pyx").write_text(
        "from mediad.a.d cimport (\n    x,  # why\n    y)\nfrom .. cimport e\nimport time\n"
    )
    (package / "d.pxd").write_text(
        "from mediad.a cimport c, b\ncimport mediad.a.b\n# from mediad cimport a\n"
    )
    (tmp_path / "mediad" / "e.pxd").write_text("")
    found = {(reference.source, reference.target) for reference in references(tmp_path)}
    assert found == {
        ("mediad.a.b", "mediad.a.c"),
        ("mediad.a.b", "mediad.a.d"),
        ("mediad.a.b", "os"),
        ("mediad.a.c", "mediad.a.d"),
        ("mediad.a.c", "mediad.e"),
        ("mediad.a.c", "time"),
        ("mediad.a.d", "mediad.a.b"),
        ("mediad.a.d", "mediad.a.c"),
    }


def test_circles_are_found() -> None:
    edges = {"a": {"b"}, "b": {"c"}, "c": {"a", "d"}, "d": {"e"}, "f": {"f"}}
    assert circles(edges) == [["a", "b", "c"]]


def test_every_module_has_a_floor() -> None:
    homeless = sorted(name for name in MODULES if floor(name) not in {*FLOORS, "", "_fastpath", "web"})
    assert homeless == []


def test_arrows_run_down() -> None:
    wrong = []
    for reference in filter(inside, REFERENCES):
        source, target = floor(reference.source), floor(reference.target)
        if target not in ("", source, *FLOORS.get(source, "").split()):
            wrong.append(f"{reference.file} imports {reference.target}")
    assert wrong == []


def test_no_circles() -> None:
    edges: dict[str, set[str]] = {}
    for reference in filter(inside, REFERENCES):
        edges.setdefault(reference.source, set()).add(reference.target)
    assert circles(edges) == []


def test_one_door_to_the_native_code() -> None:
    doors = {
        reference.source
        for reference in REFERENCES
        if reference.target.startswith("mediad._fastpath")
        and not reference.source.startswith("mediad._fastpath")
    }
    # commands go down through the plane and its part for addresses, events come up through the news
    assert doors <= {"mediad.worker.media.plane", "mediad.worker.media.addresses", "mediad.worker.media.news"}


def test_data_channels_alone_know_sctp() -> None:
    users = {
        reference.source
        for reference in REFERENCES
        if reference.target.startswith("mediad._usrsctp")
        and not reference.source.startswith("mediad._usrsctp")
    }
    # one opens associations, the other speaks with its own
    assert users <= {"mediad.worker.data.sctp", "mediad.worker.data.channels"}


def test_nothing_depends_on_the_tests() -> None:
    users = [reference.file for reference in REFERENCES if reference.target.split(".")[0] == "tests"]
    assert users == []


def test_mediactl_shares_only_the_envelope() -> None:
    shared = {
        reference.target
        for reference in REFERENCES
        if floor(reference.source) == "ctl" and floor(reference.target) == "protocols"
    }
    assert shared <= {"mediad.protocols.envelope"}


def test_pure_folders_import_no_io() -> None:
    wrong = [
        f"{reference.file} imports {reference.target}"
        for reference in REFERENCES
        if reference.source.startswith(PURE)
        and not reference.source.startswith(NATIVE_SHELLS)
        and (reference.source, reference.target) not in IMPURE_FOR_A_REASON
        and (
            reference.target.split(".")[0] in IMPURE_IMPORTS
            or reference.target in {"libc.time", "posix.time"}
        )
    ]
    assert wrong == []


def test_only_the_loop_knows_the_kernel() -> None:
    users = {reference.source for reference in REFERENCES if reference.target == "mediad._fastpath.io.kernel"}
    assert {user for user in users if not user.startswith(NATIVE_SHELLS)} == set()


IMPORT_EACH_ALONE = """
import os, sys, traceback
failed = False
for name in sys.argv[1:]:
    child = os.fork()
    if not child:
        try:
            __import__(name)
        except BaseException:
            print(f"--- import {name}", file=sys.stderr)
            traceback.print_exc()
            sys.stderr.flush()
            os._exit(1)
        os._exit(0)
    failed |= os.waitpid(child, 0)[1] != 0
sys.exit(failed)
"""


def test_every_module_imports_alone() -> None:
    """Import each in an interpreter that has loaded nothing of mediad's, with every warning an error."""
    importable = [
        name for name, paths in MODULES.items() if any(path.suffix in {".py", ".pyx"} for path in paths)
    ]
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", IMPORT_EACH_ALONE, *importable],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    failed = result.returncode
    assert failed == 0, result.stderr


@pytest.mark.parametrize("module", ["mediad._fastpath.door.media_loop", "mediad._usrsctp.association"])
def test_a_stub_names_what_its_module_has(module: str) -> None:
    result = subprocess.run(
        [
            *(sys.executable, "-m", "mypy.stubtest", module, "--concise"),
            *("--mypy-config-file", "pyproject.toml", "--ignore-unused-allowlist"),
            *("--allowlist", "tests/support/stubtest-allowlist"),
        ],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr


# Modules without a test file of their own, and why.
UNTESTED = {
    "mediad._fastpath.stream.estimator_state": "a struct, without code",
    "mediad._fastpath.wire.payload_info": "a struct, without code",
    "mediad._fastpath.door.events": "records, without code",
    "mediad._fastpath.engine.stats_records": "structs, without code",
    "mediad._fastpath.io.sockets": "a struct, without code",
    "mediad.ctl.doctor.facts": "records, without code",
    "mediad.ctl.doctor.finding": "records, without code",
    "mediad.config.front_settings": "declarations, without code",
    "mediad.config.media_settings": "declarations, without code",
    "mediad.config.room_settings": "declarations, without code",
    "mediad.capacity": "numbers, without code",
    "mediad.worker.context": "a record, without code",
    "mediad._usrsctp.usrsctp": "declarations of a library",
    "mediad.pipe.scores": "records, without code",
    "mediad.pipe.transport_requests": "records, without code",
    "mediad.pipe.worker_stats": "records, without code",
    "mediad.protocols.sctp_events": "records, without code",
    "mediad.recorder.codecs.frame": "records, without code",
    "mediad.recorder.output": "what others implement, without code",
    "mediad.rooms.limits": "numbers, without code",
    "mediad.rooms.listener": "what others implement, without code",
    "mediad.rooms.media_worker": "what others implement, without code",
    "mediad.rooms.observer": "what others implement, without code",
}


def mirrored_test(module: str) -> Path:
    *folders, name = module.split(".")[1:]
    return ROOT.joinpath("tests", *folders, f"test_{name.strip('_')}.py")


def test_every_module_has_its_test_file() -> None:
    packages = {name for name, paths in MODULES.items() if any(path.stem == "__init__" for path in paths)}
    missing = [
        str(mirrored_test(name).relative_to(ROOT))
        for name in MODULES
        if name not in packages and name not in UNTESTED and not mirrored_test(name).exists()
    ]
    assert missing == []


def test_the_untested_list_is_current() -> None:
    stale = [name for name in UNTESTED if name not in MODULES or mirrored_test(name).exists()]
    assert stale == []


FILE_LINES = 400
FUNCTION_LINES = 60

# Files above the ceiling, and why.
LONG_FILES: dict[str, str] = {}

# Functions above the ceiling, and why.
LONG_FUNCTIONS: dict[str, str] = {}


def test_files_stay_below_the_ceiling() -> None:
    longer = {path: n for path, n in file_lengths(ROOT, ("mediad", "tests")).items() if n > FILE_LINES}
    assert {path: n for path, n in longer.items() if path not in LONG_FILES} == {}
    assert sorted(LONG_FILES.keys() - longer) == [], "no exception any more: take it off the list"


def test_functions_stay_below_the_ceiling() -> None:
    longer = {
        name: n for name, n in function_lengths(ROOT, ("mediad", "tests")).items() if n > FUNCTION_LINES
    }
    assert {name: n for name, n in longer.items() if name not in LONG_FUNCTIONS} == {}
    assert sorted(LONG_FUNCTIONS.keys() - longer) == [], "no exception any more: take it off the list"


PYTHON_SIZES = """
class A:
    @decorated
    def f(self):
        def g():
            pass

        return g

async def h(): pass
"""
CYTHON_SIZES = """
cdef class A(B):
    def f(self):
        return f(1)

    cdef int g(self, int a,
               int b) noexcept nogil:   # why
        if a:

            return b
# a comment at the margin
        return a

cdef int declared(int a) noexcept nogil
cdef int value = f(3)
cdef inline const char* h() noexcept nogil:
    return NULL
"""


def test_functions_are_measured_in_both_languages(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text(PYTHON_SIZES)
    (tmp_path / "a.pyx").write_text(CYTHON_SIZES)
    assert functions(tmp_path / "a.py") == [Function("A.f", 5), Function("A.f.g", 2), Function("h", 1)]
    assert functions(tmp_path / "a.pyx") == [Function("f", 2), Function("g", 7), Function("h", 2)]


TOP_LEVEL = {
    *("setup.py", "pyproject.toml", "MANIFEST.in", "mediad", "tests", "scripts", "systemd", "docs"),
    *("README.md", "CHANGELOG.md", "LICENSE", "SECURITY.md", "constraints.txt"),
}


def tracked_files() -> list[str]:
    if not (ROOT / ".git").exists():
        pytest.skip("not a checkout: the folder also holds what was built")
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [path for path in listed.stdout.splitlines() if (ROOT / path).is_file()]


def test_the_top_level_is_fixed() -> None:
    top = {path.split("/")[0] for path in tracked_files()}
    assert {name for name in top if not name.startswith(".")} <= TOP_LEVEL


def test_first_lines_of_docstrings_can_be_read_alone() -> None:
    assert leaning_docstrings(ROOT) == [], "begin with a noun or a verb, as in `Return the …`, `True when …`"


def test_docstrings_are_found_in_both_languages(tmp_path: Path) -> None:
    text = '"""One."""\na = 1\n"""It is two.\n\nMore.\n"""\ndef f():\n    """`three`"""\n'
    for name in ("a.py", "a.pyx"):
        (tmp_path / name).write_text(text)
        assert list(first_lines(tmp_path / name)) == [(1, "One."), (3, "It is two."), (8, "`three`")]
    assert [first_word(line) for line in ("It's two", "`three`", "One.")] == ["it", "", "one"]


def test_citations_have_one_form() -> None:
    assert odd_citations(ROOT, tracked_files()) == [], "write `RFC 8445 section 5.1.2.1`"
