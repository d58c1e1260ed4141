"""What the clouds answer, and the servers from which Elasticsearch fetches a token before it calls one of them."""

from testbed.provider import embeddings
from testbed.provider.bodies import Json
from testbed.provider.call import Call
from testbed.provider.embeddings import REPLY, score, weighted

FOREVER = 4102444800  # the year 2100, in seconds since 1970


def token(call: Call) -> Json:
    """A token that is the very key it was asked for with, so that both are known by one label."""
    return {
        "access_token": call.key,
        "token_type": "Bearer",
        "expires_in": 3600,
        "expiration": FOREVER,
    }


MICROSOFT_AUTHORITY: Json = {
    "tenant_discovery_endpoint": "https://login.microsoftonline.com/common/.well-known/openid-configuration",
    "metadata": [
        {
            "preferred_network": "login.microsoftonline.com",
            "preferred_cache": "login.microsoftonline.com",
            "aliases": ["login.microsoftonline.com"],
        }
    ],
}

BEDROCK_CONVERSE: Json = {
    "output": {"message": {"role": "assistant", "content": [{"text": REPLY}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2},
    "metrics": {"latencyMs": 1},
}


def titan_embedding(call: Call) -> Json:
    """The vector of the one text that Amazon's own model takes."""
    return {"embedding": embeddings.floats(call.texts("inputText")[0], 8), "inputTextTokenCount": 1}


def sagemaker_embeddings(call: Call) -> Json:
    """What a container of Amazon SageMaker answers that speaks Elastic's form."""
    return {"text_embedding": [{"embedding": embeddings.floats(text, 8)} for text in call.texts("input")]}


def sagemaker_sparse(call: Call) -> Json:
    """The same for weights."""
    tokens = [{word: score(word) for word in text.split()} for text in call.texts("input")]
    return {"sparse_embedding": [{"is_truncated": False, "embedding": weights} for weights in tokens]}


def sagemaker_rerank(call: Call) -> Json:
    """The same for scores."""
    texts = enumerate(call.texts("input"))
    return {
        "rerank": [{"index": index, "relevance_score": score(text), "text": text} for index, text in texts]
    }


def vertex_embeddings(call: Call) -> Json:
    """Vectors of Google Vertex AI."""
    vectors = [embeddings.floats(text, 8) for text in call.texts("instances")]
    return {"predictions": [{"embeddings": {"values": vector}} for vector in vectors]}


def vertex_rerank(call: Call) -> Json:
    """The records with their scores."""
    return {"records": [{**record, "score": score(record["content"])} for record in call.body["records"]]}


def watsonx_embeddings(call: Call) -> Json:
    """Vectors of IBM watsonx."""
    return {"results": [{"embedding": embeddings.floats(text, 8)} for text in call.texts("inputs")]}


def watsonx_rerank(call: Call) -> Json:
    """Scores of IBM watsonx."""
    texts = [item["text"] for item in call.body["inputs"]]
    return {
        "results": [
            {"index": index, "score": score(text), "input": {"text": text}}
            for index, text in enumerate(texts)
        ]
    }


def alibaba_embeddings(call: Call) -> Json:
    """Vectors of Alibaba Cloud AI Search."""
    texts = enumerate(call.texts("input"))
    return _result(embeddings=[{"index": i, "embedding": embeddings.floats(text, 8)} for i, text in texts])


def alibaba_sparse(call: Call) -> Json:
    """Weighted tokens."""
    texts = enumerate(call.texts("input"))
    return _result(sparse_embeddings=[{"index": i, "embedding": weighted(text)} for i, text in texts])


def alibaba_rerank(call: Call) -> Json:
    """Scores."""
    return _result(scores=[{"index": i, "score": score(text)} for i, text in enumerate(call.texts("docs"))])


def alibaba_text(_: Call) -> Json:
    """A text."""
    return _result(text=REPLY)


def _result(**parts: Json | str) -> Json:
    return {"request_id": "request-1", "latency": 1, "usage": {"token_count": 1}, "result": parts}
