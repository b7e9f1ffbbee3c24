import pytest

from crowd.models import TaskType
from crowd.task_types import task_type_of
from crowd.task_types.single_choice import choices_of
from folkmoot.kernel.errors import InvalidInput
from folkmoot.kernel.json_values import Json, JsonObject

KIND = task_type_of(TaskType.SINGLE_CHOICE)
SCHEMA: JsonObject = {"choices": ["yes", {"value": "no", "label": "No, later"}]}


def test_a_schema_is_stored_in_its_full_form():
    full = KIND.check_schema(SCHEMA)

    assert full == {
        "question": "",
        "choices": [
            {"value": "yes", "label": "yes", "help": ""},
            {"value": "no", "label": "No, later", "help": ""},
        ],
    }
    assert KIND.check_schema(full) == full
    assert [choice.label for choice in choices_of(full)] == ["yes", "No, later"]


@pytest.mark.parametrize(
    ("schema", "pointer"),
    [
        ({}, "/answer_schema/choices"),
        ({"choices": ["yes"]}, "/answer_schema/choices"),
        ({"choices": "yes"}, "/answer_schema/choices"),
        ({"choices": ["yes", "yes"]}, "/answer_schema/choices"),
        ({"choices": [f"c{n}" for n in range(21)]}, "/answer_schema/choices"),
        ({"choices": ["yes", " no"]}, "/answer_schema/choices/1/value"),
        ({"choices": ["yes", "no"], "colour": "red"}, "/answer_schema/colour"),
    ],
)
def test_a_schema_that_is_no_single_choice_is_refused_by_field(schema: JsonObject, pointer: str):
    with pytest.raises(InvalidInput) as refusal:
        KIND.check_schema(schema)

    assert refusal.value.fields[0].pointer == pointer


@pytest.mark.parametrize("answer", ["maybe", "Yes", "", None, 1, True, ["yes"], {"value": "yes"}])
def test_an_answer_outside_the_schema_is_refused_and_the_allowed_ones_are_named(answer: Json):
    with pytest.raises(InvalidInput, match="one of: yes, no") as refusal:
        KIND.check_answer(SCHEMA, answer, None)

    assert refusal.value.fields[0].pointer == "/answer"


def test_classes_keep_the_order_of_the_project():
    assert KIND.classes({"choices": ["z", "a"]}) == ("z", "a")
    assert KIND.answer_of(KIND.class_of("z")) == "z"
