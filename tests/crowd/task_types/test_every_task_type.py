"""What holds for every task type: answers, opinions and comparisons, on made-up answers."""

import json
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crowd.models import TaskType
from crowd.task_types import NominalKind, Voice, nominal_type_of, task_type_of
from folkmoot.kernel.errors import InvalidInput
from folkmoot.kernel.json_values import Json, JsonObject

TEXT = "Ärztin 👩‍⚕️ sah 𝔘lm"
FEW = settings(deadline=None, max_examples=25)


@dataclass(frozen=True)
class Case:
    """One task type with a schema, a task and a source of allowed answers."""

    task_type: TaskType
    schema: JsonObject
    payload: JsonObject
    answers: st.SearchStrategy[Json]


def spans(allow_overlap: bool) -> st.SearchStrategy[Json]:
    places = st.lists(st.integers(0, len(TEXT)), min_size=2, max_size=8, unique=True).map(sorted)
    labels = st.sampled_from(["person", "place"])

    def written(bounds: list[int], names: list[str]) -> Json:
        step = 1 if allow_overlap else 2
        pairs = list(zip(bounds[::step], bounds[1::step], strict=False))
        return [
            {"start": start, "end": end, "label": name}
            for (start, end), name in zip(pairs, names, strict=False)
        ]

    return st.builds(written, places, st.lists(labels, max_size=4))


def boxes() -> st.SearchStrategy[Json]:
    share = st.floats(0, 0.9)
    side = st.floats(0.0001, 0.1)
    box = st.fixed_dictionaries(
        {"x": share, "y": share, "width": side, "height": side, "label": st.just("car")}
    )
    return st.lists(box, max_size=4, unique_by=lambda each: tuple(each.values()))


words = st.text(st.sampled_from("aAbé 1"), max_size=12).filter(lambda text: text.strip())

