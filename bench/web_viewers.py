"""`python -m bench.web_viewers`: pages that look on live, in a process of their own; what they got, as JSON."""

import asyncio
import json
import struct
import sys
import time
from typing import Final

import uvloop
from websockets.asyncio.client import connect
from websockets.typing import Origin

_HEADER: Final = struct.Struct("<BBHIdd")
_WAVEFORM: Final = 1
_EVERYTHING: Final = 1


class Viewers:
    """Counts of all of them together."""

    def __init__(self) -> None:
        self.messages = 0
        self.bytes = 0
        self.coarsest_s = 0.0
        self.lags_s: list[float] = []  # from the end of the newest bin to its page, by one clock

    async def view(self, url: str, cookie: str, watch: dict[str, object]) -> None:
        """Look on until cancelled."""
        origin = Origin(url.replace("ws", "http", 1).removesuffix("/api/live"))
        async with connect(
            url,
            compression=None,
            max_size=None,
            origin=origin,
            additional_headers={"Cookie": cookie},
        ) as connection:
            await connection.send(json.dumps({"watch": watch}))
            async for message in connection:
                self.messages += 1
                self.bytes += len(message)
                if isinstance(message, str):
                    said = json.loads(message).get("watching")
                    self.coarsest_s = max(self.coarsest_s, said["bin_s"] if said else 0.0)
                    continue
                kind, _, flags, count, start, step = _HEADER.unpack_from(message)
                if kind == _WAVEFORM and not flags & _EVERYTHING:
                    self.lags_s.append(time.time() - (start + step * count))


async def _main(url: str, cookie: str, watches: list[dict[str, object]], seconds: float) -> None:
    viewers = Viewers()
    tasks = [asyncio.create_task(viewers.view(url, cookie, watch)) for watch in watches]
    _say({"started": True})
    await asyncio.to_thread(sys.stdin.readline)  # the measurement begins
    viewers.lags_s.clear()
    messages, size, began_s = viewers.messages, viewers.bytes, time.monotonic()
    await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
    took_s = time.monotonic() - began_s
    lags_s = sorted(viewers.lags_s) or [float("nan")]
    _say(
        {
            "ended": sum(task.done() for task in tasks),
            "messages_per_s": (viewers.messages - messages) / took_s,
            "kb_per_s": (viewers.bytes - size) / took_s / 1e3,
            "coarsest_s": viewers.coarsest_s,
            "p50_ms": lags_s[len(lags_s) // 2] * 1e3,
            "p99_ms": lags_s[int(len(lags_s) * 0.99)] * 1e3,
        }
    )
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


def _say(what: dict[str, object]) -> None:
    print(json.dumps(what), flush=True)


if __name__ == "__main__":
    given = json.loads(sys.stdin.readline())
    uvloop.run(_main(given["url"], given["cookie"], given["watches"], given["seconds"]))
