"""What may have been meant is said where it is known, and secrets in plain text are found."""

from typing import Any

import pytest

from inference_operator.endpoint import Definition
from inference_operator.errors import Reason, Stalled
from inference_operator.services import Listed, Services, parse
from inference_operator.suggestion import advised, is_unknown, plain_secrets
from testbed.standin.services import services_answer

CLUSTER = parse(services_answer("services-9.4.3.json"))
OLD_CLUSTER = parse(services_answer("services-8.19.8.json"))
NEW_SERVICE = Services(
    {"acme": {"rerank": {"pass_phrase": Listed(True, True, True), "flavour": Listed(False, False, True)}}}
)
GOOD = {"model_id": "m"}


def wish(service: str = "openai", task_type: str = "text_embedding", **sections: Any) -> Definition:
    """An endpoint that somebody asked for."""
    return Definition(task_type, service, **sections)


def said(reason: Reason, wanted: Definition, *refused: str, services: Services | None = CLUSTER) -> str:
    """The advice about a problem in which Elasticsearch refused these settings by name."""
    problem = Stalled(reason, "elasticsearch refuses")
    problem.settings = refused
    return advised(problem, wanted, services)


@pytest.mark.parametrize(
    ("service", "services", "advice"),
    [
        ("openia", CLUSTER, '; did you mean "openai"?'),
        ("OpenAI", CLUSTER, '; did you mean "openai"?'),
        ("huggingface", None, '; did you mean "hugging_face"?'),
        ("costum", CLUSTER, '; did you mean "custom"?'),
        ("acmee", NEW_SERVICE, '; did you mean "acme"?'),
        ("nothing_like_it", NEW_SERVICE, "; this cluster lists acme"),
        ("nothing_like_it", None, ""),
        ("ai21", OLD_CLUSTER, "; ai21 came with Elasticsearch 9.2"),
    ],
    ids=[
        "two letters swapped",
        "in another case",
        "an underscore left out, in a cluster that lists nothing",
        "near to a service that no cluster lists",
        "near to a service that only the cluster knows",
        "near to none",
        "near to none, in a cluster that lists nothing",
        "younger than the cluster",
    ],
)  # fmt: skip
def test_unknown_service(service: str, services: Services | None, advice: str) -> None:
    """The nearest name is proposed; without one, those that the cluster lists."""
    assert said(Reason.UNKNOWN_SERVICE, wish(service), services=services) == advice


OPENAI = "; openai offers text_embedding, completion, chat_completion"


@pytest.mark.parametrize(
    ("definition", "services", "advice"),
    [
        (wish(task_type="rerank"), CLUSTER, OPENAI),
        (wish(task_type="telepathy"), CLUSTER, OPENAI),
        (
            wish(task_type="text_embeddings"),
            CLUSTER,
            '; did you mean "text_embedding"?' + OPENAI.removeprefix(";"),
        ),
        (
            wish(task_type="embedding"),
            CLUSTER,
            f"; openai has embedding since Elasticsearch 9.5{OPENAI}",
        ),
        (
            wish("custom", "telepathy"),
            CLUSTER,
            "; custom offers completion, rerank, sparse_embedding, text_embedding",
        ),
        (wish("anthropic", "rerank"), None, "; anthropic offers chat_completion, completion"),
        (wish("nobody", "rerank"), CLUSTER, ""),
    ],
    ids=[
        "of another service",
        "of no service",
        "misspelt",
        "younger than the cluster",
        "of a service that the cluster does not list",
        "in a cluster that lists nothing",
        "of a service that nobody knows",
    ],
)
def test_unsupported_task_type(definition: Definition, services: Services | None, advice: str) -> None:
    """The task types that the service offers in this cluster are listed."""
    assert said(Reason.UNSUPPORTED_TASK_TYPE, definition, services=services) == advice


MISSPELT = '; did you mean "model_id" instead of "modle_id"?'


@pytest.mark.parametrize(
    ("sections", "refused", "advice"),
    [
        ({"service_settings": {"modle_id": "m"}}, "modle_id", MISSPELT),
        ({"service_settings": {"modle_id": "m"}}, "model_id", MISSPELT),
        (
            {"service_settings": {**GOOD, "modle_id": "m"}},
            "modle_id",
            '; did you mean "model_id"? it is given as well, so take "modle_id" out',
        ),
        (
            {"service_settings": {**GOOD, "apiKey": "k"}},
            "apiKey",
            '; did you mean "api_key" instead of "apiKey"? (it belongs under secretSettings)',
        ),
        ({"service_settings": {**GOOD, "user": "me"}}, "user", "; user belongs under taskSettings"),
        (
            {"service_settings": {**GOOD, "max_chunk_size": 9}},
            "max_chunk_size",
            "; max_chunk_size belongs under chunkingSettings",
        ),
        (
            {"service_settings": GOOD, "task_settings": {"dimensions": 9}},
            "dimensions",
            "; dimensions belongs under serviceSettings",
        ),
        (
            {"service_settings": GOOD, "chunking_settings": {"max_chunksize": 9}},
            "max_chunksize",
            '; did you mean "max_chunk_size" instead of "max_chunksize"?',
        ),
        (
            {"service_settings": {**GOOD, "token_url": "u"}},
            "token_url",
            "; token_url came with Elasticsearch 9.5",
        ),
        (
            {"service_settings": GOOD, "task_settings": {"bogus": 1}},
            "bogus",
            '; instead of "bogus", taskSettings takes user, headers',
        ),
    ],
    ids=[
        "misspelt, and refused as unknown",
        "misspelt, and the right one is missed",
        "misspelt, beside the right one",
        "the name of a secret in another style",
        "a task setting among the service settings",
        "a chunking setting among the service settings",
        "a service setting among the task settings",
        "a chunking setting misspelt",
        "younger than the cluster",
        "unlike all that are known",
    ],
)
def test_refused_setting(sections: dict[str, Any], refused: str, advice: str) -> None:
    """What was probably meant, where it belongs, or what there is."""
    assert said(Reason.INVALID_SETTINGS, wish(**sections), refused) == advice


