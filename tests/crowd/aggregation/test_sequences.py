import itertools

import numpy as np
import pytest
from numpy.typing import NDArray

from crowd.aggregation.hidden_chain import Chain, best_path, posterior_of_chains, waves_of
from crowd.aggregation.sequence_crowd import SequenceCrowd
from crowd.aggregation.token_rows import TokenRows, allowed_steps

TAGS = ["B-x", "I-x", "O"]
SKILLS = [0.95, 0.85, 0.6]

Answer = tuple[str, str, list[str | None]]


def planted(seed: int = 0, n_sequences: int = 200) -> tuple[list[Answer], list[list[str]]]:
    """Annotators copy the truth, and at each span or gap say "O" where they slip."""
    generator = np.random.default_rng(seed)
    answers: list[Answer] = []
    truth: list[list[str]] = []
    for number in range(n_sequences):
        tags: list[str] = []
        while len(tags) < 12:
            tags += ["B-x", "I-x"] if generator.random() < 0.3 else ["O"]
        truth.append(tags)
        for who, skill in enumerate(SKILLS):
            said: list[str | None] = []
            for tag in tags:
                if tag == "I-x":
                    said.append("I-x" if said[-1] == "B-x" else "O")
                else:
                    right = generator.random() < (skill if tag == "B-x" else 0.97)
                    said.append(tag if right else "O" if tag == "B-x" else "B-x")
            answers.append((f"s{number:03}", f"a{who}", said))
    return answers, truth


def right_spans(tags: NDArray[np.int64], truth: list[list[str]]) -> float:
    named = [TAGS[tag] for tag in tags]
    expected = list(itertools.chain.from_iterable(truth))
    starts = [place for place, tag in enumerate(expected) if tag == "B-x"]
    return float(np.mean([named[at : at + 2] == ["B-x", "I-x"] for at in starts]))


def test_posterior_and_best_path_are_those_of_all_paths_written_out():
    generator = np.random.default_rng(0)
    chain = Chain(np.array([0.7, 0.3]), np.array([[0.8, 0.2], [0.4, 0.6]]))
    evidence = np.log(generator.random((7, 2)))
    waves = waves_of(np.array([0, 4]), 7)
    told = posterior_of_chains(evidence, chain, waves)
    total = 0.0
    for first, end in ((0, 4), (4, 7)):
        paths = list(itertools.product(range(2), repeat=end - first))
        chances = []
        for path in paths:
            chance = chain.start[path[0]] * np.exp(evidence[first, path[0]])
            for place in range(1, len(path)):
                chance *= chain.step[path[place - 1], path[place]]
                chance *= np.exp(evidence[first + place, path[place]])
            chances.append(chance)
        share = np.array(chances) / np.sum(chances)
        for place in range(end - first):
            of_one = sum(part for part, path in zip(share, paths, strict=True) if path[place])
            assert told.posterior[first + place, 1] == pytest.approx(of_one)
        best = paths[int(np.argmax(chances))]
        assert best_path(evidence, chain, waves)[first:end].tolist() == list(best)
        total += float(np.log(np.sum(chances)))
    assert told.log_evidence == pytest.approx(total)
    assert told.pairs.sum() == pytest.approx(5)


def test_planted_annotators_are_told_apart_and_spans_found():
    answers, truth = planted()
    rows = TokenRows.from_answers(answers, tags=TAGS)
    fit = SequenceCrowd(context_tags=5, annotator_tags=5).fit(rows)
    assert fit.converged_
    assert (np.diff(fit.reliability_) < 0).all()
    np.testing.assert_allclose(fit.confusion_.sum(axis=2), 1)
    np.testing.assert_allclose(fit.posterior_.sum(axis=1), 1)
    majority = rows.votes.argmax(axis=1)
    assert right_spans(fit.tags_, truth) > right_spans(majority, truth) + 0.02


def test_no_span_begins_in_its_middle():
    answers = [("s", who, ["O", "I-x", "O"]) for who in "abc"]
    rows = TokenRows.from_answers(answers, tags=TAGS)
    tags = SequenceCrowd().fit(rows).tags_
    assert allowed_steps(TAGS)[[3, *tags[:-1]], tags].all()


def test_order_changes_nothing_and_names_only_names():
    answers, _ = planted(n_sequences=20)
    fit = SequenceCrowd().fit(TokenRows.from_answers(answers, tags=TAGS))
    again = SequenceCrowd().fit(TokenRows.from_answers(answers[::-1], tags=TAGS))
    assert again.posterior_.tobytes() == fit.posterior_.tobytes()
    assert again.digest_ == fit.digest_
    renamed = [(name, f"z{9 - int(who[1:])}", tags) for name, who, tags in answers]
    other = SequenceCrowd().fit(TokenRows.from_answers(renamed, tags=TAGS))
    np.testing.assert_allclose(other.posterior_, fit.posterior_, atol=1e-9)
    np.testing.assert_allclose(other.reliability_[::-1], fit.reliability_)


def test_one_annotator_one_token_and_gaps_all_work():
    rows = TokenRows.from_answers([("s", "ann", ["O"]), ("t", "ann", [None, "B-x"])], tags=TAGS)
    fit = SequenceCrowd().fit(rows)
    assert len(fit.tags_) == 3
    assert np.isfinite(fit.posterior_).all()


def test_a_sequence_that_nobody_tagged_is_as_the_chain_says():
    rows = TokenRows.from_answers([("s", "ann", [None, None]), ("empty", "ann", [])], tags=TAGS)
    fit = SequenceCrowd().fit(rows)
    np.testing.assert_allclose(fit.posterior_.sum(axis=1), 1)
    assert np.isnan(fit.reliability_).all()


def test_answers_of_two_lengths_and_unknown_tags_are_refused():
    with pytest.raises(ValueError, match="differ in length"):
        TokenRows.from_answers([("s", "ann", ["O"]), ("s", "bob", ["O", "O"])], tags=TAGS)
    with pytest.raises(ValueError, match="none of the tags"):
        TokenRows.from_answers([("s", "ann", ["B-y"])], tags=TAGS)
