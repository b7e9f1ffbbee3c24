import random

import pytest
from scipy.stats import poisson

from crowd.copying import CheckedAnswer, copied_pairs, poisson_tail


def crowd(*, seed, n_annotators=12, n_tasks=120, error=0.3, n_classes=2, hard=0.2):
    """Independent annotators; a part of the tasks misleads most people in the same way."""
    chance = random.Random(seed)
    answers = []
    for task in range(n_tasks):
        is_hard = chance.random() < hard
        for annotator in range(n_annotators):
            is_wrong = chance.random() < (0.75 if is_hard else error)
            which = 1 if is_hard else chance.randrange(1, n_classes)
            mark = str(which if is_wrong else 0)
            answers.append(CheckedAnswer(f"a{annotator:02}", f"t{task}", mark, not is_wrong))
    return answers


def with_copy(answers, *, seed, faithfully=0.95):
    """Somebody copies most answers of the first annotator."""
    chance = random.Random(seed)
    own = [answer for answer in answers if answer.annotator == "a00"]
    return answers + [
        answer._replace(annotator="copy") for answer in own if chance.random() < faithfully
    ]


@pytest.mark.parametrize("n_classes", [2, 5])
def test_independent_people_are_not_named_although_hard_tasks_mislead_them_alike(n_classes):
    named = [
        copied_pairs(crowd(seed=seed, n_classes=n_classes), min_shared=8, share=0.8)
        for seed in range(8)
    ]
    assert sum(bool(pairs) for pairs in named) == 0


# Two wrong answers out of two classes are always equal, so that it takes more of them to tell.
@pytest.mark.parametrize(("n_classes", "n_tasks"), [(2, 300), (5, 120)])
def test_who_copies_is_found_and_nobody_else(n_classes, n_tasks):
    for seed in range(3):
        independent = crowd(seed=seed, n_classes=n_classes, n_tasks=n_tasks)
        answers = with_copy(independent, seed=seed)
        pairs = copied_pairs(answers, min_shared=8, share=0.8)
        assert [(pair.first, pair.second) for pair in pairs] == [("a00", "copy")]
        assert pairs[0].same > 1.5 * pairs[0].expected


def test_too_few_shared_wrong_answers_are_not_judged():
    answers = with_copy(crowd(seed=1, n_tasks=12), seed=1)
    assert copied_pairs(answers, min_shared=8, share=0.8) == ()


@pytest.mark.parametrize(("least", "mean"), [(1, 0.2), (5, 4.0), (40, 5.5), (3, 200.0)])
def test_the_tail_is_that_of_scipy(least, mean):
    assert poisson_tail(least, mean) == pytest.approx(poisson.sf(least - 1, mean), rel=1e-9)
