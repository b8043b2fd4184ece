"""Verbs about recordings: record start|stop|list|compose."""

from __future__ import annotations

import os
import time
from pathlib import Path

from mediad.ctl.command import Ask, Command, argument
from mediad.ctl.compose import clips_of, compose, newest_folder
from mediad.ctl.grid import length_s
from mediad.ctl.progress import ProgressBar
from mediad.ctl.render import bitrate, duration, fields, printable, size, table
from mediad.ctl.session import Data, Session
from mediad.words import plural

GROUPS = {"record": "record rooms to files"}

FORMATS = ("mkv", "mp4", "webm")


def _started(data: Data) -> str:
    what = printable(data["roomId"])
    if data["peerId"] is not None:
        what = f"{printable(data['peerId'])} in {what}"
    stop = f"mediactl record stop {data['recordingId']}"
    return f"{what} is being recorded to {printable(data['folder'])}; end that with: {stop}"


def _stopped(data: Data) -> str:
    return "\n\n".join(_files(recording) for recording in data["recordings"])


def _files(recording: Data) -> str:
    """The files of a recording that has ended."""
    head = fields(
        [
            ("recording", recording["recordingId"]),
            ("room", recording["roomId"]),
            ("folder", recording["folder"]),
        ]
    )
    rows = [
        (
            file["peerId"],
            file["source"],
            " + ".join(codec.partition("/")[2] for codec in file["codecs"]),
            duration(file["durationS"]),
            size(file["bytes"]),
            os.path.relpath(file["path"], recording["folder"]),
        )
        for file in recording["files"]
    ]
    if not rows:
        return f"{head}\n\nnothing was sent while it was recorded: there are no files"
    return f"{head}\n\n{table(('PEER', 'SOURCE', 'CODECS', 'LENGTH', 'SIZE', 'FILE'), rows)}"


def _list(data: Data) -> str:
    if not data["recordings"]:
        return "nothing is being recorded"
    now_s = time.time()
    rows = [
        (
            recording["recordingId"],
            recording["roomId"],
            recording["peerId"],
            recording["state"],
            duration(max(0.0, now_s - recording["since"])),
            len(recording["files"]),
            size(recording["bytes"]),
            bitrate(recording["bitrate"]),
        )
        for recording in data["recordings"]
    ]
    count = plural(len(rows), "recording")
    headings = ("RECORDING", "ROOM", "PEER", "STATE", "SINCE", "FILES", "SIZE", "BITRATE")
    return f"{table(headings, rows)}\n\n{count}"


def _compose(session: Session, data: Data) -> None:
    """Put a recording's files side by side; of a room it is the newest recording."""
    what = data["what"]
    if os.path.isdir(what):
        folder = Path(what)
    else:
        folder = newest_folder(session.call("record.directory", {})["directory"], what)
    clips = clips_of(folder)
    out = Path(data.get("out") or folder / "composed.mp4")
    with ProgressBar("composing") as bar:
        compose(clips, out, lambda done_s, total_s: bar.update(done_s, total_s))
    if session.as_json:
        session.print_json({"path": str(out), "files": len(clips), "durationS": round(length_s(clips), 3)})
    else:
        session.print(f"{plural(len(clips), 'file')} are side by side in {printable(str(out))}")


COMMANDS = (
    Command(
        "record start",
        "record a room, or one peer of it, to a file for each peer and source",
        Ask("record.start", _started),
        (
            argument("roomId", metavar="ROOM", help="its id"),
            argument("--peer", dest="peerId", metavar="PEER", help="only this peer"),
            argument(
                "--out",
                dest="directory",
                type=os.path.abspath,
                metavar="DIR",
                help="a directory that mediad may write to, instead of recording_dir",
            ),
            argument("--format", choices=FORMATS, help="the container, instead of recording_format"),
        ),
    ),
    Command(
        "record stop",
        "end a recording, or all of a room, and show the files",
        Ask("record.stop", _stopped),
        (argument("recording", metavar="ROOM|ID", help="a room's id, or a recording's"),),
    ),
    Command("record list", "the recordings under way, and how large they are", Ask("record.list", _list)),
    Command(
        "record compose",
        "put the files of a recording side by side into one MP4, with ffmpeg",
        _compose,
        (
            argument("what", metavar="ROOM|DIR", help="a room's newest recording, or the folder of any"),
            argument("--out", metavar="FILE", help="instead of composed.mp4 in the recording's folder"),
        ),
    ),
)
