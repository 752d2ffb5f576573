"""Two servers under the same load, in turn: ours and etcd."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from bench.http import Connection
from bench.load import Request, Times, joined, send
from bench.table import Row

GATEWAY = "etcd 3.4 (HTTP gateway, TLS)"
EVER = 10**9
_PATIENCE = 60.0

Connect = Callable[[], Awaitable[Connection]]


class Side:
    """One of the two servers, with connections to it."""

    def __init__(self, connect: Connect) -> None:
        self.connect = connect
        self.connections: list[Connection] = []

    async def open(self, count: int) -> None:
        """Have so many connections."""
        while len(self.connections) < count:
            self.connections.append(await self.connect())


class Contest:
    """Measures ours and etcd in turn, in rounds."""

    def __init__(self, ours: Side, theirs: Side | None, *, rounds: int, seconds: float) -> None:
        self.ours = ours
        self.theirs = theirs
        self._rounds = rounds
        self._seconds = seconds

    async def run(self, ours: Request, theirs: Request, *, clients: int, each: int = EVER) -> Both:
        """Let so many clients send; a round goes on for a time, or for ``each`` requests with new numbers."""
        found: list[list[Times]] = [[], []]
        for turn in range(self._rounds):
            for index, (side, request) in enumerate(((self.ours, ours), (self.theirs, theirs))):
                if side is None:
                    continue
                await side.open(clients)

                async def numbered(
                    connection: Connection, number: int, request: Request = request, base: int = turn * each
                ) -> None:
                    await request(connection, base + number)

                seconds = self._seconds if each == EVER else _PATIENCE
                load = send(side.connections[:clients], numbered, count=each, seconds=seconds)
                found[index].append(await load)
        return Both(joined(found[0]), joined(found[1]) if found[1] else None)


@dataclass(frozen=True, slots=True)
class Both:
    """What came out for ours and for etcd."""

    ours: Times
    theirs: Times | None

    def row(
        self,
        metric: str,
        figure: Callable[[Times], float],
        *,
        target: float | None = None,
        ratio: float | None = None,
        lower: bool = True,
        note: str = "",
    ) -> Row:
        """Compare one figure of the two."""
        return Row(
            metric,
            figure(self.ours),
            GATEWAY if self.theirs else "",
            figure(self.theirs) if self.theirs else None,
            lower_is_better=lower,
            target=target,
            target_ratio=ratio,
            note=note,
        )

    def writes(self, metric: str, *, required: bool = True) -> list[Row]:
        """Compare many writers' rate and their unlucky ones' time; ``required``: with the budgets of writes."""
        rate, slowest, ratio = (3000.0, 40.0, 0.5) if required else (None, None, None)
        return [
            self.row(f"{metric}, writes/s", lambda times: times.rate, target=rate, ratio=ratio, lower=False),
            self.row(f"{metric}, p99 ms", lambda times: times.p99, target=slowest),
        ]
