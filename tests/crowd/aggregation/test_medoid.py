import numpy as np
import pytest

from crowd.aggregation.answer_rows import TextRows
from crowd.aggregation.medoid import TextMedoid

LETTERS = "abcdefghijklmnopqrstuvwxyz "
NOISE = [0.05, 0.05, 0.15, 0.3, 0.9, 0.9]


def planted(seed: int = 0, n_tasks: int = 60) -> list[tuple[str, str, str]]:
    """Each writes 40 letters down with mistakes of their own."""
    generator = np.random.default_rng(seed)
    letters = np.array(list(LETTERS))
    answers = []
    for task in range(n_tasks):
        truth = generator.choice(letters, 40)
        for who, noise in enumerate(NOISE):
            heard = np.where(generator.random(40) < noise, generator.choice(letters, 40), truth)
            answers.append((f"t{task:02}", f"a{who}", "".join(heard)))
    return answers


def test_careful_writers_are_chosen():
    rows = TextRows.from_answers(planted())
    fit = TextMedoid().fit(rows)
    assert fit.converged_
    assert set(np.argsort(fit.reliability_)[:2].tolist()) == {4, 5}
    assert (rows.annotator[fit.row_] < 2).mean() > 0.8


def test_reliability_helps_where_two_careless_ones_agree():
    answers = planted(n_tasks=20)
    answers += [("z", "a0", "the cat sat on a mat"), ("z", "a1", "the cat sits on a mat")]
    answers += [("z", "a4", "buy cheap watches"), ("z", "a5", "buy cheap watches")]
    assert TextMedoid(sharpness=4).fit(TextRows.from_answers(answers)).texts_[-1].startswith("the")


def test_case_and_spaces_do_not_count_and_any_writing_works():
    answers = [("t", "a", "Hello  World"), ("t", "b", "hello world"), ("t", "c", "bye")]
    fit = TextMedoid().fit(TextRows.from_answers([*answers, ("u", "a", "東京都"), ("v", "b", "")]))
    assert fit.texts_ == ["Hello  World", "東京都", ""]
    assert fit.likeness_[0] > 0.4
    assert fit.likeness_[1] == 0


def test_order_changes_nothing_and_names_only_names():
    answers = planted(n_tasks=10)
    fit = TextMedoid().fit(TextRows.from_answers(answers))
    again = TextMedoid().fit(TextRows.from_answers(answers[::-1]))
    assert again.texts_ == fit.texts_
    assert again.reliability_.tobytes() == fit.reliability_.tobytes()
    renamed = [(task, f"z{9 - int(who[1:])}", text) for task, who, text in answers]
    other = TextMedoid().fit(TextRows.from_answers(renamed))
    np.testing.assert_allclose(other.reliability_[::-1], fit.reliability_)
    assert other.texts_ == fit.texts_


def test_a_parameter_out_of_range_is_refused():
    with pytest.raises(ValueError, match="n_gram"):
        TextMedoid(n_gram=0)


def test_an_answer_without_text_is_refused():
    with pytest.raises(ValueError, match="no text"):
        TextRows.from_answers([("t", "a", None)])
