"""Privileges, given up by a process that has them: tried as root, in a process of its own."""

from __future__ import annotations

import os
import pwd
import subprocess
import sys
from pathlib import Path

import pytest

from mediad.config.settings import Settings
from mediad.errors import ConfigError
from mediad.supervisor.privileges import AS_ROOT, account, group_id
from tests.support.imports import ROOT

as_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give it up")

SOMEBODY = next(user for user in pwd.getpwall() if user.pw_uid != 0 and user.pw_gid != 0)


def ran(program: str) -> subprocess.CompletedProcess[str]:
    begin = (
        "import logging, os\nfrom pathlib import Path\nfrom mediad.config.settings import Settings\n"
        "from mediad.supervisor.privileges import account, give_up, hide_memory\n"
        "logging.basicConfig(level=logging.INFO)\n"
    )
    command = [sys.executable, "-c", begin + program]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)


def test_whom_to_become_is_read_from_the_settings() -> None:
    assert account(Settings()) is None
    wanted = account(Settings(user=SOMEBODY.pw_name))
    assert wanted is not None
    assert (wanted.uid, wanted.gid) == (SOMEBODY.pw_uid, SOMEBODY.pw_gid)
    with pytest.raises(ConfigError, match="user: got 'nobody-here'"):
        account(Settings(user="nobody-here"))
    with pytest.raises(ConfigError, match="expected one that is not root"):
        account(Settings(user="root"))
    with pytest.raises(ConfigError, match="expected one that is not root"):
        account(Settings(user=SOMEBODY.pw_name, group="root"))
    with pytest.raises(ConfigError, match="admin_group: got 'no-such'"):
        group_id("admin_group", "no-such")


@as_root
def test_nothing_of_root_is_left_on_any_thread(tmp_path: Path) -> None:
    program = f"""
import threading
asked, answers = threading.Event(), []
def other():
    asked.wait()
    answers.append((os.getresuid(), os.getresgid()))
thread = threading.Thread(target=other)
thread.start()
give_up(account(Settings(user={SOMEBODY.pw_name!r})), [{str(tmp_path)!r}])
asked.set()
thread.join()
print(answers[0], os.getresuid(), os.getgroups())
for attempt in (lambda: os.setuid(0), lambda: os.setgroups([0]), lambda: Path("/etc/shadow").read_text()):
    try:
        attempt()
    except PermissionError:
        print("refused")
"""
    done = ran(program)
    assert done.returncode == 0, done.stderr
    uid, gid = SOMEBODY.pw_uid, SOMEBODY.pw_gid
    ids, *refused = done.stdout.splitlines()
    assert ids.startswith(f"(({uid}, {uid}, {uid}), ({gid}, {gid}, {gid})) ({uid}, {uid}, {uid})")
    assert refused == ["refused"] * 3
    assert f"mediad is the user {SOMEBODY.pw_name} from now on" in done.stderr
    assert tmp_path.stat().st_uid == uid


@as_root
def test_root_without_a_user_is_warned() -> None:
    assert AS_ROOT in ran("give_up(None)").stderr


@as_root
def test_another_process_of_the_user_cannot_look_into_it() -> None:
    program = f"""
wanted = account(Settings(user={SOMEBODY.pw_name!r}))
give_up(wanted)
hide_memory()
child = os.fork()
if child == 0:
    for name in ("environ", "mem", "maps"):
        try:
            open(f"/proc/{{os.getppid()}}/{{name}}", "rb").read(1)
        except OSError:
            print(name, "refused", flush=True)
    os._exit(0)
os.waitpid(child, 0)
print(len(os.listdir("/proc/self/fd")) > 0)
"""
    assert ran(program).stdout.split("\n")[:4] == ["environ refused", "mem refused", "maps refused", "True"]
