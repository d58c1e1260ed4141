"""From a connection's spec to its target: the URL, the Authorization header, and the CA."""

import base64

from inference_operator.api.connection import Auth, ElasticsearchConnectionSpec
from inference_operator.context import Context
from inference_operator.elasticsearch.transport import Target
from inference_operator.errors import Reason, Stalled, Waiting
from inference_operator.references import secret_value
from inference_operator.secret import SecretValue

_CONFIG_MAP_RETRY = 10.0  # seconds; ConfigMaps are not watched


async def target_of(ctx: Context, namespace: str, spec: ElasticsearchConnectionSpec) -> Target:
    """Where the connection leads, with credentials and CA read now.

    Raises:
        Waiting: a Secret, ConfigMap or key is missing.
        Stalled: a value cannot be used.
    """
    return Target(
        url=spec.endpoint.url,
        authorization=await _authorization(ctx, namespace, spec.auth),
        ca=await _ca(ctx, namespace, spec),
        allow_http=ctx.settings.allow_http,
    )


async def _authorization(ctx: Context, namespace: str, auth: Auth) -> SecretValue:
    """The value of the Authorization header."""
    if auth.basic:
        user, password = [
            await secret_value(ctx, namespace, auth.basic.secret_ref.name, part)
            for part in ("username", "password")
        ]
        pair = f"{user.reveal()}:{password.reveal()}"
        return _learned(ctx, f"Basic {base64.b64encode(pair.encode()).decode()}")
    if auth.bearer_token:
        ref = auth.bearer_token.secret_key_ref
        return _learned(ctx, f"Bearer {(await secret_value(ctx, namespace, ref.name, ref.key)).reveal()}")
    assert auth.api_key is not None  # noqa: S101 - the model's rule: exactly one
    ref = auth.api_key.secret_key_ref
    text = (await secret_value(ctx, namespace, ref.name, ref.key)).reveal()
    encoded = base64.b64encode(text.encode()).decode() if ":" in text else text
    return _learned(ctx, f"ApiKey {encoded}")


def _learned(ctx: Context, header: str) -> SecretValue:
    if not header.isascii() or not header.isprintable():
        raise Stalled(
            Reason.SECRET_VALUE_INVALID,
            "the credentials hold characters that no HTTP header can carry; write them anew",
        )
    ctx.redactor.learn(SecretValue(header.split(" ", 1)[1]))
    return SecretValue(header)


async def _ca(ctx: Context, namespace: str, spec: ElasticsearchConnectionSpec) -> str | None:
    if spec.tls and spec.tls.ca_secret_ref:
        ref = spec.tls.ca_secret_ref
        return (await secret_value(ctx, namespace, ref.name, ref.key)).reveal()
    if spec.tls and spec.tls.ca_config_map_ref:
        ref = spec.tls.ca_config_map_ref
        data = await ctx.kube.read_config_map(namespace, ref.name)
        if data is None or ref.key not in data:
            raise Waiting(
                Reason.CONFIG_MAP_NOT_FOUND,
                f"there is no ConfigMap {ref.name!r} with key {ref.key!r} in namespace {namespace!r}; create it",
                retry_after=_CONFIG_MAP_RETRY,
            )
        return data[ref.key]
    return None
