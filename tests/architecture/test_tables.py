"""Every table is known to the migrations, and no table class hides one."""

import ast
import re
from pathlib import Path


def test_every_table_class_is_in_the_migrations(root: Path, sources) -> None:
    named = {
        statement.value.value
        for tree in sources.values()
        for statement in ast.walk(tree)
        if isinstance(statement, ast.Assign)
        and ast.unparse(statement.targets[0]) == "__tablename__"
        and isinstance(statement.value, ast.Constant)
    }
    made: set[str] = set()
    for script in (root / "migrations" / "versions").glob("*.py"):
        made |= set(re.findall(r'create_table\(\s*"(\w+)"', script.read_text()))

    assert len(named) > 20
    assert named <= made


def test_every_table_has_a_name_of_its_own(sources) -> None:
    unnamed = [
        f"{path}: {node.name}"
        for path, tree in sources.items()
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
        and any(k.arg == "table" for k in node.keywords)
        and "__tablename__" not in ast.unparse(node)
    ]

    assert unnamed == []
