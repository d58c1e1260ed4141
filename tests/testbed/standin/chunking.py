"""The rules of `chunking_settings`, and what is stored for them."""

from math import inf
from typing import Any

from testbed.standin.javatext import hash_order, java_text
from testbed.standin.profiles import Profile
from testbed.standin.refusal import illegal_argument, invalid
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
    if given.get("strategy") is None:
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
    if extra:
        text = f"{_TITLES[strategy]} chunking settings can not have the following settings"
        raise invalid([f"{text}: [{', '.join(extra)}]"])


def _problems(strategy: str, settings: dict[str, Any], profile: Profile) -> list[str]:
    size, overlap = settings["max_chunk_size"], settings.get("overlap", 0)
    most = profile.longest_sentence_chunk if strategy == "sentence" else inf
    if size < _SMALLEST[strategy]:
        return [_out_of_range("max_chunk_size", size, "greater", _SMALLEST[strategy], profile)]
    if size > most:
        return [_out_of_range("max_chunk_size", size, "less", most, profile)]
    if overlap > size // 2:
        return [_out_of_range("overlap", overlap, "less", size // 2, profile)]
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
