"""What people read is true: generated parts are current, links lead somewhere, examples are valid, commands exist."""

import re
from functools import cache
from pathlib import Path

import pytest
import yaml

from demo import manifests
from inference_operator import reasons
from inference_operator.api.v1alpha1 import InferenceEndpointSpec
from inference_operator.errors import Reason
from inference_operator.reference import reference, variables, with_variables
from inference_operator.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
PACKAGE = ROOT / "operator" / "inference_operator"
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def blocks(language: str) -> list[str]:
    """The code blocks of the README in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


@cache
def sections() -> list[str]:
    """The sections of the page of reasons, each from its title on."""
    return reasons.page().split("\n### ")[1:]


def test_reference_is_current() -> None:
    """docs/reference.md is what `make generate` writes."""
    assert (ROOT / "docs" / "reference.md").read_text() == reference()


def test_page_of_reasons_is_current() -> None:
    """docs/reasons.md is what `make generate` writes."""
    assert (ROOT / "docs" / "reasons.md").read_text() == reasons.page()


def test_every_reason_has_meaning_cause_and_advice() -> None:
    """One that is not in the form that the generator reads would be left out of the page, which has each in its section."""
    known = reasons.entries()
    assert list(known) == list(Reason)
    assert all(entry.group and entry.meaning and entry.cause and entry.do for entry in known.values())
    assert [section.split("\n")[0] for section in sections()] == [str(r) for r in Reason]


def test_page_of_reasons_says_where_each_is_seen() -> None:
    """Whatever a module gives a reason to, an error, a condition or an event, the page has found it."""
    sources = "".join(path.read_text() for path in PACKAGE.rglob("*.py") if path.name != "reasons.py")
    given = [reason for reason in Reason if re.search(rf"\bReason\.{reason.name}\b", sources)]
    silent = [section.split("\n")[0] for section in sections() if "\n- Seen in: " not in section]
    assert [reason for reason in given if str(reason) in silent] == []


@pytest.mark.parametrize(
    ("reason", "line"),
    [
        (Reason.SYNCED, "Seen in: `Ready=True`, `Synced=True`."),
        (Reason.CREATED, "Seen in: an event."),
        (Reason.DELETED, "Seen in: an event."),
        (Reason.UNKNOWN_SERVICE, "Seen in: `Ready=False`, `Synced=False`, `Stalled=True`."),
        (Reason.UNKNOWN_SERVICE, "Tried again: when somebody has acted, and at each `interval`."),
        (Reason.SECRET_NOT_FOUND, "Tried again: when what is awaited has happened, and at each `interval`."),
        (Reason.PROVIDER_UNAVAILABLE, "Tried again: by itself, soon and then less often."),
        (Reason.AVAILABILITY_UNKNOWN, "Seen in: `Available=Unknown`."),
        (Reason.NO_CAPACITY, "Seen in: `Ready=False`, `Available=False`, `Reconciling=True`."),
        (Reason.IN_USE, "Seen in: `DeletionBlocked=True`."),
        (
            Reason.UNAUTHORIZED,
            "Seen in: `Ready=False`, `ConnectionReady=False`, `Synced=False`, `Stalled=True`, `Authenticated=False`.",
        ),
    ],
)
def test_page_of_reasons_tells_conditions_and_retries(reason: Reason, line: str) -> None:
    """Both follow from the code: from the error that a reason is raised with, and what becomes of that."""
    section = next(section for section in sections() if section.startswith(f"{reason}\n"))
    assert f"- {line}\n" in section


def test_readme_has_a_current_table_of_variables() -> None:
    """Each setting has its row, between the marks that `make generate` looks for."""
    assert variables() in README
    assert with_variables(README) == README
    assert variables().count(PREFIX) == len(Settings.model_fields)


def test_readme_shows_a_short_and_valid_endpoint_first() -> None:
    """The first thing to see is an endpoint of at most 15 lines that the API takes."""
    example, *_ = blocks("yaml")
    assert len(example.splitlines()) <= 15
    resource = yaml.safe_load(example)
    assert resource["kind"] == "InferenceEndpoint"
    InferenceEndpointSpec.model_validate(resource["spec"])
    assert README.index("```yaml") < README.index("```console")


def test_make_targets_in_the_readme_exist() -> None:
    """Each `make TARGET` that it names can be called."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = set(re.findall(r"(?:`|\$ )make ([a-z-]+)", README))
    assert {"demo", "test"} <= named <= targets


def test_modules_in_the_readme_exist() -> None:
    """The tree under "How it works" names what is there."""
    tree = next(block for block in blocks("") if block.startswith("operator/inference_operator/"))
    for name in re.findall(r"^  (\S+)", tree, re.MULTILINE):
        assert (PACKAGE / name).is_dir() or (PACKAGE / f"{name}.py").is_file(), name


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    """A link to a file of the repository names one that is there."""
    targets = re.findall(r"\]\(([^)#\s]+)[^)]*\)", page.read_text())
    local = [target for target in targets if "://" not in target]
    assert [target for target in local if not (page.parent / target).exists()] == []


def test_readme_shows_what_the_demo_applies() -> None:
    """Its first example is the endpoint that `make demo` shows to work, but for the short interval there."""
    shown = yaml.safe_load(blocks("yaml")[0])
    applied = yaml.safe_load(manifests.reranker("", None).yaml())
    del applied["spec"]["interval"]
    assert shown == applied
