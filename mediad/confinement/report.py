"""Confinement: what confines a process, as it is told to operators."""

from __future__ import annotations

import msgspec


class Confinement(msgspec.Struct, frozen=True, rename="camel"):
    """The confinement of one process."""

    seccomp: str = "none"
    """The list of system calls in force: its "own", "inherited" (systemd's or a container's), or "none"."""
    landlock: int = 0
    """The version of Landlock that restricts it; 0: nothing does."""
    off: bool = False
    """True where the setting `confinement` says so."""

    def __str__(self) -> str:
        """Return it in words, as for the log."""
        if self.off:
            return "not confined: confinement is off"
        words = {"own": "own list", "inherited": "systemd's or the container's", "none": "none"}
        files = f"version {self.landlock}" if self.landlock else "none"
        return f"seccomp: {words[self.seccomp]}, Landlock: {files}"
