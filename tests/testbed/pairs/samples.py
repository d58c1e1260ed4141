"""What the settings are set to that a pair needs."""

from typing import Any

from testbed.provider import AZURE_RESOURCE

PATHS = {
    "text_embedding": "/v1/embeddings",
    "sparse_embedding": "/sparse",
    "rerank": "/rerank",
    "completion": "/v1/chat/completions",
    "chat_completion": "/v1/chat/completions",
}
"""Where a setting `url` leads at the provider, by task type."""
SAMPLES: dict[str, Any] = {
    "api_version": "2024-10-21",
    "region": "us-east-1",
    "project_id": "my-project",
    "max_tokens": 1024,
    "num_allocations": 1,
    "num_threads": 1,
    "ai21.model_id": "jamba-large",
    "alibabacloud-ai-search.service_id": "ops-text-embedding-001",
    "alibabacloud-ai-search.host": "default-abc.platform-cn-shanghai.opensearch.aliyuncs.com",
    "alibabacloud-ai-search.workspace": "default",
    "amazon_sagemaker.endpoint_name": "my-endpoint",
    "amazon_sagemaker.api": "openai",
    "amazon_sagemaker.rerank.api": "elastic",
    "amazon_sagemaker.sparse_embedding.api": "elastic",
    "amazon_sagemaker.sparse_embedding.endpoint_name": "sparse",
    "amazonbedrock.provider": "amazontitan",
    "amazonbedrock.model": "amazon.titan-embed-text-v2:0",
    "amazonbedrock.chat_completion.provider": "anthropic",
    "amazonbedrock.chat_completion.model": "anthropic.claude-sonnet-4-20250514-v1:0",
    "anthropic.model_id": "claude-sonnet-4-5",
    "azureaistudio.endpoint_type": "token",
    "azureaistudio.provider": "openai",
    "azureaistudio.rerank.provider": "cohere",
    "azureaistudio.target": "{provider}/",
    "azureopenai.resource_name": AZURE_RESOURCE,
    "azureopenai.deployment_id": "my-deployment",
    "cohere.model_id": "embed-v4.0",
    "cohere.rerank.model_id": "rerank-v3.5",
    "contextualai.model_id": "ctxl-rerank-v2-instruct-multilingual",
    "custom.headers": {"Authorization": "Bearer ${api_key}", "Content-Type": "application/json"},
    "custom.request": '{"input": ${input}}',
    "custom.rerank.request": '{"documents": ${input}, "query": ${query}}',
    "custom.completion.request": '{"messages": [{"role": "user", "content": ${input}}]}',
    "custom.text_embedding.response": {"json_parser": {"text_embeddings": "$.data[*].embedding[*]"}},
    "custom.sparse_embedding.response": {
        "json_parser": {
            "token_path": "$.data[*].embedding[*].token",
            "weight_path": "$.data[*].embedding[*].weight",
        }
    },
    "custom.rerank.response": {
        "json_parser": {
            "reranked_index": "$.results[*].index",
            "relevance_score": "$.results[*].relevance_score",
        }
    },
    "custom.completion.response": {"json_parser": {"completion_result": "$.choices[*].message.content"}},
    "deepseek.model_id": "deepseek-chat",
    "elasticsearch.model_id": ".multilingual-e5-small",
    "elasticsearch.sparse_embedding.model_id": ".elser_model_2",
    "elasticsearch.rerank.model_id": ".rerank-v1",
    "fireworksai.model_id": "fireworks/qwen3-embedding-8b",
    "googleaistudio.model_id": "gemini-embedding-001",
    "googlevertexai.model_id": "gemini-embedding-001",
    "googlevertexai.rerank.model_id": "semantic-ranker-default-004",
    "googlevertexai.location": "us-central1",
    "groq.model_id": "llama-3.3-70b-versatile",
    "hugging_face.model_id": "meta-llama/Llama-3.3-70B-Instruct",
    "jinaai.model_id": "jina-embeddings-v3",
    "jinaai.rerank.model_id": "jina-reranker-v2-base-multilingual",
    "llama.model_id": "all-MiniLM-L6-v2",
    "mistral.model": "mistral-embed",
    "nvidia.model_id": "nvidia/llama-3.2-nv-embedqa-1b-v2",
    "openai.model_id": "text-embedding-3-small",
    "voyageai.model_id": "voyage-3.5",
    "voyageai.rerank.model_id": "rerank-2.5",
    "watsonxai.api_version": "2024-05-02",
    "watsonxai.model_id": "ibm/slate-30m-english-rtrvr-v2",
    "watsonxai.url": "us-south.ml.cloud.ibm.com",  # servers put https:// before it
}
"""By the most special of `service.task_type.setting`, `service.setting` and `setting`."""
WANTED = {
    "custom": ["/serviceSettings/headers"],
    "llama": ["/serviceSettings/api_key"],
    "hugging_face.completion": ["/serviceSettings/model_id"],  # 8.19.8 stumbles over its absence
    "hugging_face.chat_completion": ["/serviceSettings/model_id"],
}
"""Optional settings without which the endpoint would be of no use, by service, or by service and task type."""
MAPS = {"secret_parameters": "api_key"}
"""Settings that are a map of secrets, with the one key that is set."""
TASK_SETTINGS: dict[str, tuple[str, Any, Any]] = {
    "user": ("", "alice", "mallory"),
    "top_n": ("", 7, 9),
    "max_new_tokens": ("", 7, 9),
    "max_tokens": ("", 7, 9),
    "truncate": ("", "end", "start"),
    "input_type": ("", "ingest", "search"),
    "auto_truncate": ("", True, False),
    "return_documents": ("", True, False),
    "instruction": ("", "be exact", "be brief"),
    "session_id": ("", "one", "two"),
    "parameters": ("depth", "deep", "flat"),
    "headers": ("x-team", "search", "sales"),
}
"""Task settings, the most usual first: the key within where it is a map, the value it is changed to, and one that
somebody else gives it."""
WITHOUT_TASK_SETTINGS = {"amazon_sagemaker.rerank", "amazon_sagemaker.sparse_embedding"}
"""Pairs whose sample has none that can be stored: with `api: elastic` they belong to the request."""
FIXED: dict[str, Any] = {
    "num_threads": 2,
    "model_id": "another",
    "model": "another",
    "service_id": "another",
    "deployment_id": "another",
    "endpoint_name": "another",
    "endpoint_type": "realtime",
    "url": "https://another.example/v1",
}
"""Settings that no update changes, and what they are changed to; the first of them that a pair needs is taken."""
_ONE_INPUT = ("", {"input": ["ping"]})
USES: dict[str, tuple[str, dict[str, Any]]] = {
    "text_embedding": _ONE_INPUT,
    "sparse_embedding": _ONE_INPUT,
    "completion": _ONE_INPUT,
    "rerank": ("", {"query": "ping", "input": ["pong"]}),
    "embedding": ("", {"input": [{"content": {"type": "text", "value": "ping"}}]}),
    "chat_completion": ("/_stream", {"messages": [{"role": "user", "content": "ping"}]}),
}
"""How an endpoint is used, by task type: the end of the path, and the body."""
