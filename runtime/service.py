"""The life of a service: one shape for all of them.

SIGTERM or SIGINT sets the stop event; the service's `run` then has `drain_timeout_s` to finish what it
began, after which it is cancelled. A second signal cancels it at once. Closing has CLOSING_S more; then the
process ends whatever hangs (a library that takes no cancellation, a thread that waits for a name server): nothing
depends on it, as every service goes on where it was after a kill. An error that `run` lets through ends the
process with exit code 1, for whatever restarts it.
"""

import asyncio
import os
import signal
import threading
from collections.abc import Awaitable, Callable

import structlog
import uvloop

from runtime import health as health_server
from runtime import logs
from runtime.config import Settings
from runtime.health import Health

log = structlog.get_logger()

CLOSING_S = 1.75

Run = Callable[[Health, asyncio.Event], Awaitable[None]]


def run_service(name: str, settings: Settings, run: Run) -> int:
    """Configure logging, serve health, run until stopped; the exit code."""
    logs.configure(name, settings.log_level, settings.log_format)
    try:
        return uvloop.run(_supervise(settings, run))
    except OSError as error:
        log.error("cannot_start", error=str(error))
        return 1


async def _supervise(settings: Settings, run: Run) -> int:
    health = Health()
    port, close = health_server.serve(health, settings.health_host, settings.health_port)
    log.info("started", health=f"{settings.health_host}:{port}")
    stop = asyncio.Event()
    work = asyncio.ensure_future(run(health, stop))
    loop = asyncio.get_running_loop()

    def on_signal(name: str) -> None:
        if stop.is_set():
            log.warning("aborting", signal=name)
            work.cancel()
            return
        log.info("stopping", signal=name)
        stop.set()
        loop.call_later(settings.drain_timeout_s, work.cancel)
        _end_after(settings.drain_timeout_s + CLOSING_S)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, on_signal, number.name)
    beat = asyncio.create_task(_beat(health), name="heartbeat")
    try:
        await work
    except asyncio.CancelledError:
        log.error("drain_timed_out", timeout_s=settings.drain_timeout_s)
        return 1
    except Exception:
        log.exception("failed")
        return 1
    finally:
        beat.cancel()
        close()
    log.info("stopped")
    return 0


def _end_after(seconds: float) -> None:
    """End the process then, if it has not ended; from a thread, as the event loop may be what hangs."""

    def end() -> None:
        log.error("stop_timed_out", after_s=seconds)
        os._exit(1)

    timer = threading.Timer(seconds, end)
    timer.daemon = True
    timer.start()


async def _beat(health: Health) -> None:
    while True:
        health.beat()
        await asyncio.sleep(1)
