"""The words for answers, acts and reasons on the reviewer's pages."""

from dataclasses import dataclass

from crowd.models import Project
from crowd.task_types import NominalKind, nominal_type_of
from folkmoot.kernel.json_values import Json, JsonObject
from governance.models import Act, DecisionState, ReasonCode


@dataclass(frozen=True)
class Choice:
    """One answer that may be given."""

    value: str
    label: str


@dataclass(frozen=True)
class ReasonChoice:
    """One reason for not following the model."""

    value: str
    label: str
    hint: str


@dataclass(frozen=True)
class ActChoice:
    """One act as a button: what it is, and what will happen now."""

    name: str
    label: str
    effect: str
    needs_reason: bool
    needs_outcome: bool


REASONS = (
    ReasonChoice(ReasonCode.NEW_EVIDENCE, "New evidence", "known now, not to the model"),
    ReasonChoice(ReasonCode.MODEL_MISREAD_CASE, "The model misread the case", ""),
    ReasonChoice(ReasonCode.OUTSIDE_MODEL_SCOPE, "Outside what the model was made for", ""),
    ReasonChoice(ReasonCode.DATA_ERROR, "An error in the data", ""),
    ReasonChoice(ReasonCode.UNFAIR_TO_PERSON, "Unfair to the person", ""),
    ReasonChoice(ReasonCode.POLICY_EXCEPTION, "An exception that the policy allows", ""),
)

STATES = {
    DecisionState.RELEASED: "released without a human",
    DecisionState.HELD: "waits for a human",
    DecisionState.CONFIRMED: "confirmed",
    DecisionState.OVERRIDDEN: "overridden",
    DecisionState.DISREGARDED: "set aside",
    DecisionState.REVERSED: "reversed",
}

ACT_LABELS = {
    Act.CONFIRM: "confirmed",
    Act.OVERRIDE: "overridden",
    Act.DISREGARD: "set aside",
    Act.REVERSE: "reversed",
}
ACT_TONES = {Act.CONFIRM: "good", Act.OVERRIDE: "warn", Act.DISREGARD: "", Act.REVERSE: "warn"}


@dataclass(frozen=True)
class Wording:
    """The answers that a schema allows, in the words that annotators read."""

    kind: NominalKind
    schema: JsonObject

    def words(self, answer: Json | None) -> str:
        """Return an answer in words."""
        return "no answer" if answer is None else self.kind.text_of(self.schema, answer)

    def value(self, answer: Json) -> str:
        """Return what stands for an answer in a form."""
        return self.kind.class_of(answer)

    def choices(self) -> list[Choice]:
        """Return the answers that a reviewer may choose from."""
        names = self.kind.classes(self.schema)
        return [Choice(name, self.words(self.kind.answer_of(name))) for name in names]

    def chosen(self, value: str) -> Json | None:
        """Return the answer that a form's value stands for; none where nothing was chosen."""
        # What is no class goes on as it is: the service refuses it and says what is allowed.
        is_known = value in self.kind.classes(self.schema)
        return self.kind.answer_of(value) if is_known else value or None


def wording_of(project: Project) -> Wording:
    """Return the words for a project's answers; a model decides only among classes."""
    return Wording(nominal_type_of(project.task_type), project.answer_schema)


def acts_on_held(answer: str) -> tuple[ActChoice, ...]:
    """Return what may be done with a decision that waits."""
    return (
        ActChoice(
            Act.CONFIRM, "Confirm", f"“{answer}” is released and joins the labels.", False, False
        ),
        ActChoice(Act.OVERRIDE, "Override", "Your answer is released instead.", True, True),
        ActChoice(
            Act.DISREGARD, "Set aside", "Nothing is released; no label is added.", True, False
        ),
    )


def acts_on_executed() -> tuple[ActChoice, ...]:
    """Return what may be done with an outcome that has taken effect."""
    return (
        ActChoice(
            Act.REVERSE, "Reverse", "Your answer replaces what has taken effect.", True, True
        ),
    )
