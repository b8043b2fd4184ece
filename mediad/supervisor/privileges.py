"""The privileges of the supervisor: given up for good once the ports are open, when it was started as root.

Under systemd there are none to give up: the unit names a user of its own. This is for daemons that something
else starts as root, as in a container.
"""

from __future__ import annotations

import contextlib
import ctypes
import grp
import logging
import os
import pwd
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path

from mediad.config.settings import Settings
from mediad.errors import ConfigError, MediadError

_PR_SET_DUMPABLE = 4  # prctl(2)

AS_ROOT = (
    "mediad runs as root, so a bug in it can cost the whole machine: set user to a user of its own, or "
    "start it by systemd, whose unit has one"
)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Account:
    """A user to become."""

    name: str
    uid: int
    gid: int
    groups: tuple[int, ...]


def account(settings: Settings) -> Account | None:
    """Return the user that the settings name; None for none. Raises ConfigError for a wrong one."""
    if settings.user is None:
        return None
    try:
        user = pwd.getpwnam(settings.user)
    except KeyError:
        raise ConfigError(f"user: got {settings.user!r}, expected a user of this machine") from None
    gid = user.pw_gid if settings.group is None else group_id("group", settings.group)
    if user.pw_uid == 0 or gid == 0:
        raise ConfigError(f"user: got {settings.user!r}, expected one that is not root, nor of root's group")
    return Account(user.pw_name, user.pw_uid, gid, tuple(sorted({gid, *os.getgrouplist(user.pw_name, gid)})))


def accounts(settings: Settings) -> tuple[Account | None, int | None]:
    """Return the user to become, and the group of the admin socket. Raises ConfigError for unknown ones."""
    group = settings.admin_group
    return account(settings), None if group is None else group_id("admin_group", group)


def group_id(key: str, name: str) -> int:
    """Return the number of a group that the setting `key` names. Raises ConfigError for an unknown one."""
    try:
        return grp.getgrnam(name).gr_gid
    except KeyError:
        raise ConfigError(f"{key}: got {name!r}, expected a group of this machine") from None


def give_up(wanted: Account | None, owned: Iterable[str] = ()) -> None:
    """Become `wanted` for good, with what is `owned` (the admin socket and its directory); as root only.

    Raises MediadError when that is refused, or could be undone.
    """
    if os.geteuid() != 0:
        if wanted is not None and os.geteuid() != wanted.uid:
            logger.warning("user: mediad was not started as root, and so does not become %s", wanted.name)
        return
    if wanted is None:
        if not _in_a_namespace():
            logger.warning("%s", AS_ROOT)
        return
    try:
        for path in owned:
            os.chown(path, wanted.uid, -1)
        os.setgroups(wanted.groups)
        os.setresgid(wanted.gid, wanted.gid, wanted.gid)
        os.setresuid(wanted.uid, wanted.uid, wanted.uid)
    except OSError as error:
        raise MediadError(f"mediad cannot become the user {wanted.name}: {error.strerror}") from None
    _verify(wanted)
    logger.info("mediad is the user %s from now on, and cannot become root again", wanted.name)


def hide_memory() -> None:
    """Keep other processes of this user from reading this one's memory, environment and descriptors in /proc.

    It writes no core file either. Root may read them all the same.
    """
    ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)


def _verify(wanted: Account) -> None:
    """Raise MediadError when anything of root is left."""
    regains: tuple[Callable[[], None], ...] = (
        lambda: os.setresuid(0, 0, 0),
        lambda: os.setresgid(0, 0, 0),
        lambda: os.setgroups([0]),
    )
    for regain in regains:
        with contextlib.suppress(OSError):
            regain()
            raise MediadError(f"mediad became the user {wanted.name}, but could become root again: it stops")
    ids = (*os.getresuid(), *os.getresgid())
    if ids != (wanted.uid,) * 3 + (wanted.gid,) * 3 or set(os.getgroups()) - set(wanted.groups):
        raise MediadError(f"mediad is not wholly the user {wanted.name}: it stops")
    left = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("CapEff:")]
    if left and int(left[0].split()[1], 16):
        raise MediadError(f"mediad is the user {wanted.name}, and has capabilities ({left[0]}): it stops")


def _in_a_namespace() -> bool:
    """True when root here is another user outside (user_namespaces(7))."""
    try:
        return Path("/proc/self/uid_map").read_text().split() != ["0", "0", str(2**32 - 1)]
    except OSError:
        return False
