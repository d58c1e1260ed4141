"""Content negotiation: which bodies are read at all, and the compatibility headers of the official clients."""

import re
from collections.abc import Mapping

from testbed.standin.profiles import Profile
from testbed.standin.refusal import PlainRefusal, Refusal, bad_request, illegal_argument

_JSON = ("application/json", "application/x-ndjson")
_COMPATIBLE = re.compile(r"application/vnd\.elasticsearch\+json;\s*compatible-with=(\d+)")


def check_media_types(headers: Mapping[str, str], has_body: bool, profile: Profile) -> None:
    """Refuses a body of another kind than JSON, and compatibility with a version that is too far away."""
    content_type, accept = headers.get("Content-Type"), headers.get("Accept")
    for name, value in (("Accept", accept), ("Content-Type", content_type)):
        _check_version(name, value, profile)
    if not has_body:
        return
    if content_type is None:
        raise PlainRefusal(406, "Content-Type header [] is not supported")
    if "/" not in content_type:
        raise _refused("Content-Type", illegal_argument(f"invalid media-type [{content_type}]"))
    _check_match(content_type, None if accept == "*/*" else accept, profile)
    if not _version(content_type) and content_type.partition(";")[0].strip().lower() not in _JSON:
        raise PlainRefusal(406, f"Content-Type header [{content_type}] is not supported")


def answer_media_type(headers: Mapping[str, str]) -> str:
    """The content type of an answer."""
    version = _version(headers.get("Accept"))
    return f"application/vnd.elasticsearch+json;compatible-with={version}" if version else "application/json"


def _version(value: str | None) -> int | None:
    match = _COMPATIBLE.fullmatch(value or "")
    return int(match[1]) if match else None


def _check_version(name: str, value: str | None, profile: Profile) -> None:
    version = _version(value)
    if version is not None and version not in profile.compatible_majors:
        older, newer = profile.compatible_majors
        text = f"version must be either version {newer} or {older}, but found {version}"
        raise _refused("Content-Type, Accept", bad_request(f"{name} {text}. {name}={value}"))


def _check_match(content_type: str, accept: str | None, profile: Profile) -> None:
    sent, wanted = _version(content_type), _version(accept)
    if sent == wanted:
        return
    text = (
        "is required on both Content-Type and Accept headers if either one has requested a compatible version"
    )
    current = max(profile.compatible_majors)
    text += " and the compatible versions must match" if (sent or current) != (wanted or current) else ""
    found = f"Accept={accept or 'null'}, Content-Type={content_type}"
    raise _refused("Content-Type, Accept", bad_request(f"A compatible version {text}. {found}"))


def _refused(headers: str, cause: Refusal) -> Refusal:
    text = f"Invalid media-type value on headers [{headers}]"
    plain = {"content-type": "application/json"}
    return Refusal(400, "media_type_header_exception", text, cause=cause, headers=plain)
