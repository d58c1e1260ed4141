"""POST to an endpoint: asks the model behind it, with just enough of an answer to see that it works."""

from collections.abc import Callable
from typing import Any

from testbed.provider.embeddings import REPLY, floats, score
from testbed.standin import incluster
from testbed.standin.call import Call
from testbed.standin.definition import subject
from testbed.standin.inferencebody import InferenceBody, read_body, read_contents
from testbed.standin.javatext import java_float
from testbed.standin.refusal import Refusal, bad_request, invalid
from testbed.standin.reply import Reply
from testbed.standin.services import Service
from testbed.standin.state import Endpoint
from testbed.standin.streams import CHAT, chat, check_chat, check_streamable, events, refused


async def stream(call: Call) -> Reply:
    """POST _inference/…/_stream: the answer in pieces, and refusals likewise."""
    try:
        return await infer(call, streams=True)
    except Refusal as refusal:
        return refused(refusal, chats=call.parts.get("task_type", CHAT) == CHAT)


async def infer(call: Call, *, streams: bool = False) -> Reply:
    """POST _inference/…: one answer for each input."""
    in_url = call.task_type()
    call.required_body()
    timeout = call.timeout()
    body = None if in_url in ("any", CHAT) else _read(call, in_url)
    call.no_more_parameters()
    call.authorize("cluster:monitor/xpack/inference/post")
    call.cluster.check_licence()
    endpoint = call.cluster.get(call.inference_id)
    if CHAT in (in_url, endpoint.task_type) and not streams:
        raise _only_streams()
    if in_url not in (endpoint.task_type, "any"):
        text = f"Incompatible task_type, the requested type [{in_url}] does not match the model type"
        raise bad_request(f"{text} [{endpoint.task_type}]")
    call.cluster.check_whole(endpoint)
    service = call.cluster.services()[endpoint.service]
    if streams:
        by_id = in_url == "any" and not call.cluster.profile.streams_by_id
        check_streamable(endpoint.service, in_url if by_id else endpoint.task_type)
    if endpoint.task_type == CHAT:
        check_chat(_text(call))
    else:
        body = body or _read(call, endpoint.task_type)
        _check_input_type(body, endpoint, service)
    incluster.check_deployed(call.cluster, endpoint)
    size = await call.cluster.provider.infer(subject(endpoint, service), timeout)
    return _answer(endpoint, body or InferenceBody(), size, streams=streams)


def _read(call: Call, task_type: str) -> InferenceBody:
    text = _text(call)
    body = read_contents(text) if task_type == "embedding" else read_body(text)
    body.check(task_type, knows_foreign=call.cluster.profile.knows_foreign_fields)
    return body


def _text(call: Call) -> str:
    return call.body.decode(errors="replace")


def _check_input_type(body: InferenceBody, endpoint: Endpoint, service: Service) -> None:
    known = any(setting.name == "input_type" for setting in service.task_settings(endpoint.task_type))
    if body.input_type is not None and not (known or service.fact("takes_input_type")):
        text = "The input_type option is not supported by this service"
        raise invalid([f"Invalid input_type [{body.input_type}]. {text}"])


def _only_streams() -> Refusal:
    text = "The [chat_completion] task type only supports streaming, please try again with the _stream API"
    return Refusal(400, "unified_chat_completion_exception", text, cause=bad_request(text))


def _answer(endpoint: Endpoint, body: InferenceBody, size: int, *, streams: bool) -> Reply:
    task_type, inputs = endpoint.task_type, body.input or []
    if task_type == CHAT:
        return chat(endpoint.service_settings.get("model_id", "m"))
    if streams:
        return events({"completion": [{"delta": REPLY}]})
    make: Callable[[int, str], dict[str, Any]] = {
        "text_embedding": lambda _, text: {"embedding": _vector(text, size)},
        "embedding": lambda _, text: {"embedding": _vector(text, size)},
        "sparse_embedding": lambda _, text: _sparse(text),
        "rerank": _ranked,
        "completion": lambda _, __: {"result": REPLY},
    }[task_type]
    name = "embeddings" if task_type == "embedding" else task_type
    return Reply(json={name: [make(place, text) for place, text in enumerate(inputs)]})


def _vector(text: str, size: int) -> list[float]:
    return [java_float(value) for value in floats(text, size)]


def _sparse(text: str) -> dict[str, Any]:
    return {"is_truncated": False, "embedding": {word: java_float(score(word)) for word in text.split()}}


def _ranked(place: int, text: str) -> dict[str, Any]:
    return {"index": place, "relevance_score": java_float(score(text)), "text": text}
