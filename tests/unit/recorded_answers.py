"""Answers of a real server: recorded from Elasticsearch 9.4.3, with a local stub as the provider.

Left out is `root_cause`, which repeats the innermost error. The whole recordings are in testbed/standin/recorded.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from inference_operator.elasticsearch.answers import Answer


@dataclass(frozen=True)
class Created:
    """A create request and its answer, which tells the endpoint in other words."""

    note: str
    task_type: str
    asked: Mapping[str, Any]
    answer: Mapping[str, Any]


FAILURES: dict[str, Answer] = {
    "an endpoint that is not there": Answer(
        404,
        {
            "error": {
                "type": "resource_not_found_exception",
                "reason": "Inference endpoint not found [nope]",
            },
            "status": 404,
        },
    ),
    "a task type in the path that is not the endpoint's": Answer(
        400,
        {
            "error": {
                "type": "status_exception",
                "reason": "Requested task type [rerank] does not match the inference endpoint's task type [text_embedding]",
            },
            "status": 400,
        },
    ),
    "a second create": Answer(
        400,
        {
            "error": {
                "type": "resource_already_exists_exception",
                "reason": "Inference endpoint [emb1] already exists",
            },
            "status": 400,
        },
    ),
    "an update of an endpoint that is not there": Answer(
        404,
        {
            "error": {
                "type": "status_exception",
                "reason": "The inference endpoint [nope] does not exist and cannot be updated",
            },
            "status": 404,
        },
    ),
    "an update with another task type": Answer(
        400,
        {
            "error": {
                "type": "status_exception",
                "reason": "Task type must match the task type of the existing endpoint",
            },
            "status": 400,
        },
    ),
    "an update of what cannot be updated": Answer(
        400,
        {
            "error": {
                "type": "status_exception",
                "reason": "Request contained fields which cannot be updated, remove these fields and try again [{chunking_settings={overlap=5, max_chunk_size=50, strategy=word}}]",
            },
            "status": 400,
        },
    ),
    "an empty update": Answer(
        400, {"error": {"type": "status_exception", "reason": "Request body is empty"}, "status": 400}
    ),
    "an unknown service": Answer(
        400, {"error": {"type": "status_exception", "reason": "Unknown service [nosuch]"}, "status": 400}
    ),
    "a task type that the service lacks": Answer(
        400,
        {
            "error": {
                "type": "status_exception",
                "reason": "The [openai] service does not support task type [rerank]",
            },
            "status": 400,
        },
    ),
    "a task type that nobody knows": Answer(
        400, {"error": {"type": "status_exception", "reason": "Unknown task_type [bogus]"}, "status": 400}
    ),
    "an id with a capital letter": Answer(
        400,
        {
            "error": {
                "type": "action_request_validation_exception",
                "reason": "Validation Failed: 1: Invalid inference_id; 'UpperCase' can contain lowercase alphanumeric (a-z and 0-9), hyphens or underscores; must start and end with alphanumeric;",
            },
            "status": 400,
        },
    ),
    "an unknown setting": Answer(
        400,
        {
            "error": {
                "type": "status_exception",
                "reason": "Configuration contains settings [{bogus=1}] unknown to the [openai] service",
            },
            "status": 400,
        },
    ),
    "a missing setting": Answer(
        400,
        {
            "error": {
                "type": "validation_exception",
                "reason": "Validation Failed: 1: [task_settings] does not contain the required setting [max_tokens];",
            },
            "status": 400,
        },
    ),
    "a missing secret": Answer(
        400,
        {
            "error": {
                "type": "validation_exception",
                "reason": "Validation Failed: 1: [secret_settings] does not contain the required setting [api_key];",
            },
            "status": 400,
        },
    ),
    "a number in place of a text": Answer(
        400,
        {
            "error": {
                "type": "validation_exception",
                "reason": "Validation Failed: 1: field [api_key] is not of the expected type. The value [5] cannot be converted to a [String];",
            },
            "status": 400,
        },
    ),
    "a text in place of an object": Answer(
        500,
        {
            "error": {
                "type": "class_cast_exception",
                "reason": "class java.lang.Integer cannot be cast to class java.util.Map (java.lang.Integer and java.util.Map are in module java.base of loader 'bootstrap')",
            },
            "status": 500,
        },
    ),
    "a value out of range": Answer(
        400,
        {
            "error": {
                "type": "validation_exception",
                "reason": "Validation Failed: 1: [service_settings] Invalid value [0]. [dimensions] must be a positive integer;",
            },
            "status": 400,
        },
    ),
    "an unknown chunking strategy": Answer(
        400,
        {
            "error": {"type": "illegal_argument_exception", "reason": "Invalid chunkingStrategy bogus"},
            "status": 400,
        },
    ),
    "an unknown query parameter": Answer(
        400,
        {
            "error": {
                "type": "illegal_argument_exception",
                "reason": "request [/_inference/text_embedding/v-t] contains unrecognized parameter: [foo]",
            },
            "status": 400,
        },
    ),
    "the provider refuses the key": Answer(
        400,
        {
            "error": {
                "type": "status_exception",
                "reason": "Could not complete inference endpoint creation as validation call to service threw an exception.",
                "caused_by": {
                    "type": "status_exception",
                    "reason": "Received an authentication error status code for request from inference entity id [k1] status [401]. Error message: [Incorrect API key provided]",
                },
            },
            "status": 400,
        },
    ),
    "the provider forbids": Answer(
        400,
        {
            "error": {
                "type": "status_exception",
                "reason": "Could not complete inference endpoint creation as validation call to service threw an exception.",
                "caused_by": {
                    "type": "status_exception",
                    "reason": "Received an unsuccessful status code for request from inference entity id [err-403] status [403]. Error message: [fake provider says 403]",
                },
            },
            "status": 400,
        },
    ),
    "the provider does not know the path": Answer(
        400,
        {
            "error": {
                "type": "status_exception",
                "reason": "Could not complete inference endpoint creation as validation call to service threw an exception.",
                "caused_by": {
                    "type": "status_exception",
                    "reason": "Resource not found at [http://127.0.0.1:9271/404/v1/embeddings] for request from inference entity id [err-404] status [404]. Error message: [fake provider says 404]",
                },
            },
            "status": 400,
        },
    ),
    "the provider rejects the request": Answer(
        400,
        {
            "error": {
                "type": "status_exception",
                "reason": "Could not complete inference endpoint creation as validation call to service threw an exception.",
                "caused_by": {
                    "type": "status_exception",
                    "reason": "Received a bad request status code for request from inference entity id [err-400] status [400]. Error message: [fake provider says 400]",
                },
            },
            "status": 400,
        },
    ),
    "the provider is sent too much": Answer(
        400,
        {
            "error": {
                "type": "status_exception",
                "reason": "Could not complete inference endpoint creation as validation call to service threw an exception.",
                "caused_by": {
                    "type": "status_exception",
                    "reason": "Received a content too large status code for request from inference entity id [err-413] status [413]. Error message: [fake provider says 413]",
                },
            },
            "status": 400,
        },
    ),
    "the provider limits the rate": Answer(
        400,
        {
            "error": {
                "type": "status_exception",
                "reason": "Could not complete inference endpoint creation as validation call to service threw an exception.",
                "caused_by": {
                    "type": "status_exception",
                    "reason": "Received a rate limit status code. Token limit [unknown], remaining tokens [unknown]. Request limit [unknown], remaining requests [unknown] for request from inference entity id [err-429] status [429]. Error message: [fake provider says 429]",
                },
            },
            "status": 400,
        },
    ),
    "the provider has an error": Answer(
        400,
        {
            "error": {
                "type": "status_exception",
                "reason": "Could not complete inference endpoint creation as validation call to service threw an exception.",
                "caused_by": {
                    "type": "status_exception",
                    "reason": "Received a server error status code for request from inference entity id [err-500] status [500]. Error message: [fake provider says 500]",
                },
            },
            "status": 400,
        },
    ),
    "the provider is busy": Answer(
        400,
        {
            "error": {
                "type": "status_exception",
                "reason": "Could not complete inference endpoint creation as validation call to service threw an exception.",
                "caused_by": {
                    "type": "status_exception",
                    "reason": "Received a server busy error status code for request from inference entity id [err-503] status [503]. Error message: [fake provider says 503]",
                },
            },
            "status": 400,
        },
    ),
    "the provider answers garbage": Answer(
        400,
        {
            "error": {
                "type": "status_exception",
                "reason": "Could not complete inference endpoint creation as validation call to service threw an exception.",
                "caused_by": {
                    "type": "status_exception",
                    "reason": "Failed to send OpenAI embeddings request. Cause: [1:1] Unexpected character ('<' (code 60)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')\n at [Source: (byte[])\"<html>not json</html>\"; line: 1, column: 1]",
                    "caused_by": {
                        "type": "x_content_parse_exception",
                        "reason": "[1:1] Unexpected character ('<' (code 60)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')\n at [Source: (byte[])\"<html>not json</html>\"; line: 1, column: 1]",
                        "caused_by": {
                            "type": "json_parse_exception",
                            "reason": "Unexpected character ('<' (code 60)): expected a valid value (JSON String, Number, Array, Object or token 'null', 'true' or 'false')\n at [Source: (byte[])\"<html>not json</html>\"; line: 1, column: 1]",
                        },
                    },
                },
            },
            "status": 400,
        },
    ),
    "the provider hangs up": Answer(
        400,
        {
            "error": {
                "type": "status_exception",
                "reason": "Could not complete inference endpoint creation as validation call to service threw an exception.",
                "caused_by": {
                    "type": "status_exception",
                    "reason": "Failed to send OpenAI embeddings request. Cause: Connection is closed",
                    "caused_by": {"type": "connection_closed_exception", "reason": "Connection is closed"},
                },
            },
            "status": 400,
        },
    ),
    "the provider refuses the connection": Answer(
        400,
        {
            "error": {
                "type": "status_exception",
                "reason": "Could not complete inference endpoint creation as validation call to service threw an exception.",
                "caused_by": {
                    "type": "status_exception",
                    "reason": "Failed to send OpenAI embeddings request. Cause: Connection refused",
                    "caused_by": {"type": "connect_exception", "reason": "Connection refused"},
                },
            },
            "status": 400,
        },
    ),
    "the provider has no such host": Answer(
        400,
        {
            "error": {
                "type": "status_exception",
                "reason": "Could not complete inference endpoint creation as validation call to service threw an exception.",
                "caused_by": {
                    "type": "status_exception",
                    "reason": "Invalid host [https://api.cohere.ai/v2/rerank], please check that the URL is correct.",
                    "caused_by": {
                        "type": "unknown_host_exception",
                        "reason": "api.cohere.ai: Name or service not known",
                    },
                },
            },
            "status": 400,
        },
    ),
    "the provider takes too long": Answer(
        400,
        {
            "error": {
                "type": "status_exception",
                "reason": "Could not complete inference endpoint creation as validation call to service threw an exception.",
                "caused_by": {
                    "type": "timeout_exception",
                    "reason": "Request timed out after [30s] for inference id [fault-sleep-35]",
                    "timed_out": True,
                },
            },
            "status": 400,
        },
    ),
    "the provider says nothing": Answer(
        400,
        {
            "error": {
                "type": "status_exception",
                "reason": "Could not complete inference endpoint creation as validation call to service returned null response.",
            },
            "status": 400,
        },
    ),
    "no credentials": Answer(
        401,
        {
            "error": {
                "type": "security_exception",
                "reason": "missing authentication credentials for REST request [/]",
            },
            "status": 401,
        },
    ),
    "a wrong password": Answer(
        401,
        {
            "error": {
                "type": "security_exception",
                "reason": "unable to authenticate user [elastic] for REST request [/_inference/text_embedding/x]",
            },
            "status": 401,
        },
    ),
    "a wrong API key": Answer(
        401,
        {
            "error": {
                "type": "security_exception",
                "reason": "unable to authenticate with provided credentials and anonymous access is not allowed for this request",
                "additional_unsuccessful_credentials": "API key: unable to find apikey with id garbage",
            },
            "status": 401,
        },
    ),
    "a missing privilege": Answer(
        403,
        {
            "error": {
                "type": "security_exception",
                "reason": "action [cluster:monitor/main] is unauthorized for API key id [Wj7yCKIBIvsegfQvZgR8] of user [elastic], this action is granted by the cluster privileges [monitor,manage,all]",
            },
            "status": 403,
        },
    ),
    "a basic licence": Answer(
        403,
        {
            "error": {
                "type": "security_exception",
                "reason": "current license is non-compliant for [inference]",
                "license.expired.feature": "inference",
            },
            "status": 403,
        },
    ),
    "a read-only cluster": Answer(
        403,
        {
            "error": {
                "type": "cluster_block_exception",
                "reason": "blocked by: [FORBIDDEN/6/cluster read-only (api)];",
            },
            "status": 403,
        },
    ),
    "a circuit breaker": Answer(
        429,
        {
            "error": {
                "type": "circuit_breaking_exception",
                "reason": "[inflight_requests] Data too large, data for [<http_request>] would be [258/258b], which is larger than the limit of [64/64b]; for more information, see https://www.elastic.co/docs/troubleshoot/elasticsearch/circuit-breaker-errors?version=9.4",
                "bytes_wanted": 258,
                "bytes_limit": 64,
                "durability": "TRANSIENT",
            },
            "status": 429,
        },
    ),
    "an index that uses the endpoint": Answer(
        409,
        {
            "error": {
                "type": "status_exception",
                "reason": "Inference endpoint d1 is being used in the mapping for indexes: [idx1]. Ensure that no index mappings are using this inference endpoint, or use force to ignore this warning and delete the inference endpoint.",
            },
            "status": 409,
        },
    ),
    "a reserved endpoint": Answer(
        400,
        {
            "error": {
                "type": "status_exception",
                "reason": "[.elser-2-elasticsearch] is a reserved inference endpoint. Use the force=true query parameter to delete the inference endpoint.",
            },
            "status": 400,
        },
    ),
    "a method that the path lacks": Answer(
        405,
        {
            "error": "Incorrect HTTP method for uri [/_inference/_all] and method [DELETE], allowed: [GET]",
            "status": 405,
        },
    ),
    "a body of another type": Answer(
        406,
        {"error": "Content-Type header [application/x-www-form-urlencoded] is not supported", "status": 406},
    ),
}

ALTERED = [
    Created(
        "defaults are added and the key is taken out",
        "text_embedding",
        {
            "service": "openai",
            "service_settings": {
                "api_key": "sk-1",
                "model_id": "m1",
                "url": "http://127.0.0.1:9271/ok/v1/embeddings",
            },
        },
        {
            "inference_id": "emb1",
            "task_type": "text_embedding",
            "service": "openai",
            "service_settings": {
                "model_id": "m1",
                "url": "http://127.0.0.1:9271/ok/v1/embeddings",
                "similarity": "dot_product",
                "dimensions": 8,
                "rate_limit": {"requests_per_minute": 3000},
            },
            "chunking_settings": {"strategy": "sentence", "max_chunk_size": 250, "sentence_overlap": 1},
        },
    ),
    Created(
        "an empty object becomes the default",
        "text_embedding",
        {
            "service": "openai",
            "service_settings": {
                "api_key": "sk-1",
                "model_id": "m1",
                "url": "http://127.0.0.1:9271/ok/v1/embeddings",
                "rate_limit": {},
            },
        },
        {
            "inference_id": "v64",
            "task_type": "text_embedding",
            "service": "openai",
            "service_settings": {
                "model_id": "m1",
                "url": "http://127.0.0.1:9271/ok/v1/embeddings",
                "similarity": "dot_product",
                "dimensions": 8,
                "rate_limit": {"requests_per_minute": 3000},
            },
            "chunking_settings": {"strategy": "sentence", "max_chunk_size": 250, "sentence_overlap": 1},
        },
    ),
    Created(
        "a rate limit is kept",
        "text_embedding",
        {
            "service": "openai",
            "service_settings": {
                "api_key": "sk-1",
                "model_id": "m1",
                "url": "http://127.0.0.1:9271/ok/v1/embeddings",
                "rate_limit": {"requests_per_minute": 10},
            },
        },
        {
            "inference_id": "v59",
            "task_type": "text_embedding",
            "service": "openai",
            "service_settings": {
                "model_id": "m1",
                "url": "http://127.0.0.1:9271/ok/v1/embeddings",
                "similarity": "dot_product",
                "dimensions": 8,
                "rate_limit": {"requests_per_minute": 10},
            },
            "chunking_settings": {"strategy": "sentence", "max_chunk_size": 250, "sentence_overlap": 1},
        },
    ),
    Created(
        "no task settings are no task settings",
        "text_embedding",
        {
            "service": "openai",
            "service_settings": {
                "api_key": "sk-1",
                "model_id": "m1",
                "url": "http://127.0.0.1:9271/ok/v1/embeddings",
            },
            "task_settings": None,
        },
        {
            "inference_id": "v21",
            "task_type": "text_embedding",
            "service": "openai",
            "service_settings": {
                "model_id": "m1",
                "url": "http://127.0.0.1:9271/ok/v1/embeddings",
                "similarity": "dot_product",
                "dimensions": 8,
                "rate_limit": {"requests_per_minute": 3000},
            },
            "chunking_settings": {"strategy": "sentence", "max_chunk_size": 250, "sentence_overlap": 1},
        },
    ),
    Created(
        "words of a choice become lower case",
        "text_embedding",
        {
            "service": "cohere",
            "service_settings": {"api_key": "k", "model_id": "m"},
            "task_settings": {"input_type": "search", "truncate": "NONE"},
        },
        {
            "inference_id": "x-cohere-text-embedding",
            "task_type": "text_embedding",
            "service": "cohere",
            "service_settings": {
                "similarity": "cosine",
                "dimensions": 4,
                "model_id": "m",
                "rate_limit": {"requests_per_minute": 10000},
                "embedding_type": "float",
            },
            "task_settings": {"input_type": "search", "truncate": "none"},
            "chunking_settings": {"strategy": "sentence", "max_chunk_size": 250, "sentence_overlap": 1},
        },
    ),
    Created(
        "task settings are kept",
        "rerank",
        {
            "service": "hugging_face",
            "service_settings": {"api_key": "k", "url": "http://127.0.0.1:9271/ok/rerank"},
            "task_settings": {"top_n": 3, "return_documents": True},
        },
        {
            "inference_id": "v-r",
            "task_type": "rerank",
            "service": "hugging_face",
            "service_settings": {
                "url": "http://127.0.0.1:9271/ok/rerank",
                "rate_limit": {"requests_per_minute": 3000},
            },
            "task_settings": {"top_n": 3, "return_documents": True},
        },
    ),
    Created(
        "a named group of separators becomes a list",
        "text_embedding",
        {
            "service": "openai",
            "service_settings": {
                "api_key": "sk-1",
                "model_id": "m1",
                "url": "http://127.0.0.1:9271/ok/v1/embeddings",
            },
            "chunking_settings": {
                "strategy": "recursive",
                "max_chunk_size": 100,
                "separator_group": "markdown",
            },
        },
        {
            "inference_id": "v74",
            "task_type": "text_embedding",
            "service": "openai",
            "service_settings": {
                "model_id": "m1",
                "url": "http://127.0.0.1:9271/ok/v1/embeddings",
                "similarity": "dot_product",
                "dimensions": 8,
                "rate_limit": {"requests_per_minute": 3000},
            },
            "chunking_settings": {
                "strategy": "recursive",
                "max_chunk_size": 100,
                "separators": [
                    "\n# ",
                    "\n## ",
                    "\n### ",
                    "\n#### ",
                    "\n##### ",
                    "\n###### ",
                    "\n^(?!\\s*$).*\\n-{1,}\\n",
                    "\n^(?!\\s*$).*\\n={1,}\\n",
                ],
            },
        },
    ),
    Created(
        "separators are kept",
        "text_embedding",
        {
            "service": "openai",
            "service_settings": {
                "api_key": "sk-1",
                "model_id": "m1",
                "url": "http://127.0.0.1:9271/ok/v1/embeddings",
            },
            "chunking_settings": {"strategy": "recursive", "max_chunk_size": 100, "separators": ["\n"]},
        },
        {
            "inference_id": "v75",
            "task_type": "text_embedding",
            "service": "openai",
            "service_settings": {
                "model_id": "m1",
                "url": "http://127.0.0.1:9271/ok/v1/embeddings",
                "similarity": "dot_product",
                "dimensions": 8,
                "rate_limit": {"requests_per_minute": 3000},
            },
            "chunking_settings": {"strategy": "recursive", "max_chunk_size": 100, "separators": ["\n"]},
        },
    ),
    Created(
        "empty chunking settings become the default",
        "text_embedding",
        {
            "service": "openai",
            "service_settings": {
                "api_key": "sk-1",
                "model_id": "m1",
                "url": "http://127.0.0.1:9271/ok/v1/embeddings",
            },
            "chunking_settings": {},
        },
        {
            "inference_id": "v82",
            "task_type": "text_embedding",
            "service": "openai",
            "service_settings": {
                "model_id": "m1",
                "url": "http://127.0.0.1:9271/ok/v1/embeddings",
                "similarity": "dot_product",
                "dimensions": 8,
                "rate_limit": {"requests_per_minute": 3000},
            },
            "chunking_settings": {"strategy": "sentence", "max_chunk_size": 250, "sentence_overlap": 1},
        },
    ),
    Created(
        "chunking can be switched off",
        "text_embedding",
        {
            "service": "openai",
            "service_settings": {
                "api_key": "sk-1",
                "model_id": "m1",
                "url": "http://127.0.0.1:9271/ok/v1/embeddings",
            },
            "chunking_settings": {"strategy": "none"},
        },
        {
            "inference_id": "v73",
            "task_type": "text_embedding",
            "service": "openai",
            "service_settings": {
                "model_id": "m1",
                "url": "http://127.0.0.1:9271/ok/v1/embeddings",
                "similarity": "dot_product",
                "dimensions": 8,
                "rate_limit": {"requests_per_minute": 3000},
            },
            "chunking_settings": {"strategy": "none"},
        },
    ),
    Created(
        "a default is added inside an object",
        "text_embedding",
        {
            "service": "custom",
            "service_settings": {
                "secret_parameters": {"api_key": "k"},
                "url": "http://127.0.0.1:9271/ok/v1/embeddings",
                "headers": {"Authorization": "Bearer ${api_key}", "Content-Type": "application/json"},
                "request": '{"input": ${input}, "model":"m"}',
                "response": {"json_parser": {"text_embeddings": "$.data[*].embedding[*]"}},
            },
        },
        {
            "inference_id": "v94",
            "task_type": "text_embedding",
            "service": "custom",
            "service_settings": {
                "similarity": "dot_product",
                "dimensions": 8,
                "url": "http://127.0.0.1:9271/ok/v1/embeddings",
                "headers": {"Authorization": "Bearer ${api_key}", "Content-Type": "application/json"},
                "request": '{"input": ${input}, "model":"m"}',
                "response": {
                    "json_parser": {"text_embeddings": "$.data[*].embedding[*]", "embedding_type": "float"}
                },
                "input_type": {"translation": {}, "default": ""},
                "rate_limit": {"requests_per_minute": 10000},
                "batch_size": 10,
            },
            "chunking_settings": {"strategy": "sentence", "max_chunk_size": 250, "sentence_overlap": 1},
        },
    ),
    Created(
        "a vendor's URL is added",
        "text_embedding",
        {"service": "nvidia", "service_settings": {"api_key": "k", "model_id": "m"}},
        {
            "inference_id": "x-nvidia-text-embedding",
            "task_type": "text_embedding",
            "service": "nvidia",
            "service_settings": {
                "model_id": "m",
                "url": "https://integrate.api.nvidia.com/v1/embeddings",
                "rate_limit": {"requests_per_minute": 3000},
                "dimensions": 8,
                "similarity": "dot_product",
            },
            "chunking_settings": {"strategy": "sentence", "max_chunk_size": 250, "sentence_overlap": 1},
        },
    ),
    Created(
        "the server's own notes are added",
        "text_embedding",
        {
            "service": "openshift_ai",
            "service_settings": {"url": "http://127.0.0.1:9271/ok/e", "api_key": "k"},
        },
        {
            "inference_id": "x-openshift-ai-text-embedding",
            "task_type": "text_embedding",
            "service": "openshift_ai",
            "service_settings": {
                "url": "http://127.0.0.1:9271/ok/e",
                "rate_limit": {"requests_per_minute": 3000},
                "dimensions": 8,
                "similarity": "dot_product",
                "dimensions_set_by_user": False,
            },
            "chunking_settings": {"strategy": "sentence", "max_chunk_size": 250, "sentence_overlap": 1},
        },
    ),
    Created(
        "a service without secrets",
        "completion",
        {"service": "llama", "service_settings": {"url": "http://127.0.0.1:9271/ok/e", "model_id": "m"}},
        {
            "inference_id": "x-llama-completion",
            "task_type": "completion",
            "service": "llama",
            "service_settings": {
                "model_id": "m",
                "url": "http://127.0.0.1:9271/ok/e",
                "rate_limit": {"requests_per_minute": 3000},
            },
        },
    ),
]
"""Nothing of what was asked for is missing in these, however it is written."""
