import numpy as np
import pytest
from numpy.typing import NDArray

from crowd.aggregation.answer_rows import ComparisonRows
from crowd.aggregation.bradley_terry import BradleyTerry
from crowd.aggregation.crowd_bt import CrowdBradleyTerry

SKILLS = np.array([0.98, 0.95, 0.9, 0.85, 0.5, 0.1])


def planted(
    seed: int = 0, n_items: int = 12, votes: int = 1500
) -> tuple[ComparisonRows, NDArray[np.float64]]:
    generator = np.random.default_rng(seed)
    scores = generator.normal(0, 1.5, n_items)
    answers = []
    for _ in range(votes):
        first, second = generator.choice(n_items, 2, replace=False)
        who = int(generator.integers(len(SKILLS)))
        better = generator.random() < 1 / (1 + np.exp(scores[second] - scores[first]))
        says = better if generator.random() < SKILLS[who] else not better
        answers.append((f"a{who}", f"i{first:02}", f"i{second:02}", float(says)))
    return ComparisonRows.from_answers(answers), scores


def test_planted_scores_lie_in_their_limits():
    covered = []
    for seed in range(6):
        generator = np.random.default_rng(seed)
        scores = generator.normal(0, 1.5, 10)
        answers = []
        for _ in range(800):
            first, second = generator.choice(10, 2, replace=False)
            won = generator.random() < 1 / (1 + np.exp(scores[second] - scores[first]))
            answers.append(("a", f"i{first}", f"i{second}", float(won)))
        fit = BradleyTerry().fit(ComparisonRows.from_answers(answers))
        assert fit.converged_
        covered.append((fit.low_ <= scores) & (scores <= fit.high_))
    assert np.mean(covered) > 0.9


def test_the_maximum_is_one():
    rows, _ = planted()
    fit = BradleyTerry().fit(rows)
    wins = np.bincount(rows.first, rows.share, 12) + np.bincount(rows.second, 1 - rows.share, 12)
    chance = fit.predict_proba(rows.first, rows.second)
    hoped = np.bincount(rows.first, chance, 12) + np.bincount(rows.second, 1 - chance, 12)
    np.testing.assert_allclose(wins - hoped, fit.scores_ / fit.spread**2, atol=1e-6)
    assert (np.diff(fit.objective_path_) >= 0).all()


def test_reliability_is_found_and_ranks_better():
    rows, scores = planted()
    fit = CrowdBradleyTerry(prior_right=4, prior_wrong=1).fit(rows)
    assert fit.converged_
    assert (np.diff(fit.objective_path_) > -1e-8).all()
    assert np.argsort(fit.reliability_)[:2].tolist() == [5, 4]
    np.testing.assert_allclose(fit.reliability_, SKILLS, atol=0.12)
    assert ((fit.low_ <= scores) & (scores <= fit.high_)).mean() > 0.8
    plain = BradleyTerry().fit(rows)
    assert ((fit.high_ - fit.low_) > (plain.high_ - plain.low_)).all()  # Doubt costs evidence.
    assert np.abs(fit.scores_ - scores).mean() < np.abs(plain.scores_ - scores).mean()


def test_swapping_sides_and_order_changes_nothing():
    rows, _ = planted(votes=300)
    answers = [
        (f"a{who}", f"i{second:02}", f"i{first:02}", 1 - share)
        for who, first, second, share in zip(
            rows.annotator.tolist(),
            rows.first.tolist(),
            rows.second.tolist(),
            rows.share.tolist(),
            strict=True,
        )
    ]
    for algorithm in (BradleyTerry, CrowdBradleyTerry):
        swapped = algorithm().fit(ComparisonRows.from_answers(answers[::-1]))
        np.testing.assert_allclose(swapped.scores_, algorithm().fit(rows).scores_, atol=1e-7)


def test_items_that_were_never_compared_lie_in_components_of_their_own():
    answers = [("ann", "a", "b", 1.0), ("ann", "c", "d", 0.5)]
    fit = BradleyTerry().fit(ComparisonRows.from_answers(answers))
    assert fit.component_.tolist() == [0, 0, 1, 1]
    assert fit.scores_[0] > 0 > fit.scores_[1]
    np.testing.assert_allclose(fit.scores_[2:], 0)
    assert fit.order_.tolist() == [0, 2, 3, 1]
    assert CrowdBradleyTerry().fit(ComparisonRows.from_answers(answers)).converged_


def test_an_item_against_itself_and_a_share_beyond_one_are_refused():
    with pytest.raises(ValueError, match="itself"):
        ComparisonRows.from_answers([("ann", "a", "a", 1.0)])
    with pytest.raises(ValueError, match="outside 0 to 1"):
        ComparisonRows.from_answers([("ann", "a", "b", 2.0)])


def test_pairs_whose_names_have_spaces_in_them_stay_apart():
    rows = ComparisonRows.from_answers([("a", "x y", "z", 1.0), ("a", "x", "y z", 1.0)])
    assert rows.n_tasks == 2
