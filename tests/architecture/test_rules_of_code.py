"""Who may commit, ask for the time or make an id, and which names the cores make public."""

import ast
import importlib
import inspect
from collections.abc import Iterator

import pytest

CORES = (
    "audit.canonical",
    "audit.commitments",
    "audit.merkle",
    "audit.notes",
    "audit.signing_keys",
    "crowd.aggregation",
)
# What belongs to a request, and the ways around our clock and our ids.
FORBIDDEN_IN_THE_DOMAIN = {"current_app", "g", "request", "uuid1", "uuid4", "utcnow", "today"}
ITS_OWN_CLOCK = "platform/folkmoot/kernel/clock.py"


def calls(tree: ast.AST, *names: str) -> Iterator[ast.Call]:
    """Return the calls of methods with these names."""
    for node in ast.walk(tree):
        method = node.func if isinstance(node, ast.Call) else None
        if isinstance(method, ast.Attribute) and method.attr in names:
            yield node


def test_only_the_unit_of_work_ends_a_transaction(sources) -> None:
    # `commit` with arguments is the cryptographic one of audit.commitments.
    ended = {
        path
        for path, tree in sources.items()
        for call in calls(tree, "commit", "begin", "rollback")
        # A bench fills databases in bulk, and measures the bare driver beside us.
        if not call.args and not path.startswith("platform/folkmoot/bench/")
    }

    kernel = "platform/folkmoot/kernel"
    assert ended == {f"{kernel}/unit_of_work.py", f"{kernel}/group_commit.py"}


def test_the_domain_asks_one_clock_and_makes_ids_in_one_place(domain) -> None:
    found = [
        f"{path}:{call.lineno}"
        for path, tree in domain.items()
        for call in calls(tree, "now", "utcnow", "today", "time", "uuid4", "uuid1")
        if ast.unparse(call.func) not in {"clock.now"} and path != ITS_OWN_CLOCK
    ]

    assert found == []


def test_the_domain_knows_no_request(domain) -> None:
    imported = {
        f"{path}: {alias.name}"
        for path, tree in domain.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.name in FORBIDDEN_IN_THE_DOMAIN
    }

    assert imported == set()


def test_services_take_the_unit_of_work_first(sources) -> None:
    elsewhere = [
        f"{path}:{node.lineno} {node.name}"
        for path, tree in sources.items()
        if path.startswith(("audit/", "crowd/", "governance/"))
        for node in tree.body
        if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")
        if "uow" in (names := [argument.arg for argument in node.args.args]) and names[0] != "uow"
    ]

    assert elsewhere == []


def test_nothing_but_tests_asserts(sources) -> None:
    asserted = [
        f"{path}:{node.lineno}"
        for path, tree in sources.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.Assert)
    ]

    assert asserted == []


@pytest.mark.parametrize("core", CORES)
def test_a_core_lists_exactly_what_is_public(core: str) -> None:
    module = importlib.import_module(core)
    is_package = hasattr(module, "__path__")

    def is_public(name: str, value: object) -> bool:
        if name.startswith("_") or inspect.ismodule(value):
            return False
        owner = getattr(value, "__module__", None)
        return bool(owner and (owner.startswith(core) if is_package else owner == core))

    defined = {name for name, value in vars(module).items() if is_public(name, value)}
    assert defined <= set(module.__all__)
    assert all(hasattr(module, name) for name in module.__all__)
