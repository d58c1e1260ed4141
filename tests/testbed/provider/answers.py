"""What the providers answer: one row per API, and the first row that matches a request answers it.

Vendors are told apart by host and path where these are theirs, else (the services whose URL the user
chooses) by the fields of the body.
"""

from collections.abc import Callable
from dataclasses import dataclass

from testbed.provider import bodies, clouds
from testbed.provider.bodies import Json
from testbed.provider.call import Call, Condition, always, below, every, field, host, path


@dataclass(frozen=True)
class Api:
    """One API of one or more vendors."""

    matches: Condition
    answer: Callable[[Call], Json]
    refusal: Callable[[str], Json]
    public: bool = False
    """Whether it asks for no key."""


def public(call: Call) -> bool:
    """Whether `call` needs no key."""
    return _api(call).public


def answer(call: Call) -> Json:
    """The successful answer to `call`."""
    return _api(call).answer(call)


def refusal(call: Call, reason: str) -> Json:
    """The answer to `call` in the form in which this vendor reports errors."""
    return _api(call).refusal(reason)


def _api(call: Call) -> Api:
    return next(api for api in APIS if api.matches(call))


def _fixed(value: Json) -> Callable[[Call], Json]:
    return lambda _: value


def _alibaba(task: str) -> Condition:
    return every(below("/openapi/workspaces/"), below(f"/{task}/"))


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


def _amazon_error(reason: str) -> Json:
    """Elasticsearch never answers the PUT of a SageMaker endpoint if the type is missing."""
    return {"__type": "UnrecognizedClientException", "message": reason}


def _errors(reason: str) -> Json:
    return {"errors": [{"code": "error", "message": reason}]}


_COHERE = host("api.cohere.com", "api.cohere.ai")
_VOYAGE = host("api.voyageai.com")
_JINA = host("api.jina.ai")
_SAGEMAKER = below("/endpoints/")

APIS = (
    Api(path("/discovery/instance"), _fixed(clouds.MICROSOFT_AUTHORITY), _error, public=True),
    Api(path("/token"), clouds.token, _error),
    Api(path("/converse", "/converse-stream"), _fixed(clouds.BEDROCK_CONVERSE), _amazon_error),
    Api(field("inputText"), clouds.titan_embedding, _amazon_error),
    Api(every(_SAGEMAKER, field("query")), clouds.sagemaker_rerank, _amazon_error),
    Api(every(_SAGEMAKER, below("/sparse/")), clouds.sagemaker_sparse, _amazon_error),
    Api(every(_SAGEMAKER, field("input_type")), clouds.sagemaker_embeddings, _amazon_error),
    Api(every(_SAGEMAKER, field("messages")), bodies.chat, _amazon_error),
    Api(_SAGEMAKER, bodies.openai_embeddings, _amazon_error),
    Api(field("instances"), clouds.vertex_embeddings, _openai_error),
    Api(field("records"), clouds.vertex_rerank, _openai_error),
    Api(path("/ml/v1/text/embeddings"), clouds.watsonx_embeddings, _errors),
    Api(path("/ml/v1/text/rerank", "/ml/v1/text/reranks"), clouds.watsonx_rerank, _errors),
    Api(_alibaba("text-embedding"), clouds.alibaba_embeddings, _message),
    Api(_alibaba("text-sparse-embedding"), clouds.alibaba_sparse, _message),
    Api(_alibaba("ranker"), clouds.alibaba_rerank, _message),
    Api(_alibaba("text-generation"), clouds.alibaba_text, _message),
    Api(every(_COHERE, field("texts")), bodies.cohere_embeddings, _message),
    Api(every(_COHERE, field("documents")), bodies.rerank, _message),
    Api(every(_COHERE, field("messages")), _fixed(bodies.COHERE_CHAT), _message),
    Api(every(_VOYAGE, field("documents")), bodies.voyage_rerank, _detail),
    Api(every(_VOYAGE, field("input")), bodies.openai_embeddings, _detail),
    Api(every(_JINA, field("input")), bodies.openai_embeddings, _detail),
    Api(host("api.contextual.ai"), bodies.contextual_rerank, _detail),
    Api(path("/messages"), _fixed(bodies.ANTHROPIC_MESSAGE), _anthropic_error),
    Api(path(":batchEmbedContents"), bodies.google_embeddings, _openai_error),
    Api(path(":generateContent"), _fixed(bodies.GOOGLE_CONTENT), _openai_error),
    Api(field("passages"), bodies.nvidia_rerank, _detail),
    Api(field("documents"), bodies.rerank, _detail),
    Api(field("texts"), bodies.hugging_face_rerank, _error),
    Api(field("contents"), bodies.llama_embeddings, _error),
    Api(every(path("/sparse"), field("inputs")), bodies.hugging_face_sparse, _error),
    Api(every(path("/sparse"), field("input")), bodies.weighted_tokens, _error),
    Api(field("inputs"), bodies.hugging_face_embeddings, _error),
    Api(field("messages"), bodies.chat, _openai_error),
    Api(always, bodies.openai_embeddings, _openai_error),
)
