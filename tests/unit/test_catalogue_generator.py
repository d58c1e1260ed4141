"""The generator reads the specification's TypeScript, tells since when there is what, and stops where a person must judge."""

import subprocess
from pathlib import Path

import pytest

from catalogue.derive import as_text, derive
from catalogue.specification import Specification, releases

REQUEST = """
/**
 * @availability stack since={since}.0 stability=stable
 */
export interface Request extends RequestBase {{
  path_parts: {{
    task_type: AcmeTaskType
  }}
  body: {{
    service: AcmeServiceType
    service_settings: AcmeServiceSettings
    task_settings?: AcmeTaskSettings
    chunking_settings?: InferenceChunkingSettings
  }}
}}
"""
TYPES = """
export enum AcmeServiceType {{
  'acme-ai'
}}
export enum AcmeTaskType {{
  {tasks}
}}
export enum AcmeShape {{
  round,
  SQUARE
}}
export class AcmeServiceSettings {{
  /** A valid key. */
  {secret}: string
  /**
   * For a `rerank` task, the shape.
   * @server_default round
   */
  shape?: AcmeShape
  /**
   * By default, the `acme-ai` service sets the number of requests allowed per minute to 240.
   */
  rate_limit?: RateLimitSetting
}}
export class AcmeTaskSettings {{
  headers?: Dictionary<string, string>
  /** @server_default false */
  strict?: boolean
  scopes?: Array<string>
  {more}
}}
"""
OLD = {"since": "8.16", "tasks": "rerank,\n  text_embedding", "secret": "api_key", "more": ""}
NEW = {**OLD, "tasks": "rerank,\n  completion,\n  text_embedding", "more": "top_n?: integer"}


def git(repository: Path, *arguments: str) -> None:
    """Run git without the user's own settings."""
    who = ["-c", "user.name=test", "-c", "user.email=test@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", repository, *who, *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """An empty clone."""
    git(tmp_path, "init", "--initial-branch=main")
    return tmp_path


def release(repository: Path, branch: str, **parts: str) -> None:
    """A branch whose specification has one service."""
    folder = repository / "specification" / "inference"
    for path, text in (("put_acme/PutAcmeRequest.ts", REQUEST), ("_types/AcmeTypes.ts", TYPES)):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text.format(**parts))
    git(repository, "checkout", "-B", branch)
    git(repository, "add", ".")
    git(repository, "commit", "--message=specify", "--allow-empty")


def test_newest_release_is_described_and_older_ones_say_since_when(repository: Path) -> None:
    """Task types and settings that came later are dated; a correction is merged in, and null takes something out."""
    release(repository, "8.18", **OLD)
    release(repository, "9.10", **NEW)
    correction = {"services": {"acme-ai": {"taskSettings": {"scopes": None, "top_n": {"required": True}}}}}
    found = derive(repository, [correction])
    assert found["specification"].startswith("elastic/elasticsearch-specification, branch 9.10, commit ")
    assert found["services"]["acme-ai"] == {
        "taskTypes": {"completion": "9.10", "rerank": "8.18", "text_embedding": "8.18"},
        "serviceSettings": {
            "api_key": {"type": "string", "required": True, "secret": True},
            "shape": {"type": "string", "enum": ["round", "SQUARE"], "default": "round", "tasks": ["rerank"]},
            "rate_limit": {"type": "object", "default": 240},
        },
        "taskSettings": {
            "headers": {"type": "object"},
            "strict": {"type": "boolean", "default": False},
            "top_n": {"type": "integer", "since": "9.10", "required": True},
        },
        "chunkingSettings": ["text_embedding"],
    }


def test_request_that_is_for_a_later_release_is_left_out(repository: Path) -> None:
    """A branch may describe ahead of time what its release does not have."""
    release(repository, "8.18", **{**OLD, "since": "8.19"})
    release(repository, "8.19", **OLD)
    assert derive(repository, [])["services"]["acme-ai"]["taskTypes"]["rerank"] == "8.19"


def test_name_that_may_be_a_secret_stops_the_generator(repository: Path) -> None:
    """Whether a new setting is one is for a person to say."""
    release(repository, "9.5", **{**OLD, "secret": "session_token"})
    with pytest.raises(ValueError, match="session_token may be a secret"):
        Specification.read(repository, "9.5", releases(repository)["9.5"]).services()


def test_each_setting_is_one_line() -> None:
    """So a change of one shows as one."""
    catalogue = {
        "services": {"acme": {"settings": {"a": {"type": "string"}, "b": {"enum": ["c"]}}, "none": {}}}
    }
    assert as_text(catalogue).splitlines()[3:6] == [
        '      "settings": {',
        '        "a": {"type": "string"},',
        '        "b": {"enum": ["c"]}',
    ]
