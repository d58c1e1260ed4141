"""POST to an endpoint: asks the model behind it, with just enough of an answer to see that it works."""

import json
from typing import Any

from testbed.provider.embeddings import REPLY, floats, score
from testbed.standin.call import Call
from testbed.standin.definition import subject
from testbed.standin.inferencebody import InferenceBody, read_body, read_contents
from testbed.standin.javatext import java_float
from testbed.standin.refusal import Refusal, bad_request, invalid
from testbed.standin.reply import Reply
from testbed.standin.services import Service
from testbed.standin.state import Endpoint

_CHAT = "chat_completion"


async def infer(call: Call) -> Reply:
    """POST _inference/…: one answer for each input."""
    in_url, streams = call.task_type(), call.path.endswith("/_stream")
    call.required_body()
    timeout = call.timeout()
    body = None if in_url in ("any", _CHAT) else _read(call, in_url)
    call.no_more_parameters()
    call.authorize("cluster:monitor/xpack/inference/post")
    call.cluster.check_licence()
    endpoint = call.cluster.get(call.inference_id)
    if _CHAT in (in_url, endpoint.task_type) and not streams:
        raise _only_streams()
    if in_url not in (endpoint.task_type, "any"):
        text = f"Incompatible task_type, the requested type [{in_url}] does not match the model type"
        raise bad_request(f"{text} [{endpoint.task_type}]")
    service = call.cluster.services()[endpoint.service]
    if endpoint.task_type != _CHAT:
        body = body or _read(call, endpoint.task_type)
        _check_input_type(body, endpoint, service)
    size = await call.cluster.provider.infer(subject(endpoint, service), timeout)
    return _answer(endpoint, body or InferenceBody(), size, streams=streams)


def _read(call: Call, task_type: str) -> InferenceBody:
    text = call.body.decode(errors="replace")
    body = read_contents(text) if task_type == "embedding" else read_body(text)
    body.check(task_type)
    return body


def _check_input_type(body: InferenceBody, endpoint: Endpoint, service: Service) -> None:
    known = any(setting.name == "input_type" for setting in service.task_settings(endpoint.task_type))
    if body.input_type is not None and not (known or service.fact("takes_input_type")):
        text = "The input_type option is not supported by this service"
        raise invalid([f"Invalid input_type [{body.input_type}]. {text}"])


def _only_streams() -> Refusal:
    text = "The [chat_completion] task type only supports streaming, please try again with the _stream API"
    return Refusal(400, "unified_chat_completion_exception", text, cause=bad_request(text))


def _answer(endpoint: Endpoint, body: InferenceBody, size: int, *, streams: bool) -> Reply:
    inputs = body.input or []
    vectors = [{"embedding": [java_float(value) for value in floats(text, size)]} for text in inputs]
    match endpoint.task_type:
        case "text_embedding":
            return Reply(json={"text_embedding": vectors})
        case "embedding":
            return Reply(json={"embeddings": vectors})
        case "sparse_embedding":
            return Reply(json={"sparse_embedding": [_sparse(text) for text in inputs]})
        case "rerank":
            return Reply(json={"rerank": [_ranked(place, text) for place, text in enumerate(inputs)]})
        case "completion" if streams:
            return _events({"completion": [{"delta": REPLY}]})
        case "completion":
            return Reply(json={"completion": [{"result": REPLY} for _ in inputs]})
    model = endpoint.service_settings.get("model_id", "m")
    said = {"delta": {"content": REPLY, "role": "assistant"}, "index": 0}
    ended = {"delta": {}, "finish_reason": "stop", "index": 0}
    return _events(*(_chunk(choice, model) for choice in (said, ended)))


def _sparse(text: str) -> dict[str, Any]:
    return {"is_truncated": False, "embedding": {word: java_float(score(word)) for word in text.split()}}


def _ranked(place: int, text: str) -> dict[str, Any]:
    return {"index": place, "relevance_score": java_float(score(text)), "text": text}


def _chunk(choice: dict[str, Any], model: str) -> dict[str, Any]:
    usage = {"completion_tokens": 1, "prompt_tokens": 1, "total_tokens": 2}
    kind = "chat.completion.chunk"
    return {"id": "chat-1", "choices": [choice], "model": model, "object": kind, "usage": usage}


def _events(*messages: dict[str, Any]) -> Reply:
    data = [*(json.dumps(message, separators=(",", ":")) for message in messages), "[DONE]"]
    raw = "".join(f"\ufeffevent: message\ndata: {one}\n\n" for one in data)
    return Reply(raw=raw.encode(), headers={"content-type": "text/event-stream"})