CASES = [
    Case(TaskType.SINGLE_CHOICE, {"choices": ["a", "b", "c"]}, {}, st.sampled_from("abc")),
    Case(
        TaskType.MULTIPLE_CHOICE,
        {"choices": ["a", "b", "c", "d"], "min_picks": 1, "max_picks": 2},
        {},
        st.lists(st.sampled_from("abcd"), min_size=1, max_size=2, unique=True),
    ),
    Case(
        TaskType.RATING,
        {"points": ["low", "middle", "high"], "cannot_tell": "?", "tolerance": 1},
        {},
        st.sampled_from([1, 2, 3, "cannot_tell"]),
    ),
    Case(
        TaskType.NUMBER,
        {"min": -1, "max": 1, "step": 0.1, "tolerance": 0.2},
        {},
        st.integers(-10, 10).map(lambda tenth: tenth / 10),
    ),
    Case(TaskType.NUMBER, {}, {}, st.integers(-9, 9) | st.floats(-1e14, 1e14)),
    Case(TaskType.TEXT, {"max_length": 20, "gold_likeness": 0.5}, {}, words),
    Case(TaskType.SPANS, {"classes": ["person", "place"]}, {"text": TEXT}, spans(False)),
    Case(
        TaskType.SPANS,
        {"classes": ["person", "place"], "allow_overlap": True},
        {"text": TEXT},
        spans(True),
    ),
    Case(TaskType.BOXES, {"classes": ["car"], "most": 4}, {"image": "a.png"}, boxes()),
    Case(
        TaskType.PREFERENCE,
        {"allow_tie": True, "strengths": ["a bit", "much"]},
        {"first": "A", "second": "B"},
        st.sampled_from(
            [
                {"preferred": "tie"},
                {"preferred": "first"},
                {"preferred": "second", "strength": 1},
                {"preferred": "second", "strength": 2},
            ]
        ),
    ),
    Case(
        TaskType.RANKING,
        {"field": "items", "gold_pairs": 0.5},
        {"items": ["a", "b", {"value": "c", "label": "C"}]},
        st.permutations(["a", "b", "c"]).map(list),
    ),
]
anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=5)
    | st.sampled_from(["a", "\ud800", "\x00", "person", 1.0, 10**400, -0.0]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["start", "end", "label", "x", "preferred", "strength", "~/"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=8,
)
every_case = pytest.mark.parametrize(
    "case", CASES, ids=[f"{place} {case.task_type}" for place, case in enumerate(CASES)]
)


def ready(case: Case):
    kind = task_type_of(case.task_type)
    return kind, kind.check_schema(case.schema)


def pointer_of_refusal(kind, schema: JsonObject, answer: Json, payload: JsonObject) -> str | None:
    try:
        kind.check_answer(schema, answer, payload)
    except InvalidInput as refusal:
        return refusal.fields[0].pointer
    return None


def test_there_is_a_case_for_every_task_type():
    assert {case.task_type for case in CASES} == set(TaskType)


@every_case
@FEW
@given(data=st.data())
def test_an_allowed_answer_is_accepted_and_comes_back_from_json_the_same(case: Case, data):
    kind, schema = ready(case)
    answer = data.draw(case.answers)

    kind.check_payload(schema, case.payload)
    kind.check_answer(schema, answer, case.payload)
    kind.check_answer(schema, answer, None)
    again = json.loads(json.dumps(answer))
    assert again == answer
    assert kind.mark_of(again) == kind.mark_of(answer)
    assert len(kind.mark_of(answer)) <= 100
    assert kind.text_of(schema, answer)
    assert kind.answer_in_cell(json.dumps(answer)) == answer or isinstance(answer, str)


@every_case
@FEW
@given(data=st.data())
def test_answers_are_compared_the_same_both_ways(case: Case, data):
    kind, schema = ready(case)
    one, other = data.draw(case.answers), data.draw(case.answers)

    assert kind.agrees(schema, one, one)
    assert kind.likeness(schema, one, one) == 1
    assert kind.agrees(schema, one, other) == kind.agrees(schema, other, one)
    likeness = kind.likeness(schema, one, other)
    assert 0 <= likeness <= 1
    assert likeness == pytest.approx(kind.likeness(schema, other, one))


@every_case
@FEW
@given(data=st.data())
def test_what_voices_say_together_is_allowed_and_does_not_depend_on_their_order(case: Case, data):
    kind, schema = ready(case)
    voices = data.draw(
        st.lists(st.builds(Voice, case.answers, st.floats(0, 1)), min_size=1, max_size=5)
    )
    others = data.draw(st.permutations(voices))
    answer = data.draw(case.answers)

    opinion = kind.opinion_of(schema, voices)

    kind.check_answer(schema, opinion.answer, case.payload)
    assert 0 <= opinion.confidence <= 1
    assert kind.opinion_of(schema, others) == opinion
    support = kind.support_for(schema, answer, voices)
    assert support == kind.support_for(schema, answer, others)
    assert 0 <= support.share <= 1
    assert 0 <= support.certainty <= 1
    if isinstance(kind, NominalKind):
        assert kind.class_of(opinion.answer) in kind.classes(schema)


@every_case
@FEW
@given(data=st.data())
def test_voices_that_say_the_same_are_followed_and_more_of_them_are_believed_more(case: Case, data):
    kind, schema = ready(case)
    answer, reliability = data.draw(case.answers), data.draw(st.floats(0.55, 0.99))

    alone = kind.opinion_of(schema, [Voice(answer, reliability)])
    together = kind.opinion_of(schema, [Voice(answer, reliability)] * 3)

    assert kind.likeness(schema, alone.answer, answer) == 1
    assert kind.likeness(schema, together.answer, answer) == 1
    assert alone.confidence == pytest.approx(reliability)
    assert together.confidence > alone.confidence
    support = kind.support_for(schema, answer, [Voice(answer, reliability)] * 3)
    assert support.share == pytest.approx(together.confidence)


@every_case
@FEW
@given(answer=anything)
def test_whatever_else_is_sent_is_refused_with_a_pointer_into_the_answer(case: Case, answer: Json):
    kind, schema = ready(case)

    pointer = pointer_of_refusal(kind, schema, answer, case.payload)
    if pointer is not None:
        assert pointer.startswith("/answer")
    else:
        # What is not refused can be written, compared and put into words.
        json.dumps(answer, allow_nan=False, ensure_ascii=False).encode()
        assert kind.agrees(schema, answer, answer)
        assert kind.text_of(schema, answer).encode()


@every_case
def test_a_schema_in_full_form_stays_as_it_is(case: Case):
    kind, schema = ready(case)

    assert kind.check_schema(schema) == schema
    assert json.loads(json.dumps(schema)) == schema


@every_case
def test_a_schema_with_a_field_that_is_not_known_is_refused(case: Case):
    kind = task_type_of(case.task_type)

    with pytest.raises(InvalidInput) as refusal:
        kind.check_schema({**case.schema, "colour": "red"})

    assert [problem.pointer for problem in refusal.value.fields] == ["/answer_schema/colour"]


@pytest.mark.parametrize("task_type", TaskType)
def test_every_example_is_true(task_type: TaskType):
    kind = task_type_of(task_type)
    schema, payload, answer = kind.example()

    full = kind.check_schema(schema)
    kind.check_payload(full, payload)
    kind.check_answer(full, answer, payload)


def test_nobody_to_listen_to_supports_nothing():
    kind, schema = ready(CASES[0])

    assert kind.support_for(schema, "a", []) == (0, 0)


def test_classes_are_asked_of_those_that_have_some():
    assert {each for each in TaskType if task_type_of(each).is_nominal} == {
        TaskType.SINGLE_CHOICE,
        TaskType.RATING,
        TaskType.PREFERENCE,
    }
    with pytest.raises(InvalidInput, match="a project of spans has none"):
        nominal_type_of(TaskType.SPANS)
