"""The wheel: what is in it, and that it works alone, in an environment that has nothing but what it declares.

Works without a network: the declared dependencies (and only those) are taken from the environment that runs the tests.
"""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
import zipfile
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder), cwd=ROOT)
    (file,) = folder.glob("*.whl")
    return file


@pytest.fixture(scope="module")
def alone(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The `bin` folder of an environment with the wheel and its declared dependencies, nothing else."""
    folder = tmp_path_factory.mktemp("alone")
    venv.create(folder, with_pip=False, symlinks=True)
    site = Path(sysconfig.get_path("purelib", "venv", vars={"base": str(folder), "platbase": str(folder)}))
    for name in declared("crm-hub"):
        link(name, site)
    python = folder / "bin" / "python"
    run(
        *(sys.executable, "-m", "pip", "--python", str(python), "install", "--quiet"),
        *("--no-index", "--no-deps", "--disable-pip-version-check", str(wheel)),
    )
    return folder / "bin"


def run(*command: str, cwd: Path | None = None, code: int = 0) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == code, (
        f"{' '.join(command)}: exit {done.returncode}\n{done.stdout}\n{done.stderr}"
    )
    return done.stdout


def declared(name: str) -> set[str]:
    """The distributions that `name` needs, and those they need, without any extra of ours."""
    found: set[str] = set()
    waiting: list[tuple[str, str]] = [(name, "")]
    seen: set[tuple[str, str]] = set()
    while waiting:
        current, extra = waiting.pop()
        if (current, extra) in seen:
            continue
        seen.add((current, extra))
        for text in metadata.requires(current) or ():
            need = Requirement(text)
            if need.marker is None or need.marker.evaluate({"extra": extra}):
                other = canonicalize_name(need.name)
                found.add(other)
                waiting += [(other, ""), *((other, e) for e in need.extras)]
    return found


def link(name: str, site: Path) -> None:
    """Put one distribution of ours into the other environment by symbolic links."""
    files = metadata.files(name) or []
    for top in {file.parts[0] for file in files if file.parts[0] not in ("..", "__pycache__")}:
        source = Path(str(metadata.distribution(name).locate_file(top)))
        if not (site / top).exists():
            (site / top).symlink_to(source)


def test_the_wheel_has_three_packages_and_the_data(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"hub", "connectors", "jobs"}
    in_tree = {
        f"hub/_data/{file.relative_to(ROOT)}"
        for folder in ("mappings", "config")
        for file in (ROOT / folder).rglob("*")
        if file.is_file()
    }
    assert in_tree <= set(names)
    assert {
        f"connectors/{f.parent.name}/manifest.toml" for f in (ROOT / "connectors").glob("*/manifest.toml")
    } <= set(names)
    assert "hub/py.typed" in names
    pages = {
        f"hub/{f.relative_to(ROOT / 'hub')}"
        for f in (ROOT / "hub" / "web").rglob("*")
        if f.suffix not in ("", ".pyc")
    }
    assert pages <= set(names)  # words, styles and templates too
    licences = {name.rpartition("/")[2] for name in names if ".dist-info/licenses/" in name}
    assert licences == {"LICENSE", "NOTICE"}
    assert not [name for name in names if "__pycache__" in name or name.startswith("tests")]


def test_alone_it_finds_its_data_and_its_neighbours(alone: Path, tmp_path: Path) -> None:
    code = (
        "from hub import resources; resources.check_siblings();"
        "print(resources.folder('config'), len(resources.maps()), 'env' in resources.config_text('hub.toml'))"
    )
    folder, maps, there = run(str(alone / "python"), "-I", "-c", code, cwd=tmp_path).split()
    assert folder.endswith("hub/_data/config")
    assert int(maps) == len(list((ROOT / "mappings").glob("*/*.toml")))
    assert there == "True"


def test_alone_it_has_no_tools_of_ours(alone: Path, tmp_path: Path) -> None:
    """Proves that the environment is as empty as it claims."""
    code = (
        "import importlib.util as u; print([n for n in ('pytest', 'mypy', 'hypothesis') if u.find_spec(n)])"
    )
    assert run(str(alone / "python"), "-I", "-c", code, cwd=tmp_path).strip() == "[]"


CONNECTIONS = """
[connection.exports]
connector = "files"
path = "in/"
country = "DE"
[connection.exports.customer]
pull = true
[[connection.exports.file]]
object = "customer"
match = "customers*.csv"
id = "id"
map = "customers.toml"
"""
MAP = """
object = "customer"
[pull]
kind = { const = "person" }
given_name = "first"
family_name = "last"
email = "mail"
"""


def test_alone_it_inits_and_syncs(alone: Path, tmp_path: Path) -> None:
    hub, home = str(alone / "hub"), tmp_path / "home"
    run(hub, "init", str(home), cwd=tmp_path)
    (home / "in").mkdir()
    (home / "in" / "customers.csv").write_text(
        "id,first,last,mail\n1,Ann,Lee,ann@example.org\n2,Bo,Ek,bo@example.org\n"
    )
    (home / "connections.toml").write_text(CONNECTIONS)
    (home / "customers.toml").write_text(MAP)
    run(hub, "apply", "connections.toml", cwd=home)
    run(hub, "sync", "--confirm", cwd=home)
    lines = run(hub, "export", "links", cwd=home).splitlines()
    assert lines[0] == "connection,object,external_id,customer_id"
    assert [line.split(",")[:3] for line in lines[1:]] == [
        ["exports", "customer", "1"],
        ["exports", "customer", "2"],
    ]
