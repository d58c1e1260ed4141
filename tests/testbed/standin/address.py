"""What one needs to know to use a stand-in; its process writes it to a file when it listens."""

from dataclasses import dataclass

READY_FILE = "standin.json"


@dataclass(frozen=True)
class Address:
    """The content of the file."""

    url: str
    ca_file: str | None
    api_key: str
    user: str
    password: str
    control: str
