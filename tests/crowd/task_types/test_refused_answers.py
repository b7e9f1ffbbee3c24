"""What each task type refuses, and where its refusal points."""

import pytest

from crowd.models import TaskType
from crowd.task_types import task_type_of
from folkmoot.kernel.errors import InvalidInput
from folkmoot.kernel.json_values import Json, JsonObject

TEXT = "Zoë 👩‍⚕️"  # 8 code points; UTF-16 would count 9


def person(start: Json, end: Json) -> JsonObject:
    return {"start": start, "end": end, "label": "person"}


def box(**changes: Json) -> JsonObject:
    return {"x": 0.1, "y": 0.1, "width": 0.2, "height": 0.2, "label": "car", **changes}


MULTIPLE: JsonObject = {"choices": ["a", "b", "c"], "min_picks": 1, "max_picks": 2}
RATING: JsonObject = {"points": ["low", "high"]}
NUMBER: JsonObject = {"min": 0.5, "max": 10, "step": 0.1}
WORDS: JsonObject = {"min_length": 2, "max_length": 5}
SPANS: JsonObject = {"classes": ["person", "place"], "most": 2}
BOXES: JsonObject = {"classes": ["car"], "most": 2}
PREFERENCE: JsonObject = {"strengths": ["a bit", "much"]}
RANKING: JsonObject = {"field": "items"}
PAYLOADS: dict[TaskType, JsonObject] = {
    TaskType.SPANS: {"text": TEXT},
    TaskType.RANKING: {"items": ["a", "b", "c"]},
}


@pytest.mark.parametrize(
    ("task_type", "schema", "answer", "pointer"),
    [
        (TaskType.MULTIPLE_CHOICE, MULTIPLE, "a", "/answer"),
        (TaskType.MULTIPLE_CHOICE, MULTIPLE, [], "/answer"),
        (TaskType.MULTIPLE_CHOICE, MULTIPLE, ["a", "b", "c"], "/answer"),
        (TaskType.MULTIPLE_CHOICE, MULTIPLE, ["a", "d"], "/answer/1"),
        (TaskType.MULTIPLE_CHOICE, MULTIPLE, ["a", "a"], "/answer/1"),
        (TaskType.MULTIPLE_CHOICE, MULTIPLE, [["a"]], "/answer/0"),
        (TaskType.RATING, RATING, True, "/answer"),
        (TaskType.RATING, RATING, 1.0, "/answer"),
        (TaskType.RATING, RATING, "1", "/answer"),
        (TaskType.RATING, RATING, 3, "/answer"),
        (TaskType.RATING, RATING, "cannot_tell", "/answer"),
        (TaskType.NUMBER, NUMBER, True, "/answer"),
        (TaskType.NUMBER, NUMBER, "1", "/answer"),
        (TaskType.NUMBER, NUMBER, 0.4, "/answer"),
        (TaskType.NUMBER, NUMBER, 10.1, "/answer"),
        (TaskType.NUMBER, NUMBER, 0.55, "/answer"),
        (TaskType.NUMBER, {}, float("nan"), "/answer"),
        (TaskType.NUMBER, {}, float("-inf"), "/answer"),
        (TaskType.NUMBER, {}, 10**400, "/answer"),
        (TaskType.TEXT, WORDS, "a", "/answer"),
        (TaskType.TEXT, WORDS, " a ", "/answer"),
        (TaskType.TEXT, WORDS, "abcdef", "/answer"),
        (TaskType.TEXT, WORDS, "a\nb", "/answer"),
        (TaskType.TEXT, WORDS, "a\u2028b", "/answer"),
        (TaskType.TEXT, WORDS, "a\x00b", "/answer"),
        (TaskType.TEXT, WORDS, "ab\ud83d", "/answer"),
        (TaskType.TEXT, WORDS, ["ab"], "/answer"),
        (TaskType.SPANS, SPANS, {"start": 0, "end": 1}, "/answer"),
        (TaskType.SPANS, SPANS, [person(0, 1), person(2, 3), person(4, 5)], "/answer"),
        (TaskType.SPANS, SPANS, [person(0, 1), person(4, 9)], "/answer/1/end"),
        (TaskType.SPANS, SPANS, [person(-1, 1)], "/answer/0/start"),
        (TaskType.SPANS, SPANS, [person(2, 2)], "/answer/0/end"),
        (TaskType.SPANS, SPANS, [person(0, True)], "/answer/0/end"),
        (TaskType.SPANS, SPANS, [person(0, 1.0)], "/answer/0/end"),
        (TaskType.SPANS, SPANS, [{"start": 0, "end": 1}], "/answer/0/label"),
        (TaskType.SPANS, SPANS, [{**person(0, 1), "label": "dog"}], "/answer/0/label"),
        (TaskType.SPANS, SPANS, [{**person(0, 1), "label": ["dog"]}], "/answer/0/label"),
        (TaskType.SPANS, SPANS, [{**person(0, 1), "te~x/t": ""}], "/answer/0/te~0x~1t"),
        (TaskType.SPANS, SPANS, [person(0, 3), person(2, 4)], "/answer/1"),
        (TaskType.SPANS, {**SPANS, "allow_overlap": True}, [person(0, 3)] * 2, "/answer/1"),
        (TaskType.BOXES, BOXES, [box(), box(x=0.2), box(x=0.3)], "/answer"),
        (TaskType.BOXES, BOXES, [box(), box()], "/answer/1"),
        (TaskType.BOXES, BOXES, [box(x=-0.1)], "/answer/0/x"),
        (TaskType.BOXES, BOXES, [box(x=0.9)], "/answer/0/width"),
        (TaskType.BOXES, BOXES, [box(height=0)], "/answer/0/height"),
        (TaskType.BOXES, BOXES, [box(y=float("nan"))], "/answer/0/y"),
        (TaskType.BOXES, BOXES, [box(label="dog")], "/answer/0/label"),
        (TaskType.PREFERENCE, PREFERENCE, "first", "/answer"),
        (TaskType.PREFERENCE, PREFERENCE, {}, "/answer/preferred"),
        (TaskType.PREFERENCE, PREFERENCE, {"preferred": "tie"}, "/answer/preferred"),
        (TaskType.PREFERENCE, PREFERENCE, {"preferred": "first", "why": ""}, "/answer/why"),
        (
            TaskType.PREFERENCE,
            PREFERENCE,
            {"preferred": "first", "strength": 3},
            "/answer/strength",
        ),
        (TaskType.PREFERENCE, {}, {"preferred": "first", "strength": 1}, "/answer/strength"),
        (TaskType.RANKING, RANKING, ["a", "b"], "/answer"),
        (TaskType.RANKING, RANKING, ["a", "b", "b"], "/answer/2"),
        (TaskType.RANKING, RANKING, ["a", "b", "d"], "/answer/2"),
        (TaskType.RANKING, RANKING, ["a", "b", 3], "/answer/2"),
    ],
)
def test_a_refusal_points_at_what_is_wrong(
    task_type: TaskType, schema: JsonObject, answer: Json, pointer: str
):
    kind = task_type_of(task_type)
    full = kind.check_schema(schema)

    with pytest.raises(InvalidInput) as refusal:
        kind.check_answer(full, answer, PAYLOADS.get(task_type, {}))

    assert [problem.pointer for problem in refusal.value.fields] == [pointer]


