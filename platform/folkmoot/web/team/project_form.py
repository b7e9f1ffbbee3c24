"""The form for a new project: what was typed, what it means, and which field is wrong."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, fields
from unicodedata import normalize

from pydantic import ValidationError

from crowd.projects import ProjectDraft
from folkmoot.kernel.errors import DomainError, FieldProblem, InvalidInput
from folkmoot.kernel.json_values import Json, JsonObject
from folkmoot.problems import invalid_input

LONGEST_SLUG = 60
SENTENCES = {
    "slug": "Use lower-case letters, digits and single hyphens, at most 60; “new” is taken.",
    "title": "Give it a title of 1 to 200 characters.",
    "instructions": "Say in a sentence or more how to answer.",
    "choices": "Two to twenty different answers, one a line, each of at most 100 characters.",
    "floor": "A whole number from 1 to 100.",
    "ceiling": "A whole number from 1 to 100, not below “At least”.",
    "confidence": "A share above 0, at most 1: 0.9 means 90 % sure.",
    "gold_share": "A share from 0 to 0.5: 0.1 means every tenth task.",
    "pay_minor": "A whole number of cents, 0 or more.",
    "currency": "Three capital letters, such as EUR.",
    "lease_seconds": "A whole number of seconds from 10 to 86 400.",
    "group_fields": "One field a line; band edges are numbers, rising, with commas between.",
}


@dataclass(frozen=True)
class ProjectForm:
    """The fields as they were typed; at first, as the house recommends."""

    title: str = ""
    slug: str = ""
    question: str = ""
    choices: str = ""
    instructions: str = ""
    floor: str = "3"
    ceiling: str = "7"
    confidence: str = "0.9"
    gold_share: str = "0.1"
    pay_minor: str = "5"
    currency: str = "EUR"
    lease_seconds: str = "600"
    group_fields: str = ""

    @classmethod
    def filled_in(cls, sent: Mapping[str, str]) -> "ProjectForm":
        """Return the form as a browser sent it."""
        typed = {each.name: sent.get(each.name, "").strip() for each in fields(cls)}
        # A browser ends lines with two characters, which nobody has typed.
        return cls(**{name: text.replace("\r\n", "\n") for name, text in typed.items()})

    def draft(self) -> ProjectDraft:
        """Return the project that the form describes, or raise InvalidInput naming the fields."""
        plain = {
            name: text
            for name, text in vars(self).items()
            if name not in {"slug", "question", "choices", "group_fields"}
        }
        try:
            return ProjectDraft(
                **plain,
                slug=self.slug or slug_of(self.title),
                answer_schema=answer_schema_of(self.question, self.choices),
                group_fields=group_fields_of(self.group_fields),
            )
        except ValidationError as error:
            raise invalid_input(error, where="form") from error


def slug_of(title: str) -> str:
    """Return an address made from a title: `Is it Näh?` becomes `is-it-nah`."""
    plain = normalize("NFKD", title).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:LONGEST_SLUG].strip("-")


def answer_schema_of(question: str, choices: str) -> JsonObject:
    """Return the schema of a question with an answer a line: `value: words`, or the words alone."""
    lines = [line.strip() for line in choices.splitlines() if line.strip()]
    return {"question": question, "choices": [_choice_of(line) for line in lines]}


def _choice_of(line: str) -> Json:
    value, _, words = (part.strip() for part in line.partition(":"))
    return {"value": value, "label": words or value}


def group_fields_of(text: str) -> dict[str, list[float]]:
    """Return the fields to compare people by: `sex`, or `age: 40, 60` with its band edges."""
    found: dict[str, list[float]] = {}
    for line in filter(None, (line.strip() for line in text.splitlines())):
        name, _, edges = line.partition(":")
        found[name.strip()] = [_edge_of(edge) for edge in edges.split(",") if edge.strip()]
    return found


def _edge_of(text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        sentence = SENTENCES["group_fields"]
        raise InvalidInput(sentence, fields=[FieldProblem("/group_fields", sentence)]) from error


def errors_of(refusal: DomainError) -> dict[str, str]:
    """Return a sentence for each field that is wrong; what concerns none stands under "form"."""
    if not refusal.fields:
        return {"form": refusal.message}
    found: dict[str, str] = {}
    for problem in refusal.fields:
        name = _field_of(problem.pointer)
        taken = name == "slug" and "already" in problem.message
        found[name] = problem.message if taken else SENTENCES.get(name, problem.message)
    return found


def _field_of(pointer: str) -> str:
    parts = pointer.strip("/").split("/")
    if parts[0] == "answer_schema":
        return "question" if "question" in parts else "choices"
    # The one rule about two fields names none: the ceiling lies below the floor.
    return parts[0] or "ceiling"
