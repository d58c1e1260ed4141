"""What the API accepts and refuses, as one table.

The unit tests hold the models against it and the integration tests a real API server, so that the two agree.
"""

from typing import Any

from inference_operator.api.v1alpha1 import SECRET_SETTINGS

Object = dict[str, Any]

KEY = {"name": "keys", "key": "api_key"}


def endpoint(*, without: str = "", **spec: Any) -> Object:
    """An InferenceEndpoint with nothing but what it needs, changed by `spec`."""
    needed = {"connectionRef": {"name": "es"}, "taskType": "rerank", "service": "cohere"}
    return _object("InferenceEndpoint", {**needed, **spec}, without)


def connection(*, without: str = "", **spec: Any) -> Object:
    """An ElasticsearchConnection with nothing but what it needs, changed by `spec`."""
    needed = {"endpoint": {"url": "https://es:9200"}, "auth": {"apiKey": {"secretKeyRef": KEY}}}
    return _object("ElasticsearchConnection", {**needed, **spec}, without)


def _object(kind: str, spec: Object, without: str) -> Object:
    return {
        "apiVersion": "es-inference.dev/v1alpha1",
        "kind": kind,
        "metadata": {"name": "case"},
        "spec": {name: value for name, value in spec.items() if name != without},
    }


def paths(*names: str) -> list[Object]:
    """Entries of secretSettings, one per path."""
    return [{"path": name, "secretKeyRef": KEY} for name in names]


def many(number: int) -> Object:
    """So many settings."""
    return {f"setting_{i}": i for i in range(number)}


def url(text: str) -> Object:
    """A connection to this URL."""
    return connection(endpoint={"url": text})


