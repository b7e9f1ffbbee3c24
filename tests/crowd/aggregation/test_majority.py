import numpy as np
import pytest

from crowd.aggregation import LabelMatrix, MajorityVote, WeightedMajority


def matrix_of(*answers: str) -> LabelMatrix:
    """Give each task one string of answers, the first annotator's first; a dot is no answer."""
    rows = [
        (f"t{task}", f"a{annotator}", answer)
        for task, row in enumerate(answers)
        for annotator, answer in enumerate(row)
        if answer != "."
    ]
    return LabelMatrix.from_labels(rows, classes=["x", "y", "z"])


def test_the_class_with_most_votes_wins():
    assert MajorityVote().fit_predict(matrix_of("xyy", "zzx", "yyy")).tolist() == [1, 2, 1]


def test_a_tie_goes_to_the_lower_class():
    assert MajorityVote().fit_predict(matrix_of("zy", "yx", "zx")).tolist() == [1, 0, 0]


def test_the_posterior_is_the_share_of_votes_with_half_a_vote_spread():
    posterior = MajorityVote().fit(matrix_of("xxy")).posterior_
    np.testing.assert_allclose(posterior, [[(2 + 1 / 6) / 3.5, (1 + 1 / 6) / 3.5, 1 / 6 / 3.5]])


def test_one_label_alone_is_not_certainty():
    assert MajorityVote().fit(matrix_of("x")).confidence_[0] < 0.8


def test_a_known_answer_overrules_the_votes_and_judges_the_annotators():
    vote = MajorityVote().fit(matrix_of("xxy", "xxy"), known={0: 1, 1: 1})
    assert vote.labels_.tolist() == [1, 1]
    assert vote.confidence_.tolist() == [1, 1]
    np.testing.assert_allclose(vote.reliability_, [4 / 8, 4 / 8, 6 / 8])


def test_reliability_is_agreement_with_the_winner():
    vote = MajorityVote().fit(matrix_of("xxy", "yyx", "zzz"))
    np.testing.assert_allclose(vote.reliability_, [(4 + 3) / 9, (4 + 3) / 9, (4 + 1) / 9])


def test_a_tie_costs_no_annotator_more_than_another():
    vote = MajorityVote().fit(matrix_of("xy", "yx", "xz"))
    assert vote.reliability_[0] == vote.reliability_[1]


def test_confusion_rows_are_shares_and_show_the_slip():
    confusion = MajorityVote().fit(matrix_of("xxy", "xxy", "xxy")).confusion_
    np.testing.assert_allclose(confusion.sum(axis=2), 1)
    np.testing.assert_allclose(confusion[2, 0], [1 / 12, 10 / 12, 1 / 12])


def test_a_known_index_out_of_range_is_refused():
    with pytest.raises(ValueError, match="known answer 3 of task 0 is out of range"):
        MajorityVote().fit(matrix_of("x"), known={0: 3})


def test_no_spread_at_all_is_refused():
    with pytest.raises(ValueError, match="spread_votes"):
        MajorityVote(spread_votes=0)


@pytest.mark.filterwarnings("error")
def test_a_crowd_without_labels_has_even_chances():
    none = np.array([], dtype=np.int64)
    matrix = LabelMatrix.from_arrays(none, none, none, n_tasks=2, n_annotators=1, n_classes=2)
    assert WeightedMajority().fit(matrix).posterior_.tolist() == [[0.5, 0.5]] * 2
