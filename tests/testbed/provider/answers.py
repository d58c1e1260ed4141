"""What the providers answer: one row per API, and the first row that matches a request answers it.

Vendors are told apart by host and path where these are theirs, else (the services whose URL the user
chooses) by the fields of the body.
"""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from testbed.provider import embeddings
from testbed.provider.embeddings import REPLY, score

T = TypeVar("T")
Json: TypeAlias = dict[str, Any] | list[Any]

_TEXT = {"type": "text", "text": REPLY}
COHERE_CHAT: Json = {
    "id": "chat-1",
    "finish_reason": "COMPLETE",
    "message": {"role": "assistant", "content": [_TEXT]},
}
ANTHROPIC_MESSAGE: Json = {
    "id": "message-1",
    "type": "message",
    "role": "assistant",
    "content": [_TEXT],
    "stop_reason": "end_turn",
}
GOOGLE_CONTENT: Json = {
    "candidates": [{"content": {"role": "model", "parts": [{"text": REPLY}]}, "finishReason": "STOP"}]
}


@dataclass(frozen=True)
class Call:
    """The parts of a request that decide its answer."""

    host: str
    path: str
    body: Mapping[str, Any]

    @property
    def model(self) -> str:
        """The model asked for; some APIs name it in the path only."""
        return str(self.body.get("model", ""))

    @property
    def dimensions(self) -> int | None:
        """The size of vector asked for, if any."""
        asked = self.body.get("dimensions") or self.body.get("output_dimension")
        return int(asked) if asked else None

    def texts(self, field: str) -> list[str]:
        """The inputs under `field`, which may be one text, several, or objects that carry a text."""
        value = self.body.get(field, [])
        items = value if isinstance(value, list) else [value]
        return [item if isinstance(item, str) else json.dumps(item) for item in items]


@dataclass(frozen=True)
class Api:
    """One API of one or more vendors."""

    matches: Callable[[Call], bool]
    answer: Callable[[Call], Json]
    refusal: Callable[[str], Json]


def answer(call: Call) -> Json:
    """The successful answer to `call`."""
    return _api(call).answer(call)


def refusal(call: Call, reason: str) -> Json:
    """The answer to `call` in the form in which this vendor reports errors."""
    return _api(call).refusal(reason)


def events(call: Call) -> Iterable[str] | None:
    """The server-sent events that answer `call`, or None if it does not ask for a stream."""
    if not call.body.get("stream") or "messages" not in call.body:
        return None
    return [*map(json.dumps, _chat_chunks(call)), "[DONE]"]


def _api(call: Call) -> Api:
    return next(api for api in APIS if api.matches(call))


def _always(value: T) -> Callable[[Call], T]:
    return lambda _: value


def _path(*ends: str) -> Callable[[Call], bool]:
    return lambda call: call.path.endswith(ends)


def _host(*names: str) -> Callable[[Call], bool]:
    return lambda call: call.host in names


def _field(name: str) -> Callable[[Call], bool]:
    return lambda call: name in call.body


def _all(*conditions: Callable[[Call], bool]) -> Callable[[Call], bool]:
    return lambda call: all(condition(call) for condition in conditions)


def _openai_embeddings(call: Call) -> Json:
    data = [
        {"object": "embedding", "index": index, "embedding": embeddings.floats(text, call.dimensions or 8)}
        for index, text in enumerate(call.texts("input"))
    ]
    usage = {"prompt_tokens": len(data), "total_tokens": len(data)}
    return {"object": "list", "data": data, "model": call.model, "usage": usage}


def _chat(call: Call) -> Json:
    message = {"role": "assistant", "content": REPLY}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return _completion(call, "chat.completion", choice)


def _chat_chunks(call: Call) -> list[Json]:
    said = {"index": 0, "delta": {"role": "assistant", "content": REPLY}, "finish_reason": None}
    ended = {"index": 0, "delta": {}, "finish_reason": "stop"}
    return [_completion(call, "chat.completion.chunk", choice) for choice in (said, ended)]


def _completion(call: Call, kind: str, choice: Json) -> Json:
    usage = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
    return {
        "id": "chat-1",
        "object": kind,
        "created": 0,
        "model": call.model,
        "choices": [choice],
        "usage": usage,
    }


