"""The form of a project's rules: what was typed, what it means, and which field is wrong.

A field is named as its place in the rules, with dots: `floor`, `watch.too_fast.seconds`.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from unicodedata import normalize

from pydantic import BaseModel, ValidationError
from werkzeug.datastructures import MultiDict

from crowd.models import Project, TaskType
from crowd.project_rules import ProjectRules
from crowd.projects import ProjectChange, ProjectDraft
from folkmoot.kernel.errors import FieldProblem, InvalidInput
from folkmoot.kernel.json_values import JsonObject
from folkmoot.problems import invalid_input
from folkmoot.web.team.answer_form import TypedSchema, schema_from, typed_schema
from folkmoot.web.team.form_errors import SENTENCES

LONGEST_SLUG = 60
_WORDS = (
    "title",
    "slug",
    "task_type",
    "question",
    "choices",
    "settings",
    "instructions",
    "group_fields",
)


@dataclass(frozen=True)
class ProjectForm:
    """The fields as they were typed, and the content flags that were ticked, if they were asked."""

    typed: Mapping[str, str]
    flags: frozenset[str] | None = None

    def __getitem__(self, name: str) -> str:
        """Return a field as it was typed, empty where it was not."""
        return self.typed.get(name, "")

    @classmethod
    def at_first(cls) -> "ProjectForm":
        """Return the form as the house recommends."""
        return cls({**dict(_typed(ProjectRules(pay_minor=5))), "task_type": "single_choice"})

    @classmethod
    def of(cls, project: Project) -> "ProjectForm":
        """Return the form with a project's rules as they are."""
        rules = ProjectRules.model_validate(
            project.model_dump(include=set(ProjectRules.model_fields))
        )
        schema = typed_schema(project.task_type, project.answer_schema)
        words = {
            "title": project.title,
            "slug": project.slug,
            "task_type": project.task_type.value,
            "group_fields": group_fields_text(project.group_fields),
        }
        flags = frozenset(flag.value for flag in rules.content_flags)
        return cls({**dict(_typed(rules)), **words, **vars(schema)}, flags)

    @classmethod
    def filled_in(cls, sent: MultiDict[str, str]) -> "ProjectForm":
        """Return the form as a browser sent it; a field that it did not send is not asked about."""
        names = (name for name in [*_WORDS, *_RULES] if name in sent)
        # A browser ends lines with two characters, which nobody has typed.
        typed = {name: sent[name].strip().replace("\r\n", "\n") for name in names}
        # A box that is not ticked is not sent, so an empty one is sent along with them.
        ticked = frozenset(filter(None, sent.getlist("content_flags")))
        return cls(typed, ticked if "content_flags" in sent else None)

    def draft(self) -> ProjectDraft:
        """Return the project that the form describes, or raise InvalidInput naming the fields."""
        given = {
            **self._given(),
            "slug": self["slug"] or slug_of(self["title"]),
            "instructions": self["instructions"],
        }
        try:
            return ProjectDraft.model_validate(given)
        except ValidationError as error:
            raise invalid_input(error, where="form") from error

    def change(self) -> ProjectChange:
        """Return the rules that the form describes, or raise InvalidInput naming the fields."""
        try:
            return ProjectChange.model_validate(self._given())
        except ValidationError as error:
            raise invalid_input(error, where="form") from error

    def _given(self) -> dict[str, object]:
        """Return what is common to a new project and to a changed one."""
        given: dict[str, object] = {**self._rules(), **self._asked()}
        if "title" in self.typed:
            given["title"] = self["title"]
        if "group_fields" in self.typed:
            given["group_fields"] = group_fields_of(self["group_fields"])
        if self.flags is not None:
            given["content_flags"] = sorted(self.flags)
        return given

    def _asked(self) -> dict[str, object]:
        if "question" not in self.typed:
            return {}
        task_type = self["task_type"] or TaskType.SINGLE_CHOICE.value
        if task_type not in {*TaskType}:
            return {"task_type": task_type}
        schema = TypedSchema(self["question"], self["choices"], self["settings"])
        return {
            "task_type": task_type,
            "answer_schema": schema_from(TaskType(task_type), schema),
        }

    def _rules(self) -> dict[str, object]:
        rules: dict[str, object] = {}
        for name in filter(self.typed.__contains__, _RULES):
            *path, last = name.split(".")
            part = rules
            for each in path:
                part = part.setdefault(each, {})  # type: ignore[assignment]  # it is such a one
            # An empty field of an optional rule is no limit; of any other it is refused.
            part[last] = self[name] or None
        return rules


def slug_of(title: str) -> str:
    """Return an address made from a title: `Is it Näh?` becomes `is-it-nah`."""
    plain = normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:LONGEST_SLUG].strip("-")


def group_fields_of(text: str) -> dict[str, list[float]]:
    """Return the fields to compare people by: `sex`, or `age: 40, 60` with its band edges."""
    found: dict[str, list[float]] = {}
    for line in filter(None, (line.strip() for line in text.splitlines())):
        name, _, edges = line.partition(":")
        found[name.strip()] = [_edge_of(edge) for edge in edges.split(",") if edge.strip()]
    return found


def group_fields_text(fields: JsonObject) -> str:
    """Return the fields to compare people by as they are typed."""
    return "\n".join(
        f"{name}: {', '.join(f'{edge:g}' for edge in edges if isinstance(edge, int | float))}"
        if isinstance(edges, list) and edges
        else name
        for name, edges in fields.items()
    )


def _edge_of(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        sentence = SENTENCES["group_fields"]
        raise InvalidInput(sentence, fields=[FieldProblem("/group_fields", sentence)]) from error


def _typed(rules: BaseModel, prefix: str = "") -> Iterator[tuple[str, str]]:
    """Yield each rule under its name, as it would be typed; the flags are ticked, not typed."""
    for name in type(rules).model_fields:
        value = getattr(rules, name)
        if isinstance(value, BaseModel):
            yield from _typed(value, f"{prefix}{name}.")
        elif not isinstance(value, list):
            yield prefix + name, "" if value is None else str(value).removesuffix(".0")


_RULES = tuple(dict(_typed(ProjectRules())))