ACCEPTED: dict[str, Object] = {
    "an endpoint needs only a connection, a task type and a service": endpoint(),
    "a connection needs only a URL and credentials": connection(),
    # connectionRef
    "the kind of the connection may be said": endpoint(
        connectionRef={"kind": "ElasticsearchConnection", "name": "es"}
    ),
    "the name of a connection may hold dots": endpoint(connectionRef={"name": "es.prod-1"}),
    "the name of a connection may have 253 characters": endpoint(connectionRef={"name": "a" * 253}),
    # inferenceId
    "an id may hold underscores, dots and dashes": endpoint(inferenceId="my_model-v1.2"),
    "an id may be one character": endpoint(inferenceId="7"),
    "an id may have 253 characters": endpoint(inferenceId="a" * 253),
    # taskType and service
    "a task type that nobody knows yet is the cluster's to judge": endpoint(taskType="video_embedding2"),
    "a task type may have 64 characters": endpoint(taskType="a" * 64),
    "a service that nobody knows yet is the cluster's to judge": endpoint(service="7th-service_v2.x"),
    "a service may have 64 characters": endpoint(service="a" * 64),
    # settings
    "settings are free-form": endpoint(
        serviceSettings={
            "model_id": "m",
            "rate_limit": {"requests_per_minute": 5},
            "list": [1, 0.5, None, {}],
        },
        taskSettings={"top_n": 10, "return_documents": True},
        chunkingSettings={"strategy": "sentence", "max_chunk_size": 250, "sentence_overlap": 1},
    ),
    "settings may be empty": endpoint(serviceSettings={}, taskSettings={}, chunkingSettings={}),
    "64 service settings are allowed": endpoint(serviceSettings=many(64)),
    "64 task settings are allowed": endpoint(taskSettings=many(64)),
    "16 chunking settings are allowed": endpoint(chunkingSettings=many(16)),
    "the name of a secret setting may mean something else further down": endpoint(
        serviceSettings={"request": {"api_key": "name of a header"}}
    ),
    # secretSettings
    "every secret setting may come from a Secret": endpoint(
        secretSettings=paths(*(f"/serviceSettings/{name}" for name in SECRET_SETTINGS))
    ),
    "a secret path may go into an object": endpoint(
        secretSettings=paths("/serviceSettings/secret_parameters/key", "/taskSettings/headers/X-Api-Key")
    ),
    "a secret path may hold escaped slashes and tildes": endpoint(
        secretSettings=paths("/taskSettings/headers/a~1b~0c")
    ),
    "secret paths may be siblings that begin alike": endpoint(
        secretSettings=paths("/serviceSettings/api", "/serviceSettings/api_key", "/serviceSettings/api-key/a")
    ),
    "a secret path may have 256 characters": endpoint(
        secretSettings=paths("/serviceSettings/".ljust(256, "a"))
    ),
    "16 secret settings are allowed": endpoint(
        secretSettings=paths(*(f"/taskSettings/s{i}" for i in range(16)))
    ),
    "no secret settings may be said": endpoint(secretSettings=[]),
    # policies, times
    "an endpoint may be kept": endpoint(deletionPolicy="Retain", adoptionPolicy="Match"),
    "an endpoint may be managed with all force": endpoint(
        adoptionPolicy="Overwrite", driftPolicy="Correct", replacePolicy="Force", deletionPolicy="ForceDelete"
    ),
    "an endpoint may be left alone": endpoint(
        managementPolicy="Observe", adoptionPolicy="Never", driftPolicy="Ignore", replacePolicy="Never"
    ),
    "an endpoint may be replaced while nothing uses it": endpoint(
        managementPolicy="Manage", driftPolicy="Warn", replacePolicy="WhenUnused"
    ),
    "an endpoint may be suspended": endpoint(suspend=True),
    "an interval may be as short as 30 seconds": endpoint(interval="30s"),
    "a duration may have hours, minutes and seconds": endpoint(interval="1h30m5s"),
    "a duration may be in seconds alone": endpoint(interval="86400s"),
    "a timeout may be 1 second": endpoint(timeout="1s"),
    "a timeout may be 10 minutes": endpoint(timeout="10m"),
    # where a connection leads
    "a URL may be plain http, which the operator's settings judge": url("http://es.example.com"),
    "a URL may have a path": url("https://gateway/clusters/my%20es/_a:b~c/"),
    "a URL may have an IPv4 address": url("https://192.0.2.1:9200"),
    "a URL may have an IPv6 address": url("https://[2001:db8::1]:9200/es"),
    "a URL may have a host of one label with underscores": url("https://es_1"),
    "a URL may have a host that ends with a dot": url("https://es.prod.svc.cluster.local.:9200"),
    "a URL may have the highest port": url("https://es:65535"),
    "a URL may have 2048 characters": url("https://es/".ljust(2048, "a")),
    # who the operator is
    "credentials may be a user and a password": connection(auth={"basic": {"secretRef": {"name": "user"}}}),
    "credentials may be a bearer token": connection(auth={"bearerToken": {"secretKeyRef": KEY}}),
    # whom it trusts
    "a CA may be in a Secret": connection(tls={"caSecretRef": {"name": "ca"}}),
    "a CA may be in a ConfigMap, under a key of its own": connection(
        tls={"caConfigMapRef": {"name": "ca", "key": "root_1.pem"}}
    ),
    "nothing need be said about trust": connection(tls={}),
    # the rest of a connection
    "a cluster UUID may be pinned": connection(clusterUUID="a" * 64),
    "a connection may allow 1 request at a time": connection(limits={"maxConcurrency": 1}),
    "a connection may allow 256 requests at a time": connection(limits={"maxConcurrency": 256}),
    "a connection may be checked every 30 seconds": connection(interval="30s"),
}

