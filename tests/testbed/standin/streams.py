"""Answers of inference calls that come as server-sent events, and the rules of those calls."""

import json
from http import HTTPStatus
from typing import Any

from testbed.provider.embeddings import REPLY
from testbed.standin.jsontext import fields
from testbed.standin.refusal import Refusal, illegal_argument, invalid
from testbed.standin.reply import Reply

CHAT = "chat_completion"
_PARSER = "UnifiedCompletionRequest"
_KNOWN = {
    *(
        "messages",
        "model",
        "max_completion_tokens",
        "n",
        "stop",
        "temperature",
        "tool_choice",
        "tools",
        "top_p",
    ),
    *("frequency_penalty", "logit_bias", "presence_penalty", "seed", "reasoning"),
}


def check_streamable(service: str, task_type: str) -> None:
    """Refuses to stream what is no text."""
    if task_type not in ("completion", CHAT):
        text = f"Streaming is not allowed for service [{service}] and task [{task_type}]"
        raise Refusal(405, "status_exception", f"{text}. Supported tasks: [completion,chat_completion]")


def check_chat(text: str) -> None:
    """Refuses the body of a chat that has no messages, or fields that nobody knows."""
    found = {}
    for one in fields(text, _PARSER):
        if one.name not in _KNOWN:
            reason = f"[1:{one.name_column}] [{_PARSER}] unknown field [{one.name}]"
            raise Refusal(400, "x_content_parse_exception", reason)
        found[one.name] = one.value
    if "messages" not in found:
        raise illegal_argument("Required [messages]")
    if found["messages"] == []:
        problem = "Field [messages] cannot be an empty array"
        raise invalid([problem], "action_request_validation_exception")


def refused(refusal: Refusal, *, chats: bool) -> Reply:
    """A refusal as an event; a chat tells most of them in the words of its own API."""
    error = refusal.envelope()
    if chats and refusal.kind != "action_request_validation_exception":
        code = HTTPStatus(refusal.status).name.lower()
        error = {"error": {"code": code, "message": refusal.reason, "type": refusal.kind}}
    return _stream(_event("error", error), status=refusal.status)


def chat(model: str) -> Reply:
    """What the model behind a chat says."""
    said = {"delta": {"content": REPLY, "role": "assistant"}, "index": 0}
    ended = {"delta": {}, "finish_reason": "stop", "index": 0}
    return events(*(_chunk(choice, model) for choice in (said, ended)))


def _chunk(choice: dict[str, Any], model: str) -> dict[str, Any]:
    usage = {"completion_tokens": 1, "prompt_tokens": 1, "total_tokens": 2}
    kind = "chat.completion.chunk"
    return {"id": "chat-1", "choices": [choice], "model": model, "object": kind, "usage": usage}


def events(*messages: dict[str, Any]) -> Reply:
    """Messages, and the end of them."""
    return _stream(*(_event("message", message) for message in messages), "event: message\ndata: [DONE]\n\n")


def _event(kind: str, data: dict[str, Any]) -> str:
    return f"event: {kind}\ndata: {json.dumps(data, separators=(',', ':'))}\n\n"


def _stream(*parts: str, status: int = 200) -> Reply:
    raw = "".join(f"\ufeff{part}" for part in parts)
    return Reply(status, raw=raw.encode(), headers={"content-type": "text/event-stream"})
