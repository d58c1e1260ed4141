"""What the answers of the providers look like, for vendors that are called with nothing but a key."""

from typing import Any, TypeAlias

from testbed.provider import embeddings
from testbed.provider.call import Call
from testbed.provider.embeddings import REPLY, score

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
    "candidates": [{"content": {"role": "model", "parts": [{"text": REPLY}]}, "finishReason": "STOP"}],
    "usageMetadata": {"promptTokenCount": 1, "candidatesTokenCount": 1, "totalTokenCount": 2},
    "modelVersion": "1",
    "responseId": "content-1",
}


def openai_embeddings(call: Call) -> Json:
    """One vector for each input."""
    data = [
        {"object": "embedding", "index": index, "embedding": embeddings.floats(text, call.dimensions or 8)}
        for index, text in enumerate(call.texts("input"))
    ]
    usage = {"prompt_tokens": len(data), "total_tokens": len(data)}
    return {"object": "list", "data": data, "model": call.model, "usage": usage}


def weighted_tokens(call: Call) -> Json:
    """OpenAI's form, with weighted words in the place of a vector."""
    return {"data": [{"embedding": embeddings.weighted(text)} for text in call.texts("input")]}


def chat(call: Call) -> Json:
    """A whole answer in OpenAI's form."""
    message = {"role": "assistant", "content": REPLY}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return _completion(call, "chat.completion", choice)


def chat_chunks(call: Call) -> list[Json]:
    """The same in pieces."""
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


def cohere_embeddings(call: Call) -> Json:
    """Vectors of the type asked for."""
    makers = {"float": embeddings.floats, "int8": embeddings.integers, "binary": embeddings.bits}
    kind = (call.body.get("embedding_types") or ["float"])[0]
    texts = call.texts("texts")
    vectors = [makers[kind](text, call.dimensions or 4) for text in texts]
    return {"id": "embed-1", "texts": texts, "embeddings": {kind: vectors}}


def rerank(call: Call) -> Json:
    """Scores with the documents, as Cohere and Jina give them."""
    results = [{**ranked, "document": {"text": text}} for text, ranked in _ranking(call)]
    return {"id": "rerank-1", "model": call.model, "results": results}


def contextual_rerank(call: Call) -> Json:
    """Scores alone."""
    return {"results": [ranked for _, ranked in _ranking(call)]}


def voyage_rerank(call: Call) -> Json:
    """Scores under the name that others give to embeddings."""
    data = [{**ranked, "document": text} for text, ranked in _ranking(call)]
    return {"object": "list", "data": data, "model": call.model, "usage": {"total_tokens": len(data)}}


def nvidia_rerank(call: Call) -> Json:
    """Logits."""
    passages = call.texts("passages")
    return {"rankings": [{"index": index, "logit": score(text)} for index, text in enumerate(passages)]}


def _ranking(call: Call) -> list[tuple[str, dict[str, Any]]]:
    documents = enumerate(call.texts("documents"))
    return [(text, {"index": index, "relevance_score": score(text)}) for index, text in documents]


def google_embeddings(call: Call) -> Json:
    """Vectors of Google AI Studio."""
    requests = call.texts("requests")
    return {"embeddings": [{"values": embeddings.floats(text, call.dimensions or 4)} for text in requests]}


def hugging_face_embeddings(call: Call) -> Json:
    """Vectors and nothing else."""
    return [embeddings.floats(text, 8) for text in call.texts("inputs")]


def hugging_face_sparse(call: Call) -> Json:
    """Words with their weights."""
    return [{word: score(word) for word in text.split()} for text in call.texts("inputs")]


def hugging_face_rerank(call: Call) -> Json:
    """A list of scores."""
    texts = call.texts("texts")
    return [{"index": index, "score": score(text), "text": text} for index, text in enumerate(texts)]


def llama_embeddings(call: Call) -> Json:
    """Vectors of a Llama stack."""
    return {"embeddings": [embeddings.floats(text, 8) for text in call.texts("contents")]}
