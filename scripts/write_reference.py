"""Write the reference pages that are made from the code: `make docs`.

What a thing means stands beside it in the code, as a docstring; here it is only laid out. A test
says when a page is stale.
"""

import ast
import importlib
import inspect
import json
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from enum import Enum, StrEnum
from http import HTTPStatus
from pathlib import Path
from textwrap import fill
from types import ModuleType

import click
from pydantic import SecretStr

from audit.actions import Action
from crowd.models import TaskType
from crowd.task_types import AnswerKind, NominalKind, task_type_of
from crowd.task_types.schemas import AnswerSchema
from folkmoot.cli.main import COMMANDS
from folkmoot.identity.permissions import ROLE_PERMISSIONS, Permission, Role
from folkmoot.kernel import errors
from folkmoot.kernel.errors import DomainError
from folkmoot.kernel.settings import Settings
from folkmoot.problems import STATUS_OF
from governance.models import ReasonCode

ROOT = Path(__file__).parents[1]
NOTICE = "<!-- Written by `make docs` from the code. Change it there. -->"
# What the web framework refuses before our own rules are asked.
HTTP_REFUSALS = {
    HTTPStatus.BAD_REQUEST: "The body cannot be read, for it is not JSON.",
    HTTPStatus.NOT_FOUND: "There is nothing at this address.",
    HTTPStatus.METHOD_NOT_ALLOWED: "The address does not take this method; `Allow` names some.",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "The request is over `FOLKMOOT_LARGEST_REQUEST_BYTES`.",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "The body is of a type that the address does not take.",
    HTTPStatus.INTERNAL_SERVER_ERROR: "A mistake of ours; the server's log has more.",
}


def main() -> None:
    """Write every page."""
    for name, write in PAGES.items():
        (ROOT / "docs" / "reference" / name).write_text(write(), encoding="utf-8")


def settings_page() -> str:
    """Return the page of the environment variables."""
    meaning = _docstrings(Settings)
    rows = [
        (f"`FOLKMOOT_{name.upper()}`", _default(field.default), meaning[name])
        for name, field in Settings.model_fields.items()
    ]
    return _page(
        "Settings",
        "Environment variables, read once at the start. A wrong one is named in one sentence. "
        "[How to run Folkmoot in production](../how-to/production.md) says which ones it takes.",
        _table(("Variable", "Default", "Meaning"), rows),
    )


def _default(value: object) -> str:
    if isinstance(value, SecretStr):
        return "unsafe, refused in production" if value.get_secret_value() else "none"
    if isinstance(value, Enum):
        return f"`{value.value}`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return "none" if value in {None, ""} else f"`{value}`"


def actions_page() -> str:
    """Return the page of the audit log's actions."""
    meaning = _docstrings(Action)
    source = _recorders()
    rows = [
        (f"`{action.value}`", meaning[action.name], ", ".join(source[action.name]))
        for action in Action
    ]
    return _page(
        "Actions of the audit log",
        "Each entry has one. A value is stored for ever: it is never renamed or used for anything "
        "else. The module named last writes the entry, in the transaction of the change itself; "
        "it also says which facts the entry holds.",
        _table(("Action", "What it records", "Recorded by"), rows),
    )


def _recorders() -> dict[str, list[str]]:
    """Return which modules of the domain name each action."""
    named: dict[str, list[str]] = {action.name: [] for action in Action}
    for path in _recording_modules():
        for name in sorted(set(re.findall(r"\bAction\.([A-Z_]+)", path.read_text()))):
            named[name].append(f"`{path.relative_to(ROOT)}`")
    return named


def _recording_modules() -> Iterator[Path]:
    folders = ("audit", "crowd", "governance", "platform/folkmoot/identity")
    for folder in (*folders, "platform/folkmoot/backup", "platform/folkmoot/jobs"):
        yield from sorted((ROOT / folder).rglob("*.py"))


def commands_page() -> str:
    """Return the page of the command line."""
    sections: list[str] = []
    for name in sorted(COMMANDS):
        command = importlib.import_module(COMMANDS[name].module).command
        sections += _command_sections(command, click.Context(command, info_name=f"folkmoot {name}"))
    return _page(
        "Commands",
        "A mistake that the operator can mend is one sentence and a status other than 0. "
        "`--help` after any of them says the same as this page.",
        *sections,
    )


def _command_sections(command: click.Command, context: click.Context) -> Iterator[str]:
    yield f"## {context.command_path}\n\n{inspect.cleandoc(command.help or '')}"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            if child is None:
                raise LookupError(f"{context.command_path} lists {name} and does not have it")
            yield from _command_sections(child, click.Context(child, context, name))
        return
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield f"```text\n{usage}\n```"
    records = [option.get_help_record(context) for option in command.params]
    rows = [(f"`{record[0]}`", re.sub(" +", " ", record[1])) for record in records if record]
    if rows:
        yield _table(("Option", "Meaning"), rows)


