"""What several answers say together, type by type, on cases small enough to judge by hand."""

import pytest

from crowd.models import TaskType
from crowd.task_types import Voice, task_type_of
from folkmoot.kernel.json_values import Json, JsonObject


def opinion(task_type: TaskType, schema: JsonObject, *answers: Json, reliabilities=()):
    kind = task_type_of(task_type)
    full = kind.check_schema(schema)
    weights = reliabilities or [0.8] * len(answers)
    return kind.opinion_of(full, list(map(Voice, answers, weights)))


def agrees(task_type: TaskType, schema: JsonObject, answer: Json, checked: Json) -> bool:
    kind = task_type_of(task_type)
    return kind.agrees(kind.check_schema(schema), answer, checked)


def span(start, end, label="a"):
    return {"start": start, "end": end, "label": label}


def box(x, y, side, label="car"):
    return {"x": x, "y": y, "width": side, "height": side, "label": label}


def test_choices_are_judged_one_by_one_and_believed_together():
    schema: JsonObject = {"choices": ["a", "b", "c"]}

    found = opinion(TaskType.MULTIPLE_CHOICE, schema, ["a", "b"], ["b", "a"], ["b", "c"])

    assert found.answer == ["a", "b"]
    unanimous = opinion(TaskType.MULTIPLE_CHOICE, schema, *[["a", "b"]] * 3)
    assert found.confidence < 0.8 < unanimous.confidence


def test_picks_are_kept_within_what_the_schema_allows():
    three = ["a", "b", "c"]

    at_most = opinion(
        TaskType.MULTIPLE_CHOICE,
        {"choices": three, "max_picks": 2},
        ["a", "b"],
        ["b", "c"],
        ["c", "a"],
    )
    at_least = opinion(TaskType.MULTIPLE_CHOICE, {"choices": three, "min_picks": 1}, ["c"], ["b"])

    assert at_most.answer == ["a", "b"]
    assert at_least.answer == ["b"]


def test_a_rating_is_the_median_of_the_posterior_and_being_unable_to_tell_has_no_place_in_it():
    schema: JsonObject = {"points": list("abcde"), "cannot_tell": "?"}

    assert opinion(TaskType.RATING, schema, 1, 1, 3, 5, 5).answer == 3
    assert opinion(TaskType.RATING, schema, 2, 4).answer == 3
    assert opinion(TaskType.RATING, schema, 5, "cannot_tell", "cannot_tell").answer == "cannot_tell"
    assert opinion(TaskType.RATING, schema, 5, 5, "cannot_tell").answer == 5


def test_a_number_is_the_median_by_reliability_and_believed_by_what_is_near_it():
    schema: JsonObject = {"tolerance": 1}

    assert opinion(TaskType.NUMBER, schema, 10, 11, 90).answer == 11
    assert opinion(TaskType.NUMBER, schema, 10, 90, reliabilities=[0.9, 0.6]).answer == 10
    near = opinion(TaskType.NUMBER, schema, 10, 11, 10.5)
    far = opinion(TaskType.NUMBER, schema, 10, 30, 50)
    assert near.confidence > 0.9
    assert far.confidence < 0.5


def test_a_text_that_two_wrote_alike_beats_one_that_is_merely_in_the_middle():
    found = opinion(
        TaskType.TEXT, {}, "Bonn am Rhein", "Bonn am Main", "Bonn an der Rhein", "ULM", " ulm"
    )

    assert found.answer.strip().casefold() == "ulm"


def test_a_text_most_like_the_others_is_taken_where_no_two_are_alike():
    found = opinion(TaskType.TEXT, {}, "send the invoice", "send the invoices", "call me")

    assert found.answer.startswith("send the invoice")


def test_spans_that_overlap_are_one_from_median_to_median_and_a_minority_is_left_out():
    schema: JsonObject = {"classes": ["a", "b"]}

    found = opinion(
        TaskType.SPANS,
        schema,
        [span(0, 10), span(20, 30, "b")],
        [span(1, 10), span(20, 30, "a")],
        [span(2, 12)],
    )

    assert found.answer == [span(1, 10)]


def test_of_spans_that_may_not_overlap_the_heavier_one_stays():
    schema: JsonObject = {"classes": ["a", "b"]}
    three = [[span(0, 6), span(6, 12, "b")], [span(0, 8)], [span(4, 12, "b")], [span(0, 8)]]

    found = opinion(TaskType.SPANS, schema, *three, reliabilities=[0.9, 0.9, 0.9, 0.9])

    assert found.answer == [span(0, 8)]


def test_boxes_that_overlap_become_the_mean_of_their_corners():
    schema: JsonObject = {"classes": ["car"]}

    found = opinion(TaskType.BOXES, schema, [box(0.1, 0.1, 0.2)], [box(0.12, 0.1, 0.2)], [])

    assert found.answer == [{"x": 0.11, "y": 0.1, "width": 0.2, "height": 0.2, "label": "car"}]
    assert opinion(TaskType.BOXES, schema, [box(0, 0, 0.1)], []).answer == []


def test_a_preference_has_the_median_strength_of_those_who_share_it():
    schema: JsonObject = {"strengths": ["a bit", "clearly", "much"]}

    found = opinion(
        TaskType.PREFERENCE,
        schema,
        {"preferred": "first", "strength": 1},
        {"preferred": "first", "strength": 3},
        {"preferred": "first"},
        {"preferred": "second", "strength": 2},
    )

    assert found.answer == {"preferred": "first", "strength": 1}


def test_an_order_is_found_by_points_and_a_tie_by_what_wins_more_comparisons():
    schema: JsonObject = {"items": ["a", "b", "c"]}

    assert opinion(TaskType.RANKING, schema, list("abc"), list("acb"), list("bac")).answer == list(
        "abc"
    )
    assert opinion(TaskType.RANKING, schema, list("abc"), list("bca"), list("cab")).answer == list(
        "abc"
    )
    assert opinion(TaskType.RANKING, schema, list("cba")).answer == list("cba")


