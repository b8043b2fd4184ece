"""A recorder with real pipes and no media: what tests of the supervisor start, hang and kill.

    python tiny_recorder.py [--mode MODE] READ_FD WRITE_FD LEVEL FORMAT

It makes the folder of the recording, and in it a file for each track, which it fills with some bytes. Modes:
ready (default), refuse (answers recorder.start with an error), mute (answers nothing after the start),
crash (dies at the start), picky (takes no video), full (says that the disk is full when a track is added).
"""

from __future__ import annotations

import os
import signal
import socket
import sys
from pathlib import Path
from typing import Any

from mediad.protocols.envelope import Decoder, Event, Request, Response, encode

FILE_BYTES = 1000


class TinyRecorder:
    def __init__(self, mode: str, write_fd: int) -> None:
        self.mode = mode
        self._write_fd = write_fd
        self._folder = Path()
        self._tracks: dict[str, dict[str, Any]] = {}
        self._files: dict[str, dict[str, Any]] = {}
        self._socket = socket.socket(type=socket.SOCK_DGRAM)

    def answer(self, method: str, data: dict[str, Any]) -> dict[str, Any] | None:
        """The reply, with a code when it is an error; None for no reply at all."""
        if self.mode == "mute" and method != "recorder.start":
            return None
        match method:
            case "recorder.start":
                return self._start(data)
            case "recorder.connect":
                (self._folder / "source").write_text(f"{data['ip']}:{data['port']}")
            case "recorder.addTrack":
                return self._add(data)
            case "recorder.removeTrack":
                self._finish(data["trackId"])
            case "recorder.stats":
                files = list(self._files.values())
                return {"files": files, "bytes": sum(file["bytes"] for file in files)}
            case "recorder.stop":
                for track_id in list(self._tracks):
                    self._finish(track_id)
                return {"files": list(self._files.values())}
        return {}

    def _start(self, data: dict[str, Any]) -> dict[str, Any]:
        if self.mode == "refuse":
            return {"code": "unavailable", "reason": "the disk is full"}
        if self.mode == "crash":
            os.kill(os.getpid(), signal.SIGKILL)
        self._folder = Path(data["output"]["directory"]) / data["roomId"] / data["recordingId"]
        self._folder.mkdir(parents=True)
        self._socket.bind(("127.0.0.1", 0))
        return {"port": self._socket.getsockname()[1], "folder": str(self._folder)}

    def _add(self, data: dict[str, Any]) -> dict[str, Any]:
        if self.mode == "full":
            self.send(Event("recorder.ended", {"code": "disk-full", "reason": "no space is left"}))
        if self.mode == "picky" and data["kind"] == "video":
            return {"code": "unsupported", "reason": "no video here"}
        path = self._folder / f"{data['peerId']}-{data['source']}-{data['kind']}-{len(self._files)}"
        path.write_bytes(bytes(FILE_BYTES))
        assert data["rtpParameters"]["encodings"][0]["ssrc"]
        self._tracks[data["trackId"]] = data
        self._files[data["trackId"]] = {
            "path": str(path),
            "peerId": data["peerId"],
            "source": data["source"],
            "format": "mkv",
            "startedAt": 0.0,
            "durationS": 1.0,
            "bytes": FILE_BYTES,
            "finished": False,
            "tracks": [
                {
                    "trackId": data["trackId"],
                    "kind": data["kind"],
                    "codec": data["rtpParameters"]["codecs"][0]["mimeType"],
                    "bitrate": 8000,
                }
            ],
        }
        return {}

    def _finish(self, track_id: str) -> None:
        if self._tracks.pop(track_id, None) is not None:
            self._files[track_id]["finished"] = True
            self.send(Event("recorder.fileFinished", {"file": self._files[track_id]}))

    def send(self, message: Event[Any] | Response[Any]) -> None:
        data = encode(message)
        while data:
            data = data[os.write(self._write_fd, data) :]


def main() -> int:
    mode = sys.argv[2] if sys.argv[1] == "--mode" else "ready"
    read_fd, write_fd = int(sys.argv[-6]), int(sys.argv[-5])
    recorder, decoder = TinyRecorder(mode, write_fd), Decoder()
    while data := os.read(read_fd, 65536):
        for message in decoder.feed(data):
            assert isinstance(message, Request)
            answer = recorder.answer(message.method, message.data)
            if answer is not None:
                recorder.send(Response(message.id, "code" not in answer, answer))
    return 0


if __name__ == "__main__":
    sys.exit(main())
