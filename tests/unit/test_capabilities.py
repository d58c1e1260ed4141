"""Which Elasticsearch can do what."""

import pytest

from inference_operator.capabilities import of, supported, version_tuple

# number, flavour: the capabilities in their order, each by a letter
VERSIONS: dict[tuple[str, str], str] = {
    ("8.18.0", "default"): "--------",
    ("8.18.8", "default"): "--------",
    ("8.19.0", "default"): "t-------",
    ("8.20.1", "default"): "t-------",
    ("9.0.0", "default"): "--------",
    ("9.0.8", "default"): "--------",
    ("9.1.0", "default"): "t-------",
    ("9.3.4", "default"): "t-------",
    ("9.4.0", "default"): "tavk--n-",
    ("9.4.3", "default"): "tavk--n-",
    ("9.5.0-SNAPSHOT", "default"): "tavkccns",
    ("9.10.0", "default"): "tavkccns",
    ("10.0.0", "default"): "tavkccns",
    ("8.11.0", "serverless"): "tavkccns",
    ("unreadable", "serverless"): "tavkccns",
    ("unreadable", "default"): "--------",
}


@pytest.mark.parametrize(("version", "letters"), VERSIONS.items(), ids=map(" ".join, VERSIONS))
def test_capabilities_of_a_version(version: tuple[str, str], letters: str) -> None:
    """Each capability is there from the release that brought it, and everything is in a serverless cluster."""
    can = of(*version)
    have = (
        can.put_timeout,
        can.create_answers_mapped,
        can.update_validates,
        can.update_keeps_chunking,
        can.update_changes_chunking,
        can.update_clears,
        can.update_recognises_no_change,
        can.update_keeps_secrets,
    )
    assert "".join(letter if has else "-" for letter, has in zip("tavkccns", have, strict=True)) == letters


@pytest.mark.parametrize(
    ("number", "flavor", "works"),
    [
        ("8.17.10", "default", False),
        ("8.18.0", "default", True),
        ("9.0.0", "default", True),
        ("7.17.29", "default", False),
        ("10.0.0", "default", True),
        ("", "default", False),
        ("8.11.0", "serverless", True),
    ],
)
def test_supported_version(number: str, flavor: str, works: bool) -> None:
    """8.18 is the oldest; the number of a serverless cluster means nothing."""
    assert supported(number, flavor) == works


@pytest.mark.parametrize(
    ("number", "parts"),
    [("9.4.3", (9, 4)), ("9.10.0-SNAPSHOT", (9, 10)), ("10.0", (10, 0)), ("9", (0, 0)), ("v9.4", (0, 0))],
)
def test_version_is_read_as_numbers(number: str, parts: tuple[int, int]) -> None:
    """9.10 is newer than 9.9."""
    assert version_tuple(number) == parts


def test_capabilities_have_names_for_the_status() -> None:
    """The status lists what is there, in CamelCase."""
    assert of("8.18.0", "default").names() == []
    names = ["PutTimeout", "CreateAnswersMapped", "UpdateValidates", "UpdateKeepsChunking"]
    assert of("9.4.3", "default").names() == [*names, "UpdateRecognisesNoChange"]
    assert len(of("9.5.0", "default").names()) == 8
