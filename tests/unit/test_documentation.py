"""What people read is true: generated parts are current, links lead somewhere, examples are valid, commands exist."""

import re
from pathlib import Path

import pytest
import yaml

from demo import manifests
from inference_operator.api.v1alpha1 import InferenceEndpointSpec
from inference_operator.errors import Reason
from inference_operator.reference import reference, variables, with_variables
from inference_operator.settings import PREFIX, Settings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def blocks(language: str) -> list[str]:
    """The code blocks of the README in one language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)


def test_reference_is_current() -> None:
    """docs/reference.md is what `make generate` writes."""
    assert (ROOT / "docs" / "reference.md").read_text() == reference()


def test_reference_has_every_reason() -> None:
    """A reason that is not in the form that the generator reads would be left out."""
    assert set(re.findall(r"^\| `([A-Z]\w+)` \|", reference(), re.MULTILINE)) == {str(r) for r in Reason}


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
    package = ROOT / "operator" / "inference_operator"
    for name in re.findall(r"^  (\S+)", tree, re.MULTILINE):
        assert (package / name).is_dir() or (package / f"{name}.py").is_file(), name


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
