"""The credential of a request, wherever its vendor puts it."""

import base64
import json
import re
from collections.abc import Mapping
from typing import Any

_HEADERS = ("api-key", "x-api-key", "x-goog-api-key")
_FIELDS = ("apikey", "client_secret")  # of a request for a token
_SIGNED_BY = re.compile(r"^AWS4-HMAC-SHA256 Credential=([^/]+)/")


def key_of(headers: Mapping[str, str], query: Mapping[str, str], body: Mapping[str, Any]) -> str:
    """The key; of a signed request, whose secret does not travel, the name of the key; "" without any."""
    places = [headers.get(name) for name in _HEADERS]
    places += [_authorized(headers.get("Authorization", "")), query.get("key")]
    places += [body.get(name) for name in _FIELDS]
    places += [_key_id(body["assertion"])] if "assertion" in body else []
    return next(filter(None, places), "")


def _authorized(value: str) -> str:
    signature = _SIGNED_BY.match(value)
    return signature[1] if signature else value.removeprefix("Bearer ")


def _key_id(assertion: str) -> str:
    """The `private_key_id` of the Google key file that signed this JSON web token."""
    header = assertion.split(".", maxsplit=1)[0]
    return str(json.loads(base64.urlsafe_b64decode(header + "=="))["kid"])