REFUSED: dict[str, tuple[Object, str]] = {
    # connectionRef
    "an endpoint needs a connection": (endpoint(without="connectionRef"), "connectionRef"),
    "a connection needs a name": (endpoint(connectionRef={}), "name"),
    "the name of a connection is not empty": (endpoint(connectionRef={"name": ""}), "connectionRef.name"),
    "the name of a connection has no capitals": (
        endpoint(connectionRef={"name": "Es"}),
        "connectionRef.name",
    ),
    "the name of a connection ends with a letter or digit": (
        endpoint(connectionRef={"name": "es-"}),
        "connectionRef.name",
    ),
    "the name of a connection has at most 253 characters": (
        endpoint(connectionRef={"name": "a" * 254}),
        "connectionRef.name",
    ),
    "a connection of another kind is unknown": (
        endpoint(connectionRef={"kind": "Elasticsearch", "name": "es"}),
        "connectionRef.kind",
    ),
    "a connection of another namespace is out of reach": (
        endpoint(connectionRef={"name": "es", "namespace": "other"}),
        "namespace",
    ),
    # inferenceId
    "an id has no capitals": (endpoint(inferenceId="MyModel"), "inferenceId"),
    "an id that begins with a dot is the server's own": (endpoint(inferenceId=".elser"), "inferenceId"),
    "an id ends with a letter or digit": (endpoint(inferenceId="model_"), "inferenceId"),
    "an id is not empty": (endpoint(inferenceId=""), "inferenceId"),
    "an id has no slash": (endpoint(inferenceId="a/b"), "inferenceId"),
    "an id has no line break at its end": (endpoint(inferenceId="model\n"), "inferenceId"),
    "an id has at most 253 characters": (endpoint(inferenceId="a" * 254), "inferenceId"),
    # taskType and service
    "an endpoint needs a task type": (endpoint(without="taskType"), "taskType"),
    "a task type has no dashes": (endpoint(taskType="text-embedding"), "taskType"),
    "a task type begins with a letter": (endpoint(taskType="_rerank"), "taskType"),
    "a task type has at most 64 characters": (endpoint(taskType="a" * 65), "taskType"),
    "an endpoint needs a service": (endpoint(without="service"), "service"),
    "a service has no capitals": (endpoint(service="OpenAI"), "service"),
    "a service is not empty": (endpoint(service=""), "service"),
    "a service has at most 64 characters": (endpoint(service="a" * 65), "service"),
    # settings
    "settings are an object": (endpoint(serviceSettings=["model_id"]), "serviceSettings"),
    "65 service settings are too many": (endpoint(serviceSettings=many(65)), "serviceSettings"),
    "65 task settings are too many": (endpoint(taskSettings=many(65)), "taskSettings"),
    "17 chunking settings are too many": (endpoint(chunkingSettings=many(17)), "chunkingSettings"),
    **{
        f"{name} in the service settings belongs under secretSettings": (
            endpoint(serviceSettings={name: {"key": "x"} if name == "secret_parameters" else "x"}),
            f"give it by secretSettings, with path /serviceSettings/{name}",
        )
        for name in SECRET_SETTINGS
    },
    "an empty secret setting belongs there, too": (
        endpoint(serviceSettings={"api_key": ""}),
        "serviceSettings.api_key is a secret",
    ),
    # secretSettings
    "a secret path begins with a slash": (endpoint(secretSettings=paths("serviceSettings/api_key")), "path"),
    "a secret path leads to a setting": (endpoint(secretSettings=paths("/serviceSettings")), "path"),
    "a secret path does not end with a slash": (endpoint(secretSettings=paths("/serviceSettings/")), "path"),
    "a secret path has no empty name in it": (endpoint(secretSettings=paths("/taskSettings/a//b")), "path"),
    "a secret path leads into service or task settings": (
        endpoint(secretSettings=paths("/service/a")),
        "path",
    ),
    "chunking has no secrets": (endpoint(secretSettings=paths("/chunkingSettings/a")), "path"),
    "a secret path has no half escape": (endpoint(secretSettings=paths("/serviceSettings/a~2")), "path"),
    "a secret path has no line break": (endpoint(secretSettings=paths("/serviceSettings/a\nb")), "path"),
    "a secret path has at most 256 characters": (
        endpoint(secretSettings=paths("/serviceSettings/".ljust(257, "a"))),
        "path",
    ),
    "a secret path is given once": (
        endpoint(secretSettings=paths("/serviceSettings/api_key", "/serviceSettings/api_key")),
        "secretSettings",
    ),
    "no secret path lies inside another": (
        endpoint(
            secretSettings=paths("/serviceSettings/secret_parameters/a", "/serviceSettings/secret_parameters")
        ),
        "no path of secretSettings may lie inside another",
    ),
    "17 secret settings are too many": (
        endpoint(secretSettings=paths(*(f"/taskSettings/s{i}" for i in range(17)))),
        "secretSettings",
    ),
    "a secret setting needs a Secret": (
        endpoint(secretSettings=[{"path": "/serviceSettings/api_key"}]),
        "secretKeyRef",
    ),
    "a secret setting is never given by its value": (
        endpoint(secretSettings=[{"path": "/serviceSettings/api_key", "secretKeyRef": KEY, "value": "x"}]),
        "value",
    ),
    "a Secret needs a key": (
        endpoint(secretSettings=[{"path": "/serviceSettings/api_key", "secretKeyRef": {"name": "keys"}}]),
        "key",
    ),
    "the key of a Secret has no slash": (
        endpoint(
            secretSettings=[{"path": "/serviceSettings/a", "secretKeyRef": {"name": "keys", "key": "a/b"}}]
        ),
        "secretKeyRef.key",
    ),
    "a Secret of another namespace is out of reach": (
        endpoint(
            secretSettings=[{"path": "/serviceSettings/a", "secretKeyRef": {**KEY, "namespace": "other"}}]
        ),
        "namespace",
    ),
    # policies, times
    "an adoption policy that is not known is refused": (
        endpoint(adoptionPolicy="overwrite"),
        "adoptionPolicy",
    ),
    "a deletion policy that is not known is refused": (endpoint(deletionPolicy="retain"), "deletionPolicy"),
    "a management policy that is not known is refused": (
        endpoint(managementPolicy="observe"),
        "managementPolicy",
    ),
    "a drift policy that is not known is refused": (endpoint(driftPolicy="Report"), "driftPolicy"),
    "a replace policy that is not known is refused": (endpoint(replacePolicy="Always"), "replacePolicy"),
    "suspend is true or false": (endpoint(suspend="true"), "suspend"),
    "suspend is not a number": (endpoint(suspend=1), "suspend"),
    "an interval of 29 seconds is too short": (endpoint(interval="29s"), "interval must be at least 30s"),
    "a duration needs a unit": (endpoint(interval="600"), "interval"),
    "a duration is no fraction": (endpoint(interval="1.5h"), "interval"),
    "a duration is not negative": (endpoint(interval="-10m"), "interval"),
    "a duration has its units in order": (endpoint(interval="5s10m"), "interval"),
    "a duration is not empty": (endpoint(interval=""), "interval"),
    "a duration is no number": (endpoint(interval=600), "interval"),
    "a timeout of nothing is too short": (endpoint(timeout="0s"), "timeout must be between 1s and 10m"),
    "a timeout of more than 10 minutes is too long": (
        endpoint(timeout="10m1s"),
        "timeout must be between 1s and 10m",
    ),
    # names
    "a misspelt field of an endpoint is refused": (endpoint(serviceSetting={}), "serviceSetting"),
    "a misspelt field of a connection is refused": (connection(intervall="1m"), "intervall"),
    # where a connection leads
    "a connection needs an endpoint": (connection(without="endpoint"), "endpoint"),
    "a connection needs a URL": (connection(endpoint={}), "url"),
    "a URL has a scheme": (url("es:9200"), "url must be like"),
    "a URL has no other scheme than http and https": (url("ftp://es:9200"), "url must be like"),
    "a URL has a host": (url("https:///path"), "url must be like"),
    "a URL holds no user": (url("https://elastic@es:9200"), "user and password belong under auth"),
    "a URL holds no password": (
        url("https://elastic:changeme@es:9200"),
        "user and password belong under auth",
    ),
    "a URL holds no query": (url("https://es:9200/?pretty"), "no query"),
    "a URL holds no fragment": (url("https://es:9200/#top"), "no query or fragment"),
    "a URL holds no space": (url("https://es:9200/a b"), "url must be like"),
    "a URL holds no line break": (url("https://es:9200\n"), "url must be like"),
    "a URL holds no backslash": (url("https://es\\@evil"), "url must be like"),
    "a URL holds nothing but ASCII": (url("https://élastic"), "url must be like"),
    "a URL holds no half escape": (url("https://es/%2"), "url must be like"),
    "the port of a URL is a number": (url("https://es:http"), "url must be like"),
    "the port of a URL is at most 65535": (url("https://es:65536"), "url must be like"),
    "an IPv6 address in a URL is one": (url("https://[2001:db8:1]"), "url must be like"),
    "an IPv6 address in a URL has no zone": (url("https://[fe80::1%25eth0]"), "url must be like"),
    "a URL has at most 2048 characters": (url("https://es/".ljust(2049, "a")), "url"),
    # who the operator is
    "a connection needs credentials": (connection(without="auth"), "auth"),
    "no credentials are too few": (connection(auth={}), "give exactly one of apiKey, basic and bearerToken"),
    "two credentials are too many": (
        connection(auth={"apiKey": {"secretKeyRef": KEY}, "bearerToken": {"secretKeyRef": KEY}}),
        "give exactly one of apiKey, basic and bearerToken",
    ),
    "three credentials are too many": (
        connection(
            auth={
                "apiKey": {"secretKeyRef": KEY},
                "basic": {"secretRef": {"name": "user"}},
                "bearerToken": {"secretKeyRef": KEY},
            }
        ),
        "give exactly one of apiKey, basic and bearerToken",
    ),
    "a password is never given by its value": (
        connection(auth={"basic": {"secretRef": {"name": "user"}, "password": "x"}}),
        "password",
    ),
    # whom it trusts
    "two CAs are too many": (
        connection(tls={"caSecretRef": {"name": "ca"}, "caConfigMapRef": {"name": "ca"}}),
        "give at most one of caSecretRef and caConfigMapRef",
    ),
    "a CA needs a name": (connection(tls={"caSecretRef": {"key": "ca.crt"}}), "caSecretRef.name"),
    "verification cannot be switched off": (connection(tls={"insecure": True}), "insecure"),
    # the rest of a connection
    "a pinned cluster UUID is not empty": (connection(clusterUUID=""), "clusterUUID"),
    "a pinned cluster UUID has at most 64 characters": (connection(clusterUUID="a" * 65), "clusterUUID"),
    "a connection allows at least 1 request at a time": (
        connection(limits={"maxConcurrency": 0}),
        "maxConcurrency",
    ),
    "a connection allows at most 256 requests at a time": (
        connection(limits={"maxConcurrency": 257}),
        "maxConcurrency",
    ),
    "a number of requests is whole": (connection(limits={"maxConcurrency": 1.5}), "maxConcurrency"),
    "a number of requests is a number": (connection(limits={"maxConcurrency": "8"}), "maxConcurrency"),
    "a connection is not checked more often than every 30 seconds": (
        connection(interval="29s"),
        "interval must be at least 30s",
    ),
}

PASSWORD = "correct-horse"

CARELESS: dict[str, Object] = {
    "a secret among the settings": endpoint(serviceSettings={"api_key": PASSWORD}),
    "a secret in place of the settings": endpoint(serviceSettings=PASSWORD),
    "a secret in place of its reference": endpoint(
        secretSettings=[{"path": "/serviceSettings/api_key", "value": PASSWORD}]
    ),
    "a secret in an unknown field": connection(auth={"apiKey": {"value": PASSWORD}}),
    "a password in the URL": url(f"https://elastic:{PASSWORD}@es"),
}
"""Refused, too; but the message must not repeat what may be a secret in the wrong place."""
