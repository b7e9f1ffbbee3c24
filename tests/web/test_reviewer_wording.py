"""What a reviewer may choose, for every task type that a model can decide among."""

import pytest

from crowd.models import TaskType
from crowd.task_types import nominal_type_of
from folkmoot.web.reviewer.wording import Choice, Wording

KINDS = [TaskType.SINGLE_CHOICE, TaskType.RATING, TaskType.PREFERENCE]


@pytest.mark.parametrize("task_type", KINDS)
def test_every_choice_of_a_form_stands_for_an_answer_that_is_allowed(task_type):
    kind = nominal_type_of(task_type)
    schema, payload, _answer = kind.example()
    wording = Wording(kind, kind.check_schema(schema))

    assert len(wording.choices()) >= 2
    for choice in wording.choices():
        answer = wording.chosen(choice.value)
        kind.check_answer(wording.schema, answer, payload)
        assert wording.value(answer) == choice.value
        assert wording.words(answer) == choice.label


def test_nothing_chosen_is_no_answer_and_what_is_not_offered_is_left_to_the_service():
    kind = nominal_type_of(TaskType.RATING)
    wording = Wording(kind, kind.check_schema({"points": ["low", "high"]}))

    assert wording.choices() == [Choice("1", "low"), Choice("2", "high")]
    assert wording.chosen("") is None
    assert wording.chosen("9") == "9"
    assert wording.words(None) == "no answer"
