"""The rules of `chunking_settings`, and what is stored for them."""

from math import inf
from typing import Any

from testbed.standin.javatext import hash_order, java_text
from testbed.standin.profiles import Profile
from testbed.standin.refusal import Refusal, illegal_argument, invalid
from testbed.standin.services import Setting
from testbed.standin.values import read

DEFAULT = {"strategy": "sentence", "max_chunk_size": 250, "sentence_overlap": 1}
LEGACY = {"strategy": "word", "max_chunk_size": 250, "overlap": 100}
_SEPARATORS = {
    "markdown": [
        *(f"\n{'#' * level} " for level in range(1, 7)),
        "\n^(?!\\s*$).*\\n-{1,}\\n",
        "\n^(?!\\s*$).*\\n={1,}\\n",
    ],
    "plaintext": ["(?<!\\n)\\n\\n(?!\\n)", "(?<!\\n)\\n(?!\\n)"],
}
_SIZE = Setting("max_chunk_size", "count", required=True)
_SETTINGS = {
    "word": (_SIZE, Setting("overlap", "count", required=True)),
    "sentence": (_SIZE, Setting("sentence_overlap", "integer")),
    "recursive": (_SIZE, Setting("separators", "list"), Setting("separator_group", tuple(_SEPARATORS))),
    "none": (),
}
_SMALLEST = {"word": 10, "sentence": 20, "recursive": 10, "none": 0}
_TITLES = {"word": "Word based", "sentence": "Sentence based", "recursive": "Recursive"}


def parse_chunking(given: dict[str, Any], profile: Profile) -> dict[str, Any]:
    """The chunking settings to store; raises what the server answers to wrong ones."""
    if not given:
        return dict(DEFAULT)
    if given.get("strategy", "") is None:
        text = 'Cannot invoke "Object.toString()" because the return value of "java.util.Map.get(Object)" is null'
        raise Refusal(500, "null_pointer_exception", text)
    if "strategy" not in given:
        raise illegal_argument("Can't generate Chunker without ChunkingStrategy provided")
    strategy = java_text(given.pop("strategy"))
    if strategy not in _SETTINGS:
        raise illegal_argument(f"Invalid chunkingStrategy {strategy}")
    if strategy == "none":
        return {"strategy": "none"}
    _refuse_unknown(strategy, given)
    known = _SETTINGS[strategy]
    settings = {**read(known[:1], given, "chunking_settings"), **read(known[1:], given, "chunking_settings")}
    if problems := _problems(strategy, settings, profile):
        raise invalid(problems)
    return {"strategy": strategy, **_completed(strategy, settings)}


def _refuse_unknown(strategy: str, given: dict[str, Any]) -> None:
    known = [setting.name for setting in _SETTINGS[strategy]]
    extra = [name for name in hash_order(list(given)) if name not in known]
    missing = [one.name for one in _SETTINGS[strategy] if one.required and given.get(one.name) is None]
    if extra:
        text = f"{_TITLES[strategy]} chunking settings can not have the following settings"
        needed = [f"[chunking_settings] does not contain the required setting [{name}]" for name in missing]
        raise invalid([f"{text}: [{', '.join(extra)}]", *needed])


def _problems(strategy: str, settings: dict[str, Any], profile: Profile) -> list[str]:
    size = settings["max_chunk_size"]
    longest = profile.longest_sentence_chunk if strategy == "sentence" else inf
    ranges = (("max_chunk_size", _SMALLEST[strategy], longest), ("overlap", -inf, size // 2))
    for name, least, most in ranges:
        value = settings.get(name, 0)
        if value < least:
            return [_out_of_range(name, value, "greater", least, profile)]
        if value > most:
            return [_out_of_range(name, value, "less", most, profile)]
    return _contradictions(settings)


def _contradictions(settings: dict[str, Any]) -> list[str]:
    if settings.get("sentence_overlap", 1) not in (0, 1):
        return [f"sentence_overlap[{settings['sentence_overlap']}] must be either 0 or 1"]
    if "separators" in settings and "separator_group" in settings:
        return ["Recursive chunking settings can not have both separators and separator_set"]
    if settings.get("separators") == []:
        return ["Recursive chunking settings can not have an empty list of separators"]
    return []


def _out_of_range(name: str, value: int, side: str, limit: float, profile: Profile) -> str:
    text = f"[{name}] must be {profile.limit_article}{side} than or equal to [{float(limit)}]"
    return f"[chunking_settings] Invalid value [{float(value)}]. {text}"


def _completed(strategy: str, settings: dict[str, Any]) -> dict[str, Any]:
    if strategy == "sentence":
        return {"sentence_overlap": 1, **settings}
    if strategy == "recursive":
        group = settings.pop("separator_group", "plaintext")
        return {"separators": _SEPARATORS[group], **settings}
    return settings
