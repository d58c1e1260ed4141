"""The stand-in without its socket: the same journal, faults, credentials and handlers, called in process."""

import json
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from inference_operator.elasticsearch.answers import Answer, is_refusal, retry_after
from inference_operator.errors import Reason, Stalled, Transient
from testbed.standin.call import Call
from testbed.standin.profiles import PROFILES
from testbed.standin.refusal import NeverAnswered, Refusal
from testbed.standin.reply import Reply
from testbed.standin.routes import find
from testbed.standin.security import Principal, Security
from testbed.standin.state import Cluster

OPERATOR = Principal("elastic", {"manage_inference", "monitor"}, key_id="id", key_name="k", secret="s")
SERVICES = ("cohere", "openai")
"""What the histories are about; the cluster lists no others, as reading all takes an operator longer than all it does then."""
SOMEBODY = Principal("somebody", {"all"}, roles=["superuser"])


def new_cluster(profile: str) -> Cluster:
    """A cluster of this version that knows the operator."""
    return Cluster(PROFILES[profile], Security(keys={"id": OPERATOR}), uuid="cluster-1")


async def handle(
    cluster: Cluster, principal: Principal, method: str, path: str, query: Mapping[str, str], body: bytes
) -> Reply:
    """What the handler of this request answers, or refuses with."""
    try:
        handler, parts = find(method, path)
        reply = await handler(Call(cluster, principal, path, parts, dict(query), body))
    except Refusal as refusal:
        return refusal.reply()
    if path == "/_inference/_services":
        reply.json = [entry for entry in reply.json if entry["service"] in SERVICES]
    return reply


def encoded(body: Mapping[str, Any] | None) -> bytes:
    """A body as it is sent."""
    return b"" if body is None else json.dumps(body).encode()


async def serve(
    cluster: Cluster, method: str, path: str, query: Mapping[str, str], body: bytes
) -> Reply | None:
    """The answer to a request of the operator, with whatever fault there is for it; None if it is cut off."""
    entry = cluster.journal.begin(method, path, dict(query), body)

    async def work() -> Reply:
        return await handle(cluster, OPERATOR, method, path, query, body)

    try:
        fault = cluster.faults.match(method, path, query)
        if fault is None:
            reply: Reply | None = await work()
        else:
            wanted = (lambda: _ignored(cluster, path, work)) if fault.ignore else work
            reply = await fault.apply(wanted, cluster.faults.over)
    except NeverAnswered:
        await cluster.faults.over.wait()
        reply = None
    cluster.journal.end(entry, reply.status if reply else None)
    return reply


async def _ignored(cluster: Cluster, path: str, work: Callable[[], Awaitable[Reply]]) -> Reply:
    """Answers as if an update had been made, with the endpoint as it still is."""
    inference_id = path.removesuffix("/_update").rpartition("/")[2]
    before = cluster.endpoints.get(inference_id)
    reply = await work()
    if before is not None:
        cluster.endpoints[inference_id] = before
        if reply.status == 200:
            reply.json = before.shown()
    return reply


def answer_of(reply: Reply | None) -> Answer:
    """An answer as the operator's transport tells it."""
    if reply is None:
        raise Transient(Reason.UNREACHABLE, "the connection broke", ambiguous=True)
    try:
        body = json.loads(reply.content() or b"null")
    except ValueError:
        raise Stalled(Reason.NOT_ELASTICSEARCH, "what answers is not Elasticsearch", ambiguous=True) from None
    answer = Answer(reply.status, body, retry_after(reply.headers.get("Retry-After")))
    if not reply.product and not is_refusal(answer):
        raise Stalled(Reason.NOT_ELASTICSEARCH, "what answers is not Elasticsearch", ambiguous=True)
    return answer
