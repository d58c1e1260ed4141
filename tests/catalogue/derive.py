"""`python -m catalogue.derive SPECIFICATION TARGET`: the service catalogue, from a clone of elastic/elasticsearch-specification.

What there is comes from the branch of the newest release, and since when from those of the older ones.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from catalogue.specification import Facts, Specification, commit, number, releases

OLDEST = (8, 18)
"""The operator supports nothing older, so what is older is said to be there since then."""
CORRECTIONS = Path(__file__).with_name("corrections.yaml")


def derive(repository: Path, corrections: Iterable[Facts]) -> Facts:
    """The whole catalogue."""
    refs = {release: ref for release, ref in releases(repository).items() if number(release) >= OLDEST}
    history = {
        release: Specification.read(repository, release, ref).services() for release, ref in refs.items()
    }
    newest = list(refs)[-1]
    services = history[newest]
    for name, service in services.items():
        _date(service, {release: known[name] for release, known in history.items() if name in known})
    for correction in corrections:
        services = merged(services, correction["services"])
    for service in services.values():
        service["taskTypes"] = dict(sorted(service["taskTypes"].items()))
        service["chunkingSettings"].sort()
    source = (
        f"elastic/elasticsearch-specification, branch {newest}, commit {commit(repository, refs[newest])}"
    )
    return {"specification": source, "services": services}


def _date(service: Facts, history: Mapping[str, Facts]) -> None:
    """Say since which release there is a task type, and a setting if it is younger than its service."""
    oldest = next(iter(history))
    service["taskTypes"] = {task: _first(history, "taskTypes", task) for task in service["taskTypes"]}
    for section in ("serviceSettings", "taskSettings"):
        for name, setting in service[section].items():
            if (since := _first(history, section, name)) != oldest:
                setting["since"] = since


def _first(history: Mapping[str, Facts], section: str, name: str) -> str:
    return next(release for release, service in history.items() if name in service[section])


def merged(base: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """The nested mappings of both; null in `changes` takes something out."""
    result = dict(base)
    for key, value in changes.items():
        result[key] = merged(result.get(key) or {}, value) if isinstance(value, Mapping) else value
    return {key: value for key, value in result.items() if value is not None}


def as_text(catalogue: Facts) -> str:
    """JSON in which each setting is one line, so that a change of one shows as one."""
    return "".join(_lines(catalogue)) + "\n"


def _lines(value: Any, indent: str = "") -> Iterator[str]:
    if (
        not isinstance(value, dict)
        or not value
        or not any(isinstance(inner, dict) for inner in value.values())
    ):
        yield json.dumps(value, ensure_ascii=False)
        return
    yield "{\n"
    for count, (key, inner) in enumerate(value.items(), 1):
        yield f"{indent}  {json.dumps(key)}: "
        yield from _lines(inner, indent + "  ")
        yield ",\n" if count < len(value) else "\n"
    yield indent + "}"


def main(arguments: Sequence[str]) -> None:
    """Write the catalogue."""
    repository, target = map(Path, arguments)
    catalogue = derive(repository, yaml.safe_load(CORRECTIONS.read_text()))
    target.write_text(as_text(catalogue), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