def problems_page() -> str:
    """Return the page of the problem documents."""
    kinds = [
        value
        for value in vars(errors).values()
        if inspect.isclass(value) and issubclass(value, DomainError) and value in STATUS_OF
    ]
    ours = [_problem(k.code, STATUS_OF[k], inspect.getdoc(k) or "") for k in kinds]
    https = [_problem(f"http-{at.value}", at, meaning) for at, meaning in HTTP_REFUSALS.items()]
    return _page(
        "Problems",
        "Every refusal of the API is a document of the type `application/problem+json` (RFC 9457). "
        "Its `type` ends in one of these codes, its `detail` is a sentence for a person, and "
        "`fields` names what is wrong in the input, each by a JSON pointer.",
        *ours,
        "The web framework's own refusals:",
        *https,
    )


def _problem(code: str, status: HTTPStatus, meaning: str) -> str:
    first_line = meaning.split("\n", 1)[0]
    return f"## {code}\n\nStatus {status.value}. {first_line}"


def reasons_page() -> str:
    """Return the page of the reason codes."""
    meaning = _docstrings(ReasonCode)
    rows = [(f"`{code.value}`", meaning[code.name]) for code in ReasonCode]
    return _page(
        "Reason codes",
        "A reviewer who overrides, disregards or reverses says why: one code or more, and a text. "
        "The codes are in the audit log's leaf for ever; the text can be erased.",
        _table(("Code", "When to use it"), rows),
    )


def permissions_page() -> str:
    """Return the page of permissions and roles."""
    meaning = _docstrings(Permission)
    rows = [
        (
            f"`{one.value}`",
            meaning[one.name],
            *("yes" if one in ROLE_PERMISSIONS[role] else "" for role in Role),
        )
        for one in Permission
    ]
    return _page(
        "Permissions",
        "An account may have several roles, and may do what any of them may. A token's scopes are "
        "the same words, and never more than its account holds.",
        _table(("Permission", "What it allows", *(role.value for role in Role)), rows),
    )


def _docstrings(documented: type[StrEnum] | type[Settings]) -> dict[str, str]:
    """Return what stands as a docstring beneath each member of a class."""
    body = ast.parse(inspect.getsource(documented)).body[0]
    if not isinstance(body, ast.ClassDef):
        raise TypeError(f"{documented} is no class")
    found: dict[str, str] = {}
    for member, below in zip(body.body, body.body[1:], strict=False):
        text = below.value if isinstance(below, ast.Expr) else None
        if isinstance(text, ast.Constant) and isinstance(text.value, str):
            found |= dict.fromkeys(_names_of(member), inspect.cleandoc(text.value))
    return found


def _names_of(member: ast.stmt) -> list[str]:
    targets: Sequence[ast.expr] = ()
    if isinstance(member, ast.Assign):
        targets = member.targets
    elif isinstance(member, ast.AnnAssign):
        targets = [member.target]
    return [target.id for target in targets if isinstance(target, ast.Name)]


def task_types_page() -> str:
    """Return the page of the task types: schema, task and answer of each."""
    return _page(
        "Task types",
        "What a project may ask for. The example of each shows an answer schema in full form, of "
        "which most may be left out, a task's payload, and an answer. "
        "Places in a text count characters (Unicode code points), shares run from 0 to 1.",
        *(_task_type(kind.value, task_type_of(kind)) for kind in TaskType),
    )


def _task_type(name: str, kind: AnswerKind) -> str:
    module = inspect.getmodule(type(kind))
    shown = kind.example()
    schema = kind.check_schema(shown.schema)
    written = {"answer_schema": schema, "payload": shown.payload, "answer": shown.answer}
    return "\n\n".join(
        [
            f"## `{name}`",
            _paragraphs(inspect.getdoc(module)),
            _paragraphs(_schema_of(module).__doc__),
            f"```json\n{json.dumps(written, indent=2, ensure_ascii=False)}\n```",
            f"**Several answers:** {_paragraphs(inspect.getdoc(kind.opinion_of))}{_leading(kind)}",
            f"**An answer to gold:** {_paragraphs(inspect.getdoc(kind.agrees))}",
        ]
    )


def _leading(kind: AnswerKind) -> str:
    """Return how a class is chosen, where there are classes."""
    if not isinstance(kind, NominalKind):
        return ""
    return f"\n\n{_paragraphs(inspect.getdoc(kind.leading))}"


def _schema_of(module: ModuleType | None) -> type[AnswerSchema]:
    """Return the schema that a task type's module defines."""
    return next(
        each
        for each in vars(module).values()
        if isinstance(each, type)
        and issubclass(each, AnswerSchema)
        and each.__module__ == module.__name__
    )


def _paragraphs(text: str | None) -> str:
    """Return a docstring's paragraphs, each filled to the page."""
    return "\n\n".join(fill(" ".join(part.split()), 100) for part in (text or "").split("\n\n"))


def _page(title: str, opening: str, *sections: str) -> str:
    return "\n\n".join([NOTICE, f"# {title}", fill(opening, 100), *sections]) + "\n"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(map(_cell, line))} |" for line in lines)


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


PAGES: dict[str, Callable[[], str]] = {
    "audit-actions.md": actions_page,
    "commands.md": commands_page,
    "permissions.md": permissions_page,
    "problems.md": problems_page,
    "reason-codes.md": reasons_page,
    "settings.md": settings_page,
    "task-types.md": task_types_page,
}

if __name__ == "__main__":
    main()
