"""The folder of a recording: made below the operator's directory, and never left, whatever is in it.

Everything is opened relative to a descriptor of the folder, and no symbolic link is followed.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Sequence

from mediad.errors import Unavailable

_OPEN_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_NEW_FILE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Folder:
    """An open folder. `path` is for people; the descriptor is what counts."""

    def __init__(self, fd: int, path: str) -> None:
        self.path = path
        self._fd = fd

    @classmethod
    def make(cls, directory: str, names: Sequence[str]) -> Folder:
        """Make the folders `names` one in the other below `directory`; the last must be new.

        `directory` itself may be a symbolic link: it is the operator's. Raises Unavailable with the reason.
        """
        if not os.path.isabs(directory):
            raise Unavailable(f"the directory for recordings, {directory}, is not an absolute path")
        path = directory
        try:
            fd = os.open(directory, _OPEN_FOLDER)
            try:
                for name in names:
                    path = f"{path.rstrip('/')}/{name}"
                    below = _make(fd, name, new=name is names[-1])
                    os.close(fd)
                    fd = below
            except BaseException:
                os.close(fd)
                raise
        except OSError as error:
            raise Unavailable(f"cannot record to {path}: {error.strerror or error}") from None
        return cls(fd, path)

    def create(self, name: str) -> int:
        """Return a descriptor of a new file. Raises OSError, also when there is one of this name."""
        return os.open(name, _NEW_FILE, 0o640, dir_fd=self._fd)

    def replace(self, name: str, data: bytes) -> None:
        """Write a small file whole, in place of an older one. Raises OSError."""
        draft = f".{name}.new"
        with contextlib.suppress(FileNotFoundError):  # a process that was killed left it
            os.unlink(draft, dir_fd=self._fd)
        fd = self.create(draft)
        try:
            while data:
                data = data[os.write(fd, data) :]
        finally:
            os.close(fd)
        os.rename(draft, name, src_dir_fd=self._fd, dst_dir_fd=self._fd)

    def free_bytes(self) -> int:
        """Return the space that this process may still fill. Raises OSError."""
        disk = os.fstatvfs(self._fd)
        return disk.f_bavail * disk.f_frsize

    def is_there(self) -> bool:
        """True while `path` leads to this folder: it was not removed, moved or covered by another disk."""
        ours = os.fstat(self._fd)
        try:
            found = os.stat(self.path)
        except OSError:
            return False
        return (ours.st_dev, ours.st_ino) == (found.st_dev, found.st_ino)

    def close(self) -> None:
        """Close the descriptor."""
        os.close(self._fd)


def _make(parent: int, name: str, *, new: bool) -> int:
    """Make a folder, or take the one that is there unless it has to be new; return a descriptor."""
    try:
        os.mkdir(name, 0o750, dir_fd=parent)
    except FileExistsError:
        if new:
            raise
    return os.open(name, _OPEN_FOLDER | os.O_NOFOLLOW, dir_fd=parent)
