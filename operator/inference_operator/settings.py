"""The operator's own configuration: read once from the environment, validated, frozen."""

import re
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

PREFIX = "INFERENCE_OPERATOR_"
# What Kubernetes puts into a pod's environment for a Service whose name begins like our variables.
_SERVICE_LINK = re.compile(r"(\w+_)?(service_host|service_port(_\w+)?|port(_\d+_\w+)?)")

CommaSeparated = Annotated[
    tuple[str, ...],
    BeforeValidator(
        lambda v: tuple(p.strip() for p in v.split(",") if p.strip()) if isinstance(v, str) else v
    ),
]


class SettingsError(Exception):
    """The environment holds a value the operator cannot start with."""


class Settings(BaseModel):
    """Each field is set by the environment variable INFERENCE_OPERATOR_<FIELD IN CAPITALS>."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(
        "INFO", description="Lowest level that is logged."
    )
    log_format: Literal["json", "text"] = Field("json", description="Form of the log lines.")
    http_host: str = Field("0.0.0.0", description="Address on which /livez, /readyz and /metrics are served.")  # noqa: S104 - the kubelet asks from outside the pod
    http_port: int = Field(
        8080, ge=0, le=65535, description="Port of /livez, /readyz and /metrics; 0 takes a free one."
    )
    allow_http: bool = Field(False, description="Whether connections may use plain http://.")
    allowed_hosts: CommaSeparated = Field(
        (),
        description="Host names and addresses that connections may reach although they are guarded (loopback, link-local).",
    )
    workers: int = Field(16, ge=1, le=256, description="How many resources are reconciled at once.")
    max_concurrency: int = Field(
        16,
        ge=1,
        le=256,
        description="How many requests one cluster is sent at once, unless its connection sets fewer.",
    )
    backoff_base: float = Field(
        1.0, gt=0, description="Seconds before the first retry; doubled for each further one."
    )
    backoff_cap: float = Field(300.0, gt=0, description="Longest time in seconds between two retries.")
    relist_interval: float = Field(
        1800.0,
        gt=0,
        description="Seconds between two full listings, which find deletions that the watch missed.",
    )
    interval_scale: float = Field(1.0, gt=0, description="Multiplies every spec.interval; for tests.")
    event_loop_limit: float = Field(
        60.0, gt=0, description="Seconds without progress after which /livez fails."
    )


def from_environment(environ: Mapping[str, str]) -> Settings:
    """The settings that `environ` asks for.

    Raises:
        SettingsError: a variable has an unusable value or is unknown.
    """
    named = {k.removeprefix(PREFIX).lower(): v for k, v in environ.items() if k.startswith(PREFIX)}
    given = {k: v for k, v in named.items() if k in Settings.model_fields or not _SERVICE_LINK.fullmatch(k)}
    try:
        return Settings.model_validate(given)
    except ValidationError as error:
        problems = "; ".join(f"{PREFIX}{str(e['loc'][0]).upper()}: {e['msg']}" for e in error.errors())
        raise SettingsError(problems) from None
