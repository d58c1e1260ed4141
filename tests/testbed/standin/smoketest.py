"""POST to an endpoint: asks the model behind it, with just enough of an answer to see that it works."""

import json
from typing import Any

from testbed.standin.call import Call
from testbed.standin.definition import subject
from testbed.standin.refusal import Refusal, bad_request, invalid
from testbed.standin.reply import Reply

_KNOWN = {"input", "input_type", "query", "return_documents", "task_settings", "top_n", "messages", "model"}


async def infer(call: Call) -> Reply:
    """POST _inference/…: one answer for each input."""
    task_type = call.task_type()
    call.required_body()
    call.timeout()
    request = call.document()
    if task_type != "any":
        _check(call, request, task_type)
    call.no_more_parameters()
    call.authorize("cluster:monitor/xpack/inference/post")
    call.cluster.check_licence()
    endpoint = call.cluster.get(call.inference_id)
    _check(call, request, endpoint.task_type)
    if endpoint.task_type == "chat_completion" and not call.path.endswith("/_stream"):
        raise _only_streams()
    if task_type not in (endpoint.task_type, "any"):
        text = f"Incompatible task_type, the requested type [{task_type}] does not match the model type"
        raise bad_request(f"{text} [{endpoint.task_type}]")
    service = call.cluster.services()[endpoint.service]
    size = await call.cluster.provider.infer(subject(endpoint, service))
    return _answer(endpoint.task_type, request, size)


def _check(call: Call, request: dict[str, Any], task_type: str) -> None:
    unknown = next((name for name in request if name not in _KNOWN), None)
    if unknown is not None:
        column = call.body.decode().index(f'"{unknown}"') + 1
        text = f"[1:{column}] [cluster:internal/xpack/inference] unknown field [{unknown}]"
        raise Refusal(400, "x_content_parse_exception", text)
    problem = _problem(request, task_type)
    if problem is not None:
        raise invalid([problem], "action_request_validation_exception")


def _problem(request: dict[str, Any], task_type: str) -> str | None:
    if task_type == "rerank" and "query" not in request:
        return "Field [query] cannot be null for task type [rerank]"
    if task_type in ("chat_completion", "embedding"):
        return None
    if request.get("input") is None:
        return "Field [input] cannot be null"
    return None if request["input"] != [] else "Field [input] cannot be an empty array"


def _only_streams() -> Refusal:
    text = "The [chat_completion] task type only supports streaming, please try again with the _stream API"
    return Refusal(400, "unified_chat_completion_exception", text, cause=bad_request(text))


def _answer(task_type: str, request: dict[str, Any], size: int) -> Reply:
    inputs = request.get("input", [])
    inputs = inputs if isinstance(inputs, list) else [inputs]
    vector = [round(0.01 * number, 2) for number in range(1, size + 1)]
    match task_type:
        case "text_embedding":
            return Reply(json={"text_embedding": [{"embedding": vector} for _ in inputs]})
        case "embedding":
            return Reply(json={"embeddings": [{"embedding": vector} for _ in inputs]})
        case "sparse_embedding":
            sparse = [{"is_truncated": False, "embedding": {"token": 1.0}} for _ in inputs]
            return Reply(json={"sparse_embedding": sparse})
        case "rerank":
            ranked = [
                {"index": place, "relevance_score": round(0.9 - 0.1 * place, 2), "text": text}
                for place, text in enumerate(inputs)
            ]
            return Reply(json={"rerank": ranked})
        case "completion":
            return Reply(json={"completion": [{"result": "pong"} for _ in inputs]})
    return _stream()


def _stream() -> Reply:
    chunk = {
        "choices": [{"index": 0, "delta": {"role": "assistant", "content": "pong"}}],
        "object": "chat.completion.chunk",
    }
    events = [json.dumps(chunk), "[DONE]"]
    raw = "".join(f"event: message\ndata: {event}\n\n" for event in events)
    return Reply(raw=raw.encode(), headers={"content-type": "text/event-stream"})
