"""The YAML of the story; it is made twice, once with the keys and once with their names, which is what is shown."""

import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

CONNECTION = "elasticsearch"
CREDENTIALS = "elasticsearch-credentials"
INTERVAL = 30  # seconds, the shortest that the CRD allows

_SECRET = """\
apiVersion: v1
kind: Secret
metadata: {{name: {name}}}
stringData: {{api-key: "{value}"}}
"""

_CA = """\
apiVersion: v1
kind: ConfigMap
metadata: {{name: elasticsearch-ca}}
data:
  ca.crt: |
{pem}
"""

_CONNECTION = """\
apiVersion: es-inference.dev/v1alpha1
kind: ElasticsearchConnection
metadata: {{name: {name}}}
spec:
  endpoint: {{url: "{url}"}}
  auth: {{apiKey: {{secretKeyRef: {{name: {credentials}, key: api-key}}}}}}
"""

_TRUST = """\
  tls: {caConfigMapRef: {name: elasticsearch-ca}}
"""

_ENDPOINT = """\
apiVersion: es-inference.dev/v1alpha1
kind: InferenceEndpoint
metadata: {{name: {name}}}
spec:
  connectionRef: {{name: {connection}}}
  taskType: {task_type}
  service: {service}
{settings}
  secretSettings:
    - path: /serviceSettings/api_key
      secretKeyRef: {{name: {secret}, key: api-key}}
  interval: {interval}s
"""


@dataclass(frozen=True)
class Endpoint:
    """One InferenceEndpoint of the story."""

    name: str
    task_type: str
    service: str
    settings: Sequence[str]

    @property
    def secret(self) -> str:
        """The Secret with the service's key."""
        return self.service.replace("_", "-")

    def yaml(self) -> str:
        """The manifest."""
        return _ENDPOINT.format(
            name=self.name,
            connection=CONNECTION,
            task_type=self.task_type,
            service=self.service,
            settings=textwrap.indent("\n".join(self.settings), "  "),
            secret=self.secret,
            interval=INTERVAL,
        )


def openai(prefix: str, url: str) -> Endpoint:
    """Embeddings by OpenAI's API, at a URL of our own."""
    return Endpoint(
        f"{prefix}openai-embeddings",
        "text_embedding",
        "openai",
        [
            f"serviceSettings: {{model_id: text-embedding-3-small, url: {url}}}",
            "taskSettings: {user: search-team}",
        ],
    )


def hugging_face(prefix: str, url: str) -> Endpoint:
    """Embeddings by a dedicated endpoint of Hugging Face."""
    return Endpoint(
        f"{prefix}hugging-face-embeddings",
        "text_embedding",
        "hugging_face",
        [f"serviceSettings: {{url: {url}}}"],
    )


def reranker(prefix: str, url: str | None) -> Endpoint:
    """The Cohere example of the API's own page; with a URL, the nearest thing that needs no fixed host name."""
    task = "taskSettings: {top_n: 10, return_documents: true}"
    if url is None:
        settings = ["serviceSettings: {model_id: rerank-english-v3.0}", task]
        return Endpoint(f"{prefix}cohere-rerank", "rerank", "cohere", settings)
    settings = [f"serviceSettings: {{url: {url}}}", task]
    return Endpoint(f"{prefix}hugging-face-rerank", "rerank", "hugging_face", settings)


def everything(endpoints: Sequence[Endpoint], url: str, pem: str | None, secrets: Mapping[str, str]) -> str:
    """All that a user applies: Secrets, the connection, the endpoints."""
    documents = [_SECRET.format(name=name, value=value) for name, value in secrets.items()]
    connection = _CONNECTION.format(name=CONNECTION, url=url, credentials=CREDENTIALS)
    if pem is not None:
        documents.append(_CA.format(pem=textwrap.indent(pem.strip(), "    ")))
        connection += _TRUST
    return "---\n".join([*documents, connection, *(e.yaml() for e in endpoints)])
