"""A stand-in without a socket, for what is asked very often."""

import asyncio
import json
from collections.abc import Awaitable
from typing import Any

from testbed.standin.call import Call
from testbed.standin.refusal import Refusal
from testbed.standin.reply import Reply
from testbed.standin.routes import find
from testbed.standin.security import Principal
from testbed.standin.state import Cluster


def ask(
    cluster: Cluster,
    method: str,
    path: str,
    body: Any = None,
    *,
    privilege: str = "manage_inference",
    **parameters: str,
) -> Reply:
    """The answer to a request of someone with that privilege."""
    handler, parts = find(method, path)
    caller = Principal("elastic", {privilege}, key_id="id", key_name="operator", secret="a secret")
    content = b"" if body is None else json.dumps(body).encode()
    try:
        return asyncio.run(_answer(handler(Call(cluster, caller, path, parts, parameters, content))))
    except Refusal as refusal:
        return refusal.reply()


async def _answer(work: Awaitable[Reply]) -> Reply:
    return await work