@pytest.mark.parametrize(
    ("task_type", "schema", "pointer"),
    [
        (TaskType.MULTIPLE_CHOICE, {"choices": ["a", "b"], "min_picks": 3}, "/answer_schema"),
        (TaskType.MULTIPLE_CHOICE, {"choices": ["a", "a"]}, "/answer_schema/choices"),
        (TaskType.RATING, {"points": [{"value": 2}, {"value": 1}]}, "/answer_schema/points"),
        (TaskType.RATING, {"points": ["one"]}, "/answer_schema/points"),
        (
            TaskType.RATING,
            {"points": [{"value": True}, {"value": 2}]},
            "/answer_schema/points/0/value",
        ),
        (TaskType.NUMBER, {"min": 1, "max": 1}, "/answer_schema"),
        (TaskType.NUMBER, {"tolerance": -1}, "/answer_schema/tolerance"),
        (TaskType.TEXT, {"min_length": 9, "max_length": 3}, "/answer_schema"),
        (TaskType.TEXT, {"max_length": 10**9}, "/answer_schema/max_length"),
        (TaskType.SPANS, {"classes": []}, "/answer_schema/classes"),
        (TaskType.SPANS, {"classes": ["a"], "gold_overlap": 0}, "/answer_schema/gold_overlap"),
        (TaskType.BOXES, {"classes": ["a"], "most": 0}, "/answer_schema/most"),
        (TaskType.PREFERENCE, {"first": "a", "second": "a"}, "/answer_schema"),
        (TaskType.PREFERENCE, {"first": "a", "second": "tie"}, "/answer_schema"),
        (TaskType.RANKING, {}, "/answer_schema"),
        (TaskType.RANKING, {"field": "items", "items": ["a", "b"]}, "/answer_schema"),
        (TaskType.RANKING, {"items": ["a"]}, "/answer_schema"),
    ],
)
def test_a_schema_that_contradicts_itself_is_refused(
    task_type: TaskType, schema: JsonObject, pointer: str
):
    with pytest.raises(InvalidInput) as refusal:
        task_type_of(task_type).check_schema(schema)

    assert refusal.value.fields[0].pointer == pointer


@pytest.mark.parametrize(
    ("task_type", "schema", "payload"),
    [
        (TaskType.SPANS, SPANS, {}),
        (TaskType.SPANS, SPANS, {"text": 4}),
        (TaskType.BOXES, BOXES, {"image": ""}),
        (TaskType.PREFERENCE, PREFERENCE, {"first": "A"}),
        (TaskType.RANKING, RANKING, {"items": ["a"]}),
        (TaskType.RANKING, RANKING, {"items": ["a", "a"]}),
        (TaskType.RANKING, RANKING, {"items": "ab"}),
        (TaskType.RANKING, RANKING, {"items": ["a", {"value": "b", "size": 3}]}),
    ],
)
def test_a_task_about_which_the_question_cannot_be_asked_is_refused(
    task_type: TaskType, schema: JsonObject, payload: JsonObject
):
    kind = task_type_of(task_type)

    with pytest.raises(InvalidInput) as refusal:
        kind.check_payload(kind.check_schema(schema), payload)

    assert refusal.value.fields[0].pointer.startswith("/payload/")


def test_spans_count_code_points_and_not_halves_of_characters():
    kind = task_type_of(TaskType.SPANS)
    full = kind.check_schema(SPANS)

    kind.check_answer(full, [person(0, len(TEXT))], {"text": TEXT})
    with pytest.raises(InvalidInput, match=f"ends at {len(TEXT)}"):
        kind.check_answer(full, [person(0, len(TEXT) + 1)], {"text": TEXT})


def test_steps_count_as_people_write_numbers():
    kind = task_type_of(TaskType.NUMBER)
    full = kind.check_schema({"step": 0.1})

    for tenths in range(-20, 20):
        kind.check_answer(full, tenths / 10, {})
