"""Secret values stay inside the process."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inference_operator.secret import MASK, Fingerprinter, Redactor, SecretValue

VALUE = 'sk-ü/+ "4711"?'
"""Has a different form in each encoding."""


def redactor(*values: str) -> Redactor:
    """A redactor that knows `values`."""
    filled = Redactor()
    for value in values:
        filled.learn(SecretValue(value))
    return filled


@pytest.mark.parametrize(
    "show",
    [str, repr, "{}".format, "%s".__mod__, lambda value: f"{[value]}"],
    ids=["str", "repr", "format", "percent", "in a list"],
)
def test_secret_value_shows_itself_only_to_reveal(show: Callable[[SecretValue], str]) -> None:
    """However a value gets into a message, it is masked there."""
    secret = SecretValue(VALUE)
    assert "4711" not in show(secret)
    assert MASK in show(secret)
    assert secret.reveal() == VALUE


def test_secret_value_cannot_be_written_as_json() -> None:
    """A body that must hold the value has to reveal it on purpose."""
    with pytest.raises(TypeError, match="SecretValue"):
        json.dumps({"api_key": SecretValue(VALUE)})


def test_secret_value_has_no_attributes_to_dump() -> None:
    """vars(), which log and error reporters like to print, finds nothing."""
    with pytest.raises(TypeError):
        vars(SecretValue(VALUE))


def test_secret_values_are_compared_by_value() -> None:
    """Equal values are equal, other values and other types are not, and the hash tells nothing."""
    assert SecretValue(VALUE) == SecretValue(VALUE)
    assert SecretValue(VALUE) != SecretValue("other")
    assert SecretValue(VALUE) != VALUE
    assert hash(SecretValue(VALUE)) == hash(SecretValue("other"))


def test_fingerprint_tells_whether_a_value_changed() -> None:
    """Within one process the same value has the same fingerprint and another value another one."""
    fingerprint = Fingerprinter()
    assert fingerprint(b"one") == fingerprint(b"one")
    assert fingerprint(b"one") != fingerprint(b"two")
    assert len(fingerprint(b"")) == 16


def test_fingerprint_means_nothing_elsewhere() -> None:
    """Two fingerprinters, as two processes have, disagree: nobody can look values up in a table."""
    assert Fingerprinter()(b"one") != Fingerprinter()(b"one")


@pytest.mark.parametrize(
    "shown",
    [
        VALUE,
        "c2stw7wvKyAiNDcxMSI/",
        "c2stw7wvKyAiNDcxMSI_",
        "736b2dc3bc2f2b202234373131223f",
        "sk-%C3%BC%2F%2B%20%224711%22%3F",
        r"sk-\u00fc/+ \"4711\"?",
    ],
    ids=["raw", "base64", "base64 for URLs", "hexadecimal", "percent-encoded", "JSON"],
)
def test_redactor_masks_every_form_of_a_value(shown: str) -> None:
    """A remote system may send back what it got in the form that it likes."""
    assert (
        redactor(VALUE).redact(f"bad key <{shown}>, again <{shown}>") == f"bad key <{MASK}>, again <{MASK}>"
    )


def test_redactor_masks_unpadded_and_padded_base64() -> None:
    """The padding of base64 may stay, the value may not."""
    assert redactor("12345678").redact("MTIzNDU2Nzg= MTIzNDU2Nzg") == f"{MASK}= {MASK}"


@given(
    values=st.lists(st.text("ab", min_size=4, max_size=12), max_size=6),
    text=st.text("ab-", max_size=60),
)
def test_nothing_known_is_left(values: list[str], text: str) -> None:
    """However values overlap, each character that belongs to one is hidden, and no other."""
    hidden: set[int] = set()
    for value in values:
        starts = (i for i in range(len(text)) if text.startswith(value, i))
        hidden.update(*(range(i, i + len(value)) for i in starts))
    kept = "".join(c for i, c in enumerate(text) if i not in hidden)
    assert redactor(*values).redact(text).replace(MASK, "") == kept


def test_redactor_masks_the_longer_value_first() -> None:
    """A value that is part of another leaves no rest of the other."""
    assert redactor("secret", "secret-and-more").redact("secret-and-more secret") == f"{MASK} {MASK}"


def test_redactor_learns_while_it_is_used() -> None:
    """A value is masked from the moment on at which it is known, and learning it twice does no harm."""
    filter_ = redactor()
    assert filter_.redact("secret") == "secret"
    filter_.learn(SecretValue("secret"))
    assert filter_.redact("secret") == MASK
    filter_.learn(SecretValue("secret"))
    assert filter_.redact("secret") == MASK


def test_redactor_leaves_short_values_alone() -> None:
    """Masking each `no` or `1` would make every message unreadable."""
    assert redactor("no", "123").redact("no 123") == "no 123"
    assert redactor("1234").redact("no 1234") == f"no {MASK}"


def test_redactor_masks_every_string_of_a_json_value() -> None:
    """Keys and values, in objects and lists, at any depth; what is no string stays."""
    value = {"a hunter2": ["hunter2", {"b": "x hunter2"}], "n": 1, "t": True, "z": None}
    masked = {f"a {MASK}": [MASK, {"b": f"x {MASK}"}], "n": 1, "t": True, "z": None}
    assert redactor("hunter2").redact_all(value) == masked


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain", "plain"),
        ("  two\r\n lines\t", "two lines"),
        ("a\x00b\x1b[31mc\x7fd\x85e", "a b [31mc d e"),
        ("a\u2028b\u2029c", "a b c"),
        ("a\u202eb\u2066c", "a b c"),
        ("", ""),
        ("ä€😀", "ä€😀"),
        ("x" * 512, "x" * 512),
        ("x" * 400 + "y" * 113, "x" * 320 + " … " + "x" * 76 + "y" * 113),
        ("a hunter2 b\n", f"a {MASK} b"),
    ],
    ids=[
        "plain text stays",
        "lines become one",
        "control characters go",
        "separators of Unicode go",
        "bidirectional overrides go",
        "nothing stays nothing",
        "other alphabets stay",
        "512 characters fit",
        "more are cut in the middle",
        "secrets are masked",
    ],
)
def test_sanitised_text(text: str, shown: str) -> None:
    """What a remote system says is shown on one line, without tricks, cut and redacted."""
    assert redactor("hunter2").sanitise(text) == shown


def test_cut_leaves_no_part_of_a_secret() -> None:
    """The text is redacted before it is cut, so no value ends up half shown."""
    for length in range(300, 330):
        assert "unt" not in redactor("hunter2").sanitise("x" * length + "hunter2" + "y" * 400)