@pytest.mark.parametrize(
    ("task_type", "schema", "answer", "checked", "is_right"),
    [
        (TaskType.MULTIPLE_CHOICE, {"choices": ["a", "b"]}, ["b", "a"], ["a", "b"], True),
        (TaskType.MULTIPLE_CHOICE, {"choices": ["a", "b"]}, ["a"], ["a", "b"], False),
        (TaskType.RATING, {"points": list("abc")}, 1, 2, False),
        (TaskType.RATING, {"points": list("abc"), "tolerance": 1}, 1, 2, True),
        (TaskType.RATING, {"points": list("abc"), "tolerance": 1}, 1, 3, False),
        (TaskType.NUMBER, {"tolerance": 0.1}, 0.4, 0.3, True),
        (TaskType.NUMBER, {}, 1, 1.0, True),
        (TaskType.NUMBER, {}, 1, 1.001, False),
        (TaskType.TEXT, {}, " Straße  7", "STRASSE 7", True),
        (TaskType.TEXT, {}, "Straße 8", "Straße 7", False),
        (TaskType.TEXT, {"gold_likeness": 0.7}, "Straße 8", "Straße 7", True),
        (TaskType.SPANS, {"classes": ["a", "b"]}, [span(0, 8)], [span(0, 10)], True),
        (TaskType.SPANS, {"classes": ["a", "b"]}, [span(0, 4)], [span(0, 10)], False),
        (TaskType.SPANS, {"classes": ["a", "b"]}, [span(0, 10, "b")], [span(0, 10)], False),
        (TaskType.SPANS, {"classes": ["a"], "gold_overlap": 1}, [span(0, 8)], [span(0, 10)], False),
        (TaskType.SPANS, {"classes": ["a"]}, [], [], True),
        (TaskType.BOXES, {"classes": ["car"]}, [box(0.1, 0.1, 0.3)], [box(0.1, 0.12, 0.3)], True),
        (TaskType.BOXES, {"classes": ["car"]}, [box(0.1, 0.1, 0.3)], [box(0.4, 0.4, 0.3)], False),
        (TaskType.PREFERENCE, {}, {"preferred": "first"}, {"preferred": "second"}, False),
        (
            TaskType.RANKING,
            {"items": list("abc"), "gold_pairs": 0.6},
            list("acb"),
            list("abc"),
            True,
        ),
        (TaskType.RANKING, {"items": list("abc")}, list("acb"), list("abc"), False),
        (
            TaskType.RANKING,
            {"items": list("abc"), "gold_pairs": 0.6, "gold_top": 1},
            list("bac"),
            list("abc"),
            False,
        ),
    ],
)
def test_gold_is_compared_as_the_schema_says(task_type, schema, answer, checked, is_right):
    assert agrees(task_type, schema, answer, checked) is is_right


def test_the_others_support_an_answer_as_far_as_they_give_it_and_are_sure():
    kind = task_type_of(TaskType.SINGLE_CHOICE)
    schema = kind.check_schema({"choices": ["yes", "no", "maybe"]})
    sure, torn = [Voice("yes", 0.9)] * 3, [Voice("yes", 0.8), Voice("no", 0.8), Voice("maybe", 0.8)]

    assert kind.support_for(schema, "yes", sure).share > 0.95
    assert kind.support_for(schema, "no", sure).share < 0.05
    assert kind.support_for(schema, "yes", sure).certainty > 0.9
    assert kind.support_for(schema, "yes", torn).certainty == pytest.approx(0)


def test_words_for_answers_are_those_that_annotators_read():
    def words(task_type, schema, answer) -> str:
        kind = task_type_of(task_type)
        return kind.text_of(kind.check_schema(schema), answer)

    choices: JsonObject = {"choices": [{"value": "a", "label": "Apple"}, "b"]}
    assert words(TaskType.MULTIPLE_CHOICE, choices, ["b", "a"]) == "Apple, b"
    assert words(TaskType.MULTIPLE_CHOICE, choices, []) == "none of them"
    assert words(TaskType.RATING, {"points": ["low", "high"]}, 2) == "high"
    assert words(TaskType.NUMBER, {"unit": "years"}, 34) == "34 years"
    assert words(TaskType.TEXT, {}, "x" * 500).endswith("x…")
    assert words(TaskType.SPANS, {"classes": ["a"]}, [span(5, 7), span(0, 2)]) == "a 0–2, a 5–7"
    assert words(TaskType.BOXES, {"classes": ["car"]}, [box(0, 0, 0.1)]) == "1 × car"
    assert (
        words(TaskType.PREFERENCE, {"strengths": ["a bit"]}, {"preferred": "first", "strength": 1})
        == "first (a bit)"
    )
    assert words(TaskType.RANKING, {"items": list("abc")}, list("cab")) == "c > a > b"


@pytest.mark.parametrize(
    ("task_type", "cell", "answer"),
    [
        (TaskType.SINGLE_CHOICE, 7, "7"),
        (TaskType.TEXT, 7, "7"),
        (TaskType.RATING, "4", 4),
        (TaskType.RATING, "cannot_tell", "cannot_tell"),
        (TaskType.MULTIPLE_CHOICE, '["a", "b"]', ["a", "b"]),
        (TaskType.PREFERENCE, "first", {"preferred": "first"}),
        (TaskType.SPANS, "[" * 100_000, "[" * 100_000),
    ],
)
def test_a_cell_of_a_table_is_read_as_the_answer_that_it_holds(task_type, cell, answer):
    assert task_type_of(task_type).answer_in_cell(cell) == answer
