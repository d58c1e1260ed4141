"""`python -m catalogue.page TARGET`: the page about the services, from the catalogue that comes with the operator."""

import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import yaml

from inference_operator.catalogue import Service, Setting, load
from testbed.pairs import Pair

_INTRODUCTION = """\
<!-- Made by `make generate` from operator/inference_operator/catalogue.json; do not edit. -->

# Services

What the services of the inference API need, and since which Elasticsearch there is which task type. What your cluster knows
it says itself (`GET _inference/_services`), and it has the last word: the operator passes every service and every setting on.

8.18 stands for 8.18 and older, which the operator does not support. What came with 8.19 is in 9.1, but not in 9.0.

Settings are given by their paths in the spec of an `InferenceEndpoint`. Secrets belong under `secretSettings`, never into the
settings themselves. The default of `rate_limit` is its `requests_per_minute`.

The examples are the smallest definitions that work; each expects a connection `main`, and its secrets in a Secret.

Source: {source}; corrected where servers were seen to do otherwise.

"""


def page() -> str:
    """The whole page."""
    catalogue = load()
    tasks = sorted({task for service in catalogue.services.values() for task in service.task_types})
    rows = [
        [_link(name), *(service.task_types.get(task, "") for task in tasks)]
        for name, service in catalogue.services.items()
    ]
    head = _INTRODUCTION.format(source=catalogue.specification)
    sections = (_section(name, service) for name, service in catalogue.services.items())
    return head + _table(["service", *_coded(tasks)], rows) + "".join(sections)


def _section(name: str, service: Service) -> str:
    task = "text_embedding" if "text_embedding" in service.task_types else next(iter(service.task_types))
    settings = _table(["setting", "type", "task types", "since", ""], _rows(service))
    return f"\n## {name}\n\n{settings}\n```yaml\n{_example(Pair(name, task))}```\n"


def _rows(service: Service) -> Iterator[list[str]]:
    for section, settings in (
        ("serviceSettings", service.service_settings),
        ("taskSettings", service.task_settings),
    ):
        for name, setting in settings.items():
            path = f"`/{section}/{name}`"
            yield [f"**{path}**" if setting.required else path, setting.type, *_facts(setting)]
    if service.chunking_settings:
        yield ["`/chunkingSettings`", "object", _codes(service.chunking_settings), "", ""]


def _facts(setting: Setting) -> list[str]:
    return [_codes(setting.tasks), setting.since or "", "; ".join(_remarks(setting))]


def _remarks(setting: Setting) -> Iterator[str]:
    if setting.required:
        yield f"required, unless {_codes(setting.unless)} is set" if setting.unless else "required"
    if setting.secret:
        yield "secret"
    if setting.enum:
        yield f"one of {_codes(setting.enum)}"
    if setting.default is not None:
        yield f"default {_default(setting.default)}"


def _default(value: object) -> str:
    """A default; numbers by task type are those of a rate limit."""
    if isinstance(value, dict):
        return ", ".join(f"{limit} for `{task}`" for task, limit in value.items())
    return f"`{str(value).lower()}`"


def _example(pair: Pair) -> str:
    """The smallest resource for the pair, as the tests apply it."""
    secret = pair.service.replace("_", "-")
    [manifest] = pair.endpoint(pair.name, secret).manifests()
    return yaml.safe_dump(manifest, sort_keys=False, width=120)


def _link(name: str) -> str:
    return f"[{name}](#{name})"


def _codes(words: Iterable[str]) -> str:
    return ", ".join(_coded(words))


def _coded(words: Iterable[str]) -> list[str]:
    return [f"`{word}`" for word in words]


def _table(titles: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [titles, ["---"] * len(titles), *rows]
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def main(arguments: Sequence[str]) -> None:
    """Write the page."""
    [target] = arguments
    Path(target).write_text(page(), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
