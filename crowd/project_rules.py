"""The rules of a project, in parts: what a draft must say and what a change may say.

Each part checks its own fields. What two fields must keep to together is checked by
`check_together`, on the rules as they will be: a change of one field is read beside the others.
"""

from collections.abc import Iterator
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator

from crowd.models import ContentFlag, Pattern, TaskType, WatchAction
from crowd.text import PlainText
from crowd.watching import WatchRules
from folkmoot.kernel.errors import FieldProblem, InvalidInput
from folkmoot.kernel.json_values import JsonObject
from folkmoot.kernel.names import OneLineName

FieldName = Annotated[str, StringConstraints(min_length=1, max_length=100)]
Title = Annotated[OneLineName, Field(min_length=1, max_length=200, pattern=r"\S")]
GroupFields = Annotated[dict[FieldName, list[float]], Field(max_length=20)]
Labels = Annotated[int, Field(ge=1, le=100)]
Minutes = Annotated[int, Field(ge=5, le=1440)]
Amount = Annotated[int, Field(ge=0, le=1_000_000)]
Share = Annotated[float, Field(ge=0, le=1)]

LONGEST_INSTRUCTIONS = 100_000
# Names that would stand for another page where a project is addressed by its short name.
RESERVED_SLUGS = frozenset({"new"})


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Redundancy(_Part):
    """How many people answer a task, and when to stop asking.

    budget_labels: the most labels that the project may collect, gold and late ones too.
    """

    floor: Labels = 3
    ceiling: Labels = 7
    confidence: float = Field(default=0.9, gt=0, le=1)
    budget_labels: int | None = Field(default=None, ge=1, le=1_000_000_000)


class Aggregation(_Part):
    """When a consensus is run without being asked for: after so many new labels, and at the end."""

    consensus_every: int | None = Field(default=None, ge=10, le=1_000_000_000)
    consensus_at_close: bool = True


class Timing(_Part):
    """How long a task is held, and how long an answer can be changed by its author."""

    lease_seconds: int = Field(default=600, ge=10, le=86_400)
    revision_seconds: int = Field(default=900, ge=0, le=86_400)


class Pay(_Part):
    """What an answer is paid, and what an hour of active work is to come to at least."""

    pay_minor: Amount = 0
    currency: str = Field(default="EUR", pattern=r"^[A-Z]{3}$")
    pay_floor_minor: int | None = Field(default=None, ge=1, le=1_000_000)


class WellBeing(_Part):
    """What may hurt who looks at it, how much of it a day, and when to take a break."""

    content_flags: list[ContentFlag] = Field(default_factory=list, max_length=len(ContentFlag))
    sensitive_per_day: int | None = Field(default=None, ge=1, le=10_000)
    break_after_minutes: Minutes = 50
    session_cap_minutes: Minutes | None = None

    @field_validator("content_flags")
    @classmethod
    def _each_once(cls, flags: list[ContentFlag]) -> list[ContentFlag]:
        """Return the flags in the order of the list of all, so that equal rules look equal."""
        return [flag for flag in ContentFlag if flag in flags]


class Training(_Part):
    """What an annotator answers before the first real task; 0 questions ask for nothing."""

    training_questions: int = Field(default=0, ge=0, le=100)
    training_pass_share: float = Field(default=0.8, gt=0, le=1)
    qualification_days: int | None = Field(default=None, ge=1, le=3650)


class Quality(_Part):
    """How often answers are checked unseen, and what follows from suspicious patterns."""

    gold_share: float = Field(default=0.1, ge=0, le=0.5)
    watch: WatchRules = WatchRules()


class Suggestions(_Part):
    """To which share of the annotators a task's suggestion is shown."""

    suggestion_share: Share = 0.0


class ProjectRules(Redundancy, Aggregation, Timing, Pay, WellBeing, Training, Quality, Suggestions):
    """Every rule by which a project's tasks are handed out, judged and paid."""


class ProjectDraft(ProjectRules):
    """What a new project is to be.

    `group_fields` names the payload fields by which people are compared: field to rising band
    edges, or to an empty list where the values themselves are the groups.
    """

    slug: str = Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=60)
    title: Title
    task_type: TaskType = TaskType.SINGLE_CHOICE
    answer_schema: JsonObject
    instructions: PlainText = Field(min_length=1, max_length=LONGEST_INSTRUCTIONS)
    group_fields: GroupFields = Field(default_factory=dict)

    @field_validator("slug")
    @classmethod
    def _not_a_page_of_ours(cls, slug: str) -> str:
        if slug in RESERVED_SLUGS:
            raise ValueError(f"“{slug}” is an address of a page; choose another short name.")
        return slug


def _without_defaults(schema: JsonObject) -> None:
    properties = schema["properties"]
    for field in properties.values() if isinstance(properties, dict) else ():
        if isinstance(field, dict):
            field.pop("default", None)


class ProjectChange(ProjectRules):
    """The rules that are to change; what is not given stays as it is."""

    # The defaults are those of a new project. Here none is ever read: only what was given counts.
    model_config = ConfigDict(json_schema_extra=_without_defaults)

    title: Title = ""
    task_type: TaskType = TaskType.SINGLE_CHOICE
    answer_schema: JsonObject = Field(default_factory=dict)
    group_fields: GroupFields = Field(default_factory=dict)


def check_together(rules: ProjectRules) -> None:
    """Raise InvalidInput that names every field which contradicts another."""
    problems = list(_contradictions(rules))
    if problems:
        raise InvalidInput(" ".join(each.message for each in problems), fields=problems)


def _contradictions(rules: ProjectRules) -> Iterator[FieldProblem]:
    if rules.ceiling < rules.floor:
        yield FieldProblem("/ceiling", "The ceiling of labels must not lie below the floor.")
    if rules.budget_labels is not None and rules.budget_labels < rules.floor:
        yield FieldProblem(
            "/budget_labels", "The budget must be enough for one task: not below the floor."
        )
    if rules.pay_floor_minor is not None and not rules.pay_minor:
        yield FieldProblem(
            "/pay_floor_minor", "A floor of pay by the hour needs a pay for each task."
        )
    if rules.sensitive_per_day is not None and not rules.content_flags:
        yield FieldProblem(
            "/sensitive_per_day", "A daily cap needs content flags: say what is sensitive here."
        )
    if rules.qualification_days is not None and not rules.training_questions:
        yield FieldProblem(
            "/qualification_days", "A qualification that runs out needs training questions."
        )
    if not rules.training_questions:
        yield from _impossible_retraining(rules)


def _impossible_retraining(rules: ProjectRules) -> Iterator[FieldProblem]:
    for pattern in Pattern:
        if rules.watch.follows(pattern) is WatchAction.RETRAIN:
            yield FieldProblem(
                f"/watch/{pattern.value}/action",
                "Only a project with training questions can ask for training again.",
            )
