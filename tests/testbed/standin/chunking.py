"""The rules of `chunking_settings`, and what is stored for them."""

from typing import Any

from testbed.standin.javatext import java_text
from testbed.standin.refusal import illegal_argument, invalid

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
_TITLES = {
    "word": "Word based chunking settings can not have the following settings",
    "sentence": "Sentence based chunking settings can not have the following settings",
    "recursive": "Recursive chunking settings can not have the following settings",
    "none": "When chunking is disabled (none), settings can not have the following",
}
_KNOWN = {
    "word": ("max_chunk_size", "overlap"),
    "sentence": ("max_chunk_size", "sentence_overlap"),
    "recursive": ("max_chunk_size", "separators", "separator_group"),
    "none": (),
}
_SMALLEST = {"word": 10, "sentence": 20, "recursive": 10}


def parse_chunking(given: dict[str, Any]) -> dict[str, Any]:
    """The chunking settings to store; raises what the server answers to wrong ones."""
    if not given:
        return dict(DEFAULT)
    strategy = str(given.pop("strategy", None) or "").lower()
    if not strategy:
        raise illegal_argument("Can't generate Chunker without ChunkingStrategy provided")
    if strategy not in _KNOWN:
        raise illegal_argument(f"Invalid chunkingStrategy {strategy}")
    problems = _unknown(strategy, given) or _problems(strategy, given)
    if problems:
        raise invalid(problems)
    return {"strategy": strategy, **_completed(strategy, given)}


def _unknown(strategy: str, given: dict[str, Any]) -> list[str]:
    extra = [name for name in given if name not in _KNOWN[strategy]]
    return [f"{_TITLES[strategy]}: {java_text(extra)}"] if extra else []


def _problems(strategy: str, given: dict[str, Any]) -> list[str]:
    if strategy == "none":
        return []
    size = given.get("max_chunk_size")
    if size is None:
        return ["[chunking_settings] does not contain the required setting [max_chunk_size]"]
    if size < _SMALLEST[strategy]:
        least = float(_SMALLEST[strategy])
        text = f"[max_chunk_size] must be greater than or equal to [{least}]"
        return [f"[chunking_settings] Invalid value [{float(size)}]. {text}"]
    return _overlap_problems(strategy, given, size)


def _overlap_problems(strategy: str, given: dict[str, Any], size: int) -> list[str]:
    if strategy == "word":
        overlap = given.get("overlap")
        if overlap is None:
            return ["[chunking_settings] does not contain the required setting [overlap]"]
        if overlap > size // 2:
            text = f"[overlap] must be less than or equal to [{float(size // 2)}]"
            return [f"[chunking_settings] Invalid value [{float(overlap)}]. {text}"]
    if strategy == "sentence" and given.get("sentence_overlap", 1) not in (0, 1):
        return [f"sentence_overlap[{given['sentence_overlap']}] must be either 0 or 1"]
    return []


def _completed(strategy: str, given: dict[str, Any]) -> dict[str, Any]:
    if strategy == "sentence":
        return {"sentence_overlap": 1, **given}
    if strategy == "recursive":
        group = str(given.pop("separator_group", "plaintext")).lower()
        return {"separators": _SEPARATORS.get(group, []), **given}
    return given
