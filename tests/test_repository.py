"""The rules of the repository that no other tool checks: layout, sizes, documentation, generated files."""

import ast
import operator
import os
import re
import statistics
import subprocess
import sys
import sysconfig
import tomllib
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "operator"
PACKAGE = SOURCE / "inference_operator"
MODULES = sorted(PACKAGE.rglob("*.py"))
GENERATED = ROOT / "crds"

# Spelled in parts, so that this file passes its own test.
INDEX_HOSTS = (
    "pypi org",
    "pythonhosted org",
    "proxy golang org",
    "sum golang org",
    "crates io",
    "registry npmjs org",
    "registry yarnpkg com",
    "repo1 maven org",
    "repo maven apache org",
    "deb debian org",
)
MACHINE_PATHS = r"(?<![\w.)}])/(?:work|root|farm)\b"
FORBIDDEN = re.compile(
    "|".join([*(re.escape(host.replace(" ", ".")) for host in INDEX_HOSTS), MACHINE_PATHS])
)


def tracked() -> list[Path]:
    """The files that git has, or would take with the next `git add`."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [path for name in listed.stdout.split("\0") if name and (path := ROOT / name).is_file()]


def functions(module: Path) -> Iterator[tuple[str, int]]:
    """Each function of a module with its number of lines, docstring left out."""
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            doc = node.body[0] if ast.get_docstring(node) is not None else None
            docstring_lines = (doc.end_lineno or 0) - doc.lineno + 1 if doc else 0
            yield f"{module.stem}.{node.name}", (node.end_lineno or 0) - node.lineno + 1 - docstring_lines


def test_operator_folder_is_a_source_root() -> None:
    """operator/ holds one package and no __init__.py, so that `import operator` is the standard library's."""
    assert not (SOURCE / "__init__.py").exists()
    assert [p.name for p in SOURCE.iterdir() if p.is_dir() and p.name != "__pycache__"] == [PACKAGE.name]
    assert Path(operator.__file__).is_relative_to(sysconfig.get_path("stdlib"))


def test_every_module_has_a_place_in_the_import_contracts() -> None:
    """A new module must be put into a layer, and a layer names no module that is gone."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    layers = next(contract for contract in contracts if contract["type"] == "layers")
    placed = {name.strip() for layer in layers["layers"] for name in layer.split("|")}
    modules = {path.relative_to(PACKAGE).parts[0].removesuffix(".py") for path in MODULES}
    assert modules - {"__init__"} == placed


def test_modules_are_short() -> None:
    """No module of the package has more than 300 lines."""
    assert [path.name for path in MODULES if len(path.read_text().splitlines()) > 300] == []


def test_functions_are_short() -> None:
    """No function has more than 50 lines, and half of them have 10 or fewer."""
    lengths = dict(found for module in MODULES for found in functions(module))
    assert {name: lines for name, lines in lengths.items() if lines > 50} == {}
    assert statistics.median(lengths.values()) <= 10


def test_generated_crds_are_current(tmp_path: Path) -> None:
    """crds/ holds exactly what `make generate` writes."""
    subprocess.run(
        [sys.executable, "-m", "inference_operator.crd", str(tmp_path)],
        check=True,
        env={**os.environ, "PYTHONPATH": str(SOURCE)},
    )
    written = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert written
    assert {path.name: path.read_text() for path in GENERATED.iterdir()} == written


def test_no_file_names_a_package_index_or_a_path_of_one_machine() -> None:
    """Where packages come from, and where a checkout lies, is the business of each machine."""
    found = {}
    for path in tracked():
        hits = FORBIDDEN.findall(path.read_bytes().decode("utf-8", errors="replace"))
        if hits:
            found[str(path.relative_to(ROOT))] = sorted(set(hits))
    assert found == {}


def test_every_make_target_has_a_help_text() -> None:
    """`make help` lists every target a person may call."""
    makefile = (ROOT / "Makefile").read_text()
    phony = re.search(r"^\.PHONY: ((?:.*\\\n)*.*)$", makefile, re.MULTILINE)
    assert phony
    targets = set(phony[1].replace("\\\n", " ").split())
    assert targets == set(re.findall(r"^([a-z-]+):.* ## \S", makefile, re.MULTILINE))
    assert targets == set(re.findall(r"^([a-z-]+):(?!=)", makefile, re.MULTILINE))


@pytest.mark.parametrize("name", ["dev", "runtime"])
def test_requirements_are_pinned_by_hash(name: str) -> None:
    """Each requirement has one version and its hashes, and no line says where to download from."""
    text = (ROOT / "requirements" / f"{name}.txt").read_text().replace("\\\n", " ")
    pinned = re.compile(r"[a-z0-9.-]+==\S+( ; [^#]+?)?( +--hash=sha256:[0-9a-f]{64})+")
    assert [line for line in text.splitlines() if not pinned.fullmatch(line)] == []


def test_every_reason_says_what_it_means() -> None:
    """Each member of Reason is followed by a sentence, which becomes the reference for users."""
    tree = ast.parse((PACKAGE / "errors.py").read_text())
    reason = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == "Reason")
    silent = [
        ast.unparse(member)
        for member, following in pairwise([*reason.body, ast.Pass()])
        if isinstance(member, ast.Assign)
        and not (isinstance(following, ast.Expr) and isinstance(following.value, ast.Constant))
    ]
    assert silent == []


def test_every_reason_is_given_somewhere() -> None:
    """A reason that no module gives would promise what never happens."""
    sources = "".join(p.read_text() for p in PACKAGE.rglob("*.py") if p.name != "errors.py")
    members = re.findall(r'(?m)^    ([A-Z_]+) = "', (PACKAGE / "errors.py").read_text())
    assert [name for name in members if f"Reason.{name}" not in sources] == []
