"""Answers that viewers share: made once, kept for a moment, bounded."""

import asyncio
import gzip
import json
import math
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from web.answers import answer, encode
from web.caching import SharedAnswers
from web.errors import AwayError


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class Making:
    """Counts how often it is asked, and answers when it is let."""

    def __init__(self) -> None:
        self.asked = 0
        self.go = asyncio.Event()
        self.failure: Exception | None = None

    async def __call__(self) -> Any:
        self.asked += 1
        await self.go.wait()
        if self.failure is not None:
            raise self.failure
        return {"asked": self.asked}


def value(of: Any) -> Callable[[], Awaitable[Any]]:
    async def make() -> Any:
        return of

    return make


async def test_answer_is_made_once_for_all_who_wait() -> None:
    """A hundred pages, one question to the database."""
    answers, making = SharedAnswers(), Making()
    waiting = [asyncio.create_task(answers.get(("fleet", 1), making)) for _ in range(100)]
    await asyncio.sleep(0)
    making.go.set()
    found = await asyncio.gather(*waiting)
    assert making.asked == 1
    assert {one.plain for one in found} == {b'{"asked":1}'}


async def test_answer_is_kept_for_a_second() -> None:
    """Then it is asked anew; another question is another answer."""
    clock = Clock()
    answers, making = SharedAnswers(now=clock), Making()
    making.go.set()
    await answers.get(("fleet", 1), making)
    clock.now += 0.9
    await answers.get(("fleet", 1), making)
    assert making.asked == 1
    await answers.get(("fleet", 2), making)
    assert making.asked == 2
    clock.now += 0.2
    await answers.get(("fleet", 1), making)
    assert making.asked == 3


async def test_answer_that_took_long_is_kept_longer() -> None:
    """So one question never keeps the database busy for more than a fifth of the time."""
    clock = Clock()
    answers, making = SharedAnswers(now=clock), Making()
    waiting = asyncio.create_task(answers.get(("fleet",), making))
    await asyncio.sleep(0)
    clock.now += 2.0
    making.go.set()
    await waiting
    clock.now += 9.5
    await answers.get(("fleet",), making)
    assert making.asked == 1
    clock.now += 1.0
    await answers.get(("fleet",), making)
    assert making.asked == 2


async def test_failure_is_told_to_all_who_wait_and_kept_for_nobody() -> None:
    """The next one asks again."""
    answers, making = SharedAnswers(), Making()
    making.failure = AwayError("away")
    waiting = [asyncio.create_task(answers.get(("fleet",), making)) for _ in range(3)]
    await asyncio.sleep(0)
    making.go.set()
    assert all(isinstance(one, AwayError) for one in await asyncio.gather(*waiting, return_exceptions=True))
    making.failure = None
    assert (await answers.get(("fleet",), making)).plain == b'{"asked":2}'


async def test_who_goes_away_does_not_take_the_answer_from_the_others() -> None:
    """The first who asked may be cancelled."""
    answers, making = SharedAnswers(), Making()
    first = asyncio.create_task(answers.get(("fleet",), making))
    await asyncio.sleep(0)
    second = asyncio.create_task(answers.get(("fleet",), making))
    await asyncio.sleep(0)
    first.cancel()
    await asyncio.sleep(0)
    making.go.set()
    assert (await second).plain == b'{"asked":1}'


async def test_forgotten_answers_are_asked_anew() -> None:
    """Those of a kind, also while they are being made: who asks after a change sees the change."""
    answers, making = SharedAnswers(), Making()
    before = asyncio.create_task(answers.get(("alarms", 1), making))
    await asyncio.sleep(0)
    answers.forget("alarms")
    after = asyncio.create_task(answers.get(("alarms", 1), making))
    await asyncio.sleep(0)
    making.go.set()
    await asyncio.gather(before, after)
    assert making.asked == 2
    await answers.get(("alarms", 1), making)
    assert making.asked == 2


async def test_entries_are_bounded_and_the_oldest_goes() -> None:
    """However many different questions are asked."""
    answers = SharedAnswers(most=10)
    for number in range(100):
        await answers.get(("fleet", number), value(number))
        assert len(answers) <= 10
    making = Making()
    making.go.set()
    await answers.get(("fleet", 99), making)
    assert making.asked == 0
    await answers.get(("fleet", 0), making)
    assert making.asked == 1


async def test_questions_beyond_the_bound_are_refused_while_all_are_being_made() -> None:
    """503, not memory."""
    answers, making = SharedAnswers(most=3), Making()
    waiting = [asyncio.create_task(answers.get(("fleet", n), making)) for n in range(3)]
    await asyncio.sleep(0)
    with pytest.raises(AwayError, match="Too many"):
        await answers.get(("fleet", 3), making)
    making.go.set()
    await asyncio.gather(*waiting)
    await answers.get(("fleet", 3), making)


async def test_close_gives_up_what_is_being_made() -> None:
    """At the end of the service."""
    answers, making = SharedAnswers(), Making()
    waiting = asyncio.create_task(answers.get(("fleet",), making))
    await asyncio.sleep(0)
    await answers.close()
    with pytest.raises(asyncio.CancelledError):
        await waiting


def test_numbers_that_json_has_not_are_null() -> None:
    """A browser refuses NaN; a sensor may send it. Texts stay texts, in UTF-8."""
    told = {"a": [1.5, math.nan, math.inf], "b": ({"c": -math.inf},), "d": "Ω", "e": None}
    assert json.loads(encode(told)) == {"a": [1.5, None, None], "b": [{"c": None}], "d": "Ω", "e": None}
    assert "Ω".encode() in encode(told)


@pytest.mark.parametrize("rows", [1, 100, 20_000])
async def test_answer_is_compressed_where_that_is_worth_it(rows: int) -> None:
    """Once, for everybody; small ones not at all, large ones in a thread."""
    made = await answer([{"serial_number": f"pump-{number:05}"} for number in range(rows)])
    if rows == 1:
        assert made.compressed is None
    else:
        assert made.compressed is not None
        assert len(made.compressed) < len(made.plain) / 2
        assert gzip.decompress(made.compressed) == made.plain


async def test_answers_that_are_too_old_are_not_kept_until_room_is_needed() -> None:
    """A thousand alarms are half a megabyte: whoever asks for them in a hundred ways fills no memory."""
    clock = Clock()
    answers = SharedAnswers(now=clock)
    for number in range(100):
        await answers.get(("alarms", number), value("x" * 1000))
        clock.now += 0.5
    assert len(answers) <= 4
