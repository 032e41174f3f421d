"""A load of requests: each is sent when it is due, whatever became of those before, and its wait counts from then."""

from __future__ import annotations

import asyncio
import random
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

PATIENCE = 30.0  # seconds, after which a request has failed
_LENGTH = re.compile(rb"\r\ncontent-length: (\d+)", re.IGNORECASE)


@dataclass(frozen=True)
class Question:
    """What is asked of the page: a path with the cookie of who asks, and what the answer has to hold."""

    path: str
    cookie: str
    expected: bytes


@dataclass(frozen=True)
class Stream:
    """Questions of one kind, so many a second on average, at random moments."""

    name: str
    per_second: float
    ask: Callable[[random.Random], Question]


@dataclass
class Outcome:
    """Of a stream: how long each answer took from when it was due, in ms, and what went wrong."""

    milliseconds: list[float] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)


class Client:
    """HTTP/1.1 over connections that are kept; as many of them as there are requests under way."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = []

    async def get(self, question: Question) -> tuple[int, bytes]:
        """The status and the body of an answer; a kept connection that was closed meanwhile is replaced once."""
        while self._idle:
            try:
                return await self._on(self._idle.pop(), question)
            except (ConnectionError, asyncio.IncompleteReadError):
                continue
        return await self._on(await asyncio.open_connection(self._host, self._port), question)

    async def _on(
        self, connection: tuple[asyncio.StreamReader, asyncio.StreamWriter], question: Question
    ) -> tuple[int, bytes]:
        reader, writer = connection
        host = f"{self._host}:{self._port}"
        writer.write(f"GET {question.path} HTTP/1.1\r\nHost: {host}\r\nCookie: {question.cookie}\r\n\r\n".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = _LENGTH.search(head)
        if length is None:
            raise ConnectionError("an answer without its length")
        body = await reader.readexactly(int(length.group(1)))
        self._idle.append(connection)
        return int(head[9:12]), body

    def close(self) -> None:
        """Closes what is kept."""
        for _, writer in self._idle:
            writer.close()


def outcomes(host: str, port: int, streams: Sequence[Stream], seconds: float) -> dict[str, Outcome]:
    """What became of all requests of some streams that ran side by side for so long."""
    return asyncio.run(_outcomes(host, port, streams, seconds))


async def _outcomes(host: str, port: int, streams: Sequence[Stream], seconds: float) -> dict[str, Outcome]:
    client = Client(host, port)
    found = {stream.name: Outcome() for stream in streams}
    async with asyncio.TaskGroup() as group:
        for stream in streams:
            group.create_task(_run(client, stream, seconds, found[stream.name]))
    client.close()
    return found


async def _run(client: Client, stream: Stream, seconds: float, outcome: Outcome) -> None:
    dice = random.Random(stream.name)  # noqa: S311  when to ask is no secret
    due = begin = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        while (due := due + dice.expovariate(stream.per_second)) < begin + seconds:
            await asyncio.sleep(due - time.perf_counter())
            group.create_task(_ask(client, stream.ask(dice), due, outcome))


async def _ask(client: Client, question: Question, due: float, outcome: Outcome) -> None:
    try:
        async with asyncio.timeout(PATIENCE):
            status, body = await client.get(question)
    except (OSError, TimeoutError, asyncio.IncompleteReadError) as error:
        outcome.errors.append(f"{question.path}: {type(error).__name__} {error}")
        return
    outcome.milliseconds.append(1000 * (time.perf_counter() - due))
    if status != 200 or question.expected not in body:
        outcome.errors.append(f"{question.path}: {status}")
