"""A client in forty lines: it enters a room, and prints who is there and what is said. It needs `websockets`.

python docs/client.py ws://127.0.0.1:3000 hello
"""

import asyncio
import contextlib
import itertools
import json
import sys

from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed


async def main(server: str, room_id: str) -> None:
    async with connect(f"{server}/?roomId={room_id}&peerId=watcher", subprotocols=["protoo"]) as socket:
        ids, waiting = itertools.count(1), {}

        async def ask(method: str, **data: object) -> dict:
            answer = waiting[id_ := next(ids)] = asyncio.get_running_loop().create_future()
            await socket.send(json.dumps({"request": True, "id": id_, "method": method, "data": data}))
            return await answer

        async def enter() -> None:
            capabilities = await ask("getRouterRtpCapabilities")
            transport = await ask("createWebRtcTransport", producing=False, consuming=True)
            print("media would come from", transport["iceCandidates"][0]["address"])
            joined = await ask("join", displayName="Watcher", rtpCapabilities=capabilities)
            print("already here:", [peer["displayName"] for peer in joined["peers"]])

        entering = asyncio.create_task(enter())
        with contextlib.suppress(ConnectionClosed):
            while True:
                frame = json.loads(await socket.recv())
                if frame.get("response"):
                    answer = waiting.pop(frame["id"])
                    if frame["ok"]:
                        answer.set_result(frame["data"])
                    else:
                        answer.set_exception(RuntimeError(frame["errorReason"]))
                elif frame.get("request"):  # newConsumer: make the consumer here, and answer when it is there
                    print("offered:", frame["data"]["kind"], "of", frame["data"]["peerId"])
                    await socket.send(
                        json.dumps({"response": True, "id": frame["id"], "ok": True, "data": {}})
                    )
                else:
                    print(frame["method"], json.dumps(frame["data"]))
        entering.cancel()
    print("closed:", socket.close_code, socket.close_reason)


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
