"""Faults between the client and the cluster: each is a rule for the requests that it matches."""

import asyncio
import json
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from itertools import count
from typing import Any, Literal

from testbed.standin.refusal import Refusal
from testbed.standin.reply import Reply

Work = Callable[[], Awaitable[Reply]]


@dataclass
class Fault:
    """Applies to matches number `nth` and later, `times` times (None: for ever).

    A match is a request of this method to this path, a regular expression; of the parameters in `query` each must have
    that value, or be absent if it is None.

    `delay` seconds pass first, whether the client waits or not. Then the request is served, unless it is to be cut
    (`drop`), never answered (`hang`) or answered here (`status`, with an Elasticsearch `error` of type and reason, or
    with a `body` that is sent as HTML if it is a string). With `when="after"` it is served all the same, and only its
    answer is lost or replaced. `when="later"` does the same, but serves it only once it is released: a client that
    is neither cut nor answered here waits for that. `ignore` answers as if, but changes nothing. `only_success` leaves
    an answer alone that is a refusal already. With `when="granted"` the error is what a handler finds in its way: it is
    told to those alone who may do what they ask, as 401 and 403 come first.
    """

    id: int = 0
    method: str | None = None
    path: str = ".*"
    query: Mapping[str, str | None] = field(default_factory=dict)
    nth: int = 1
    times: int | None = 1
    delay: float = 0
    when: Literal["before", "granted", "after", "later"] = "before"
    drop: bool = False
    hang: bool = False
    status: int | None = None
    error: tuple[str, str] | None = None
    details: dict[str, Any] = field(default_factory=dict)
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    ignore: bool = False
    only_success: bool = False
    cluster_uuid: str | None = None
    product: bool = True
    padding: int = 0
    seen: int = 0
    hits: int = 0
    released: asyncio.Event = field(default_factory=asyncio.Event, init=False)
    put_off: list[asyncio.Task[Reply]] = field(default_factory=list, init=False)

    def matches(self, method: str, path: str, query: Mapping[str, str]) -> bool:
        """Whether this request is one to spoil; counts the ones that could be."""
        if self.method not in (None, method) or not re.fullmatch(self.path, path):
            return False
        if any(query.get(name) != value for name, value in self.query.items()):
            return False
        self.seen += 1
        if self.seen < self.nth or (self.times is not None and self.hits >= self.times):
            return False
        self.hits += 1
        return True

    async def apply(self, work: Work, reset: asyncio.Event) -> Reply | None:
        """The answer to give; None: the connection is to be cut, after a hang not before the faults are reset."""
        await asyncio.sleep(self.delay)
        answered_here = self.drop or self.hang or self.status is not None
        if self.when == "later":
            served = self._put_off(work)
            if not answered_here:
                await asyncio.wait([served])
                return None if served.cancelled() else self._altered(served.result())
        reply = await work() if self.when == "after" or not answered_here else None
        if self.hang:
            await reset.wait()
        if self.drop or self.hang:
            return None
        if reply is not None and (not answered_here or (self.only_success and reply.status >= 400)):
            return self._altered(reply)
        return self._altered(self._own_answer())

    def refusal(self) -> Refusal:
        """The error as a handler raises it."""
        kind, reason = self.error or ("status_exception", "")
        return Refusal(self.status or 500, kind, reason, details=self.details, headers=self.headers)

    async def release(self) -> list[int]:
        """Serves what was put off, in its order; the statuses."""
        self.released.set()
        return [(await served).status for served in self.put_off]

    def forget(self) -> None:
        """Lets go of what was put off."""
        for served in self.put_off:
            served.cancel()

    def _put_off(self, work: Work) -> asyncio.Task[Reply]:
        async def serve() -> Reply:
            await self.released.wait()
            return await work()

        self.put_off.append(asyncio.create_task(serve()))
        return self.put_off[-1]

    def _own_answer(self) -> Reply:
        headers = dict(self.headers)
        if self.error is not None:
            return self.refusal().reply()
        if isinstance(self.body, str):
            return Reply(
                self.status or 200, raw=self.body.encode(), headers={"content-type": "text/html", **headers}
            )
        return Reply(self.status or 200, self.body, headers=headers)

    def _altered(self, reply: Reply) -> Reply:
        reply.product = reply.product and self.product
        if self.cluster_uuid is not None and isinstance(reply.json, dict) and "cluster_uuid" in reply.json:
            reply.json = {**reply.json, "cluster_uuid": self.cluster_uuid}
        if self.padding:
            reply.raw = b" " * self.padding + (reply.raw or json.dumps(reply.json).encode())
        return reply


@dataclass
class Faults:
    """The rules in force; the first that matches is applied."""

    rules: list[Fault] = field(default_factory=list)
    over: asyncio.Event = field(default_factory=asyncio.Event)
    numbers: "count[int]" = field(default_factory=lambda: count(1))

    def add(self, **what: Any) -> Fault:
        """A new rule, after the others."""
        fault = Fault(id=next(self.numbers), **what)
        self.rules.append(fault)
        return fault

    def match(self, method: str, path: str, query: Mapping[str, str]) -> Fault | None:
        """The rule for this request."""
        return next((fault for fault in self.rules if fault.matches(method, path, query)), None)

    def find(self, number: int) -> Fault:
        """The rule with that number."""
        return {fault.id: fault for fault in self.rules}[number]

    def reset(self) -> None:
        """Removes all rules and lets go of the requests that hang or were put off."""
        for fault in self.rules:
            fault.forget()
        self.rules.clear()
        self.over.set()
        self.over = asyncio.Event()