def test_what_the_server_has_said_is_not_said_again() -> None:
    """Some texts of the server are good."""
    text = "Invalid value [near] received. [similarity] must be one of [cosine, dot_product, l2_norm]"
    problem = Stalled(Reason.INVALID_SETTINGS, text)
    assert advised(problem, wish(service_settings={**GOOD, "similarity": "near"}), CLUSTER) == ""


def test_setting_of_another_task_type() -> None:
    """It is not unknown, but of no use here."""
    definition = wish(task_type="completion", service_settings={**GOOD, "dimensions": 9})
    advice = said(Reason.INVALID_SETTINGS, definition, "dimensions")
    assert advice == "; dimensions is for text_embedding, embedding only"


def test_setting_that_only_the_cluster_knows_is_proposed() -> None:
    """A service that is younger than the catalogue has names too."""
    definition = wish("acme", "rerank", service_settings={"flavor": "sweet"})
    advice = said(Reason.INVALID_SETTINGS, definition, "flavor", services=NEW_SERVICE)
    assert advice == '; did you mean "flavour" instead of "flavor"?'


@pytest.mark.parametrize(
    ("settings", "advice"),
    [
        ({"dimensions": "many"}, "; dimensions must be an integer"),
        ({"dimensions": True}, "; dimensions must be an integer"),
        ({"rate_limit": "fast"}, "; rate_limit must be an object"),
        ({"model_id": 5}, "; model_id must be a string"),
        ({"similarity": "near"}, "; similarity must be one of cosine, dot_product, l2_norm"),
        ({"similarity": "COSINE", "dimensions": None}, ""),
        (
            {"rate_limit": 5, "dimensions": "1"},
            "; rate_limit must be an object; dimensions must be an integer",
        ),
    ],
    ids=[
        "a text for a number",
        "a truth value for a number",
        "a text for an object",
        "a number for a text",
        "a word that is not among those allowed",
        "a word in another case, and null",
        "two at once",
    ],
)
def test_value_of_the_wrong_type_is_named(settings: dict[str, Any], advice: str) -> None:
    """Some servers complain of a Java class and do not say which setting it is."""
    assert said(Reason.INVALID_SETTINGS, wish(service_settings={**GOOD, **settings})) == advice


def test_nothing_is_said_about_what_is_right_or_of_another_kind() -> None:
    """A setting that is merely not known here is no slip, as nobody refused it by name."""
    right = wish(service_settings={**GOOD, "brand_new": 1}, task_settings={"user": "me"})
    assert said(Reason.INVALID_SETTINGS, right) == ""
    assert said(Reason.INVALID_SETTINGS, right, services=None) == ""
    assert said(Reason.PROVIDER_REFUSED_KEY, wish(service_settings={"modle_id": 1}), "modle_id") == ""


def test_advice_stays_short_and_on_one_line() -> None:
    """However many mistakes there are and whatever is in the names, what the server said is not crowded out."""
    many = wish(service_settings={f"modle_id{n}\n\x1b[31m": "m" for n in range(500)})
    advice = said(Reason.INVALID_SETTINGS, many, *many.service_settings)
    assert advice.count(";") <= 3
    assert len(advice) <= 360
    assert advice.isprintable()
    assert said(Reason.UNKNOWN_SERVICE, wish("nothing_like_it")).endswith(", watsonxai")


@pytest.mark.parametrize(
    ("definition", "services", "paths"),
    [
        (wish(service_settings={"api_key": "k", **GOOD}), None, ["/serviceSettings/api_key"]),
        (wish(service_settings={"api_key": "k", **GOOD}), CLUSTER, ["/serviceSettings/api_key"]),
        (wish("acme", "rerank", service_settings={"pass_phrase": "k"}), NEW_SERVICE, ["/serviceSettings/pass_phrase"]),
        (wish("acme", "rerank", service_settings={"pass_phrase": "k"}), CLUSTER, []),
        (wish("acme", "rerank", service_settings={"pass_phrase": None}), NEW_SERVICE, []),
        (wish("azureopenai", "completion", service_settings={"tenant_id": "t"}), CLUSTER, []),
        (wish(service_settings=GOOD), CLUSTER, []),
    ],
    ids=[
        "a secret by the catalogue, in a cluster that lists nothing",
        "a secret by both",
        "a secret that only the cluster knows",
        "a secret of a service that nobody knows",
        "null",
        "an id that servers list as sensitive, but show",
        "no secret",
    ],
)  # fmt: skip
def test_secret_in_plain_text_is_found(
    definition: Definition, services: Services | None, paths: list[str]
) -> None:
    """By what the cluster lists as sensitive, or the catalogue as secret."""
    assert plain_secrets(definition, services) == paths


UNKNOWN: dict[str, tuple[str, str, bool]] = {
    "a setting that the service has": ("cohere", "/serviceSettings/model_id", False),
    "a slip": ("cohere", "/serviceSettings/modle_id", True),
    "a task setting that the service has": ("cohere", "/taskSettings/truncate", False),
    "a setting of a service that nobody knows": ("brand-new", "/serviceSettings/anything", False),
}


@pytest.mark.parametrize(("service", "path", "unknown"), UNKNOWN.values(), ids=UNKNOWN)
def test_setting_is_unknown_only_where_its_service_is_known(service: str, path: str, unknown: bool) -> None:
    """A new service may have any setting."""
    assert is_unknown(path, Definition("text_embedding", service), None) is unknown
