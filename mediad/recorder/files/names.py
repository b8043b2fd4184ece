"""Names of files and folders, made from ids that clients choose.

A name consists of letters, digits, `-` and `_` of ASCII: it cannot lead out of its folder, be hidden, end in
another suffix or differ on another file system. An id that is not its own name, because of other characters
or of its length, gets a digest of the whole id behind it, so that no two ids share a name.
"""

from __future__ import annotations

import hashlib
import re

MAX_NAME = 80
"""Characters of one name, so that a few of them and a suffix fit the 255 bytes of file systems."""

_DIGEST = 16
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*")
_OTHER = re.compile(r"[^A-Za-z0-9_-]+")
_DIGESTED = re.compile(rf".*-[0-9a-f]{{{_DIGEST}}}")


def safe_name(id_: str) -> str:
    """Return the name for an id: the id itself where it may be one."""
    if len(id_) <= MAX_NAME and _PLAIN.fullmatch(id_) and not _DIGESTED.fullmatch(id_):
        return id_
    digest = hashlib.sha256(id_.encode("utf-8", "surrogatepass")).hexdigest()[:_DIGEST]
    start = _OTHER.sub("_", id_).lstrip("-_")[: MAX_NAME - _DIGEST - 1]
    return f"{start or 'id'}-{digest}"


def file_stem(peer_id: str, source: str, part: int) -> str:
    """Return the name, without its suffix, of a peer's and source's file; `part` counts from 1."""
    stem = f"{safe_name(peer_id)}.{safe_name(source)}"
    return stem if part == 1 else f"{stem}.{part}"