def _cohere_embeddings(call: Call) -> Json:
    makers = {"float": embeddings.floats, "int8": embeddings.integers, "binary": embeddings.bits}
    kind = (call.body.get("embedding_types") or ["float"])[0]
    texts = call.texts("texts")
    vectors = [makers[kind](text, call.dimensions or 4) for text in texts]
    return {"id": "embed-1", "texts": texts, "embeddings": {kind: vectors}}


def _rerank(call: Call) -> Json:
    results = [{**ranked, "document": {"text": text}} for text, ranked in _ranking(call)]
    return {"id": "rerank-1", "model": call.model, "results": results}


def _contextual_rerank(call: Call) -> Json:
    return {"results": [ranked for _, ranked in _ranking(call)]}


def _voyage_rerank(call: Call) -> Json:
    data = [{**ranked, "document": text} for text, ranked in _ranking(call)]
    return {"object": "list", "data": data, "model": call.model, "usage": {"total_tokens": len(data)}}


def _nvidia_rerank(call: Call) -> Json:
    passages = call.texts("passages")
    return {"rankings": [{"index": index, "logit": score(text)} for index, text in enumerate(passages)]}


def _ranking(call: Call) -> list[tuple[str, dict[str, Any]]]:
    documents = enumerate(call.texts("documents"))
    return [(text, {"index": index, "relevance_score": score(text)}) for index, text in documents]


def _google_embeddings(call: Call) -> Json:
    requests = call.texts("requests")
    return {"embeddings": [{"values": embeddings.floats(text, call.dimensions or 4)} for text in requests]}


def _hugging_face_embeddings(call: Call) -> Json:
    return [embeddings.floats(text, 8) for text in call.texts("inputs")]


def _hugging_face_sparse(call: Call) -> Json:
    return [{word: score(word) for word in text.split()} for text in call.texts("inputs")]


def _hugging_face_rerank(call: Call) -> Json:
    texts = call.texts("texts")
    return [{"index": index, "score": score(text), "text": text} for index, text in enumerate(texts)]


def _llama_embeddings(call: Call) -> Json:
    return {"embeddings": [embeddings.floats(text, 8) for text in call.texts("contents")]}


def _openai_error(reason: str) -> Json:
    return {"error": {"message": reason, "type": "invalid_request_error", "param": None, "code": None}}


def _anthropic_error(reason: str) -> Json:
    return {"type": "error", "error": {"type": "authentication_error", "message": reason}}


def _message(reason: str) -> Json:
    return {"message": reason}


def _detail(reason: str) -> Json:
    return {"detail": reason}


def _error(reason: str) -> Json:
    return {"error": reason}


_COHERE = _host("api.cohere.com", "api.cohere.ai")
_VOYAGE = _host("api.voyageai.com")
_JINA = _host("api.jina.ai")

APIS = (
    Api(_all(_COHERE, _field("texts")), _cohere_embeddings, _message),
    Api(_all(_COHERE, _field("documents")), _rerank, _message),
    Api(_all(_COHERE, _field("messages")), _always(COHERE_CHAT), _message),
    Api(_all(_VOYAGE, _field("documents")), _voyage_rerank, _detail),
    Api(_all(_VOYAGE, _field("input")), _openai_embeddings, _detail),
    Api(_all(_JINA, _field("input")), _openai_embeddings, _detail),
    Api(_host("api.contextual.ai"), _contextual_rerank, _detail),
    Api(_path("/messages"), _always(ANTHROPIC_MESSAGE), _anthropic_error),
    Api(_path(":batchEmbedContents"), _google_embeddings, _openai_error),
    Api(_path(":generateContent"), _always(GOOGLE_CONTENT), _openai_error),
    Api(_field("passages"), _nvidia_rerank, _detail),
    Api(_field("documents"), _rerank, _detail),
    Api(_field("texts"), _hugging_face_rerank, _error),
    Api(_field("contents"), _llama_embeddings, _error),
    Api(_all(_path("/sparse"), _field("inputs")), _hugging_face_sparse, _error),
    Api(_field("inputs"), _hugging_face_embeddings, _error),
    Api(_field("messages"), _chat, _openai_error),
    Api(_always(True), _openai_embeddings, _openai_error),
)
