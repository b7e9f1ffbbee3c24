"""Training on a data set: what is learned from, measured on and compared with."""

from dataclasses import replace

import pytest

from audit.actions import Action
from crowd.data_set_files import DataSetRow, files_of
from crowd.task_types.single_choice import SingleChoice
from folkmoot.kernel.errors import InvalidInput, NotFound
from governance.examples import examples_of
from governance.held_out import is_held_out
from governance.learning import TrainingProblem, train
from governance.model_files import load_model
from governance.models import VersionState
from governance.scoring import score
from governance.training import load_training_problem, store_version


@pytest.fixture
def small(court):
    court.policy()
    court.outcomes()
    return court


def _problem(court, version) -> TrainingProblem:
    with court.read() as uow:
        return load_training_problem(uow, court.artifacts, version_id=version.id)


def test_a_trained_version_is_a_candidate_with_figures_that_can_be_recounted(small) -> None:
    known = small.patients[:300]
    version = small.train(small.request(small.model(), small.data_set(known)))
    assert version.state is VersionState.CANDIDATE
    held_out = [each for each in known if is_held_out(each.name, 0.4)]
    model = load_model(small.artifacts.get(version.artifact_digest))
    said = [found.answer for found in score(model, [each.payload for each in held_out])]
    wrong = sum(answer != each.answer for answer, each in zip(said, held_out, strict=True))
    assert version.metrics["held_out"]["cases"] == len(held_out)
    assert version.metrics["error"]["n"] == len(held_out)
    assert version.metrics["error"]["value"] == pytest.approx(wrong / len(held_out))
    assert version.metrics["training"]["rows"] == 300 - len(held_out)
    assert sum(map(sum, version.metrics["confusion"])) == len(held_out)
    assert version.metrics["error"]["value"] < 0.4
    assert version.figures["calibration"].startswith("<svg")
    (entry,) = small.entries(Action.MODEL_VERSION_TRAINED)
    assert entry.subject_id == version.id


def test_held_out_tasks_teach_nothing(small) -> None:
    """Their answers turned around change the figures, never the model."""
    known = small.patients[:200]
    problem = _problem(small, small.request(small.model(), small.data_set(known)))
    turned = tuple(
        replace(each, answer="no" if each.answer == "yes" else "yes")
        if is_held_out(each.external_id, 0.4)
        else each
        for each in problem.examples
    )
    honest, other = train(problem), train(replace(problem, examples=turned))
    payloads = [each.payload for each in problem.examples]
    assert score(load_model(honest.model_file), payloads) == score(
        load_model(other.model_file), payloads
    )


def test_reviewed_cases_are_learned_from_whatever_their_name(small) -> None:
    reviewed = small.patients[300:340]
    version = small.train(
        small.request(small.model(), small.data_set(small.patients[:300], reviewed))
    )
    assert any(is_held_out(each.name, 0.4) for each in reviewed)
    assert version.metrics["training"]["review"] == len(reviewed)


def test_a_second_version_is_compared_with_the_active_one_on_the_same_cases(small) -> None:
    model = small.model()
    first = small.promote(small.train(small.request(model, small.data_set(small.patients[:100]))))
    second = small.train(
        small.request(model, small.data_set(small.patients[:100], small.patients[300:], number=2))
    )
    comparison = second.metrics["comparison"]
    assert comparison["with_version"] == 1
    assert comparison["before"]["value"] == first.metrics["error"]["value"]
    assert comparison["after"]["value"] == second.metrics["error"]["value"]
    assert comparison["difference"]["low"] < comparison["difference"]["high"]
    assert second.metrics["held_out"]["digest"] == first.metrics["held_out"]["digest"]
    assert second.gate["compared_with"] == str(first.id)


def test_versions_with_other_shares_are_compared_on_what_neither_has_seen(small) -> None:
    model = small.model()
    data_set = small.data_set(small.patients[:300])
    small.promote(small.train(small.request(model, data_set, held_out_share=0.2)))
    second = small.train(small.request(model, data_set, held_out_share=0.5))
    common = [each for each in small.patients[:300] if is_held_out(each.name, 0.2)]
    assert second.metrics["comparison"]["before"]["n"] == len(common)
    assert second.metrics["error"]["n"] > len(common)


def test_without_outcomes_the_consensus_stands_in_and_the_figures_say_so(court) -> None:
    version = court.train(court.request(court.model(), court.data_set(court.patients[:200])))
    assert version.metrics["measured_against"] == "consensus"


def test_cases_without_an_outcome_are_counted_and_left_out(court) -> None:
    court.outcomes(court.patients[:100])
    version = court.train(court.request(court.model(), court.data_set(court.patients[:200])))
    held_out = [each for each in court.patients[:200] if is_held_out(each.name, 0.4)]
    known = [each for each in court.patients[:100] if is_held_out(each.name, 0.4)]
    assert version.metrics["measured_against"] == "outcomes"
    assert version.metrics["error"]["n"] == len(known)
    assert version.metrics["held_out"]["without_truth"] == len(held_out) - len(known)


def test_a_job_that_runs_twice_stores_one_version_and_one_entry(small) -> None:
    version = small.request(small.model(), small.data_set(small.patients[:100]))
    problem = _problem(small, version)
    result = train(problem)
    for _ in range(2):
        with small.work() as uow:
            stored = store_version(uow, small.artifacts, problem=problem, result=result)
    assert stored.state is VersionState.CANDIDATE
    assert len(small.entries(Action.MODEL_VERSION_TRAINED)) == 1


def test_the_same_data_give_the_same_figures(small) -> None:
    problem = _problem(small, small.request(small.model(), small.data_set(small.patients[:100])))
    one, other = train(problem), train(problem)
    assert (one.metrics, one.gate, one.figures) == (other.metrics, other.gate, other.figures)


def test_the_gate_compares_the_groups_of_the_project(small) -> None:
    version = small.train(small.request(small.model(), small.data_set(small.patients[:300])))
    names = [clause["name"] for clause in version.gate["clauses"]]
    assert names == ["error", "gap:sex", "gap:age"]


@pytest.mark.parametrize(
    ("parameters", "sentence"),
    [
        ({"features": ["colour"]}, "No training row holds a number in the field 'colour'"),
        ({"features": []}, None),
    ],
)
def test_features_that_are_not_there_are_refused(small, parameters, sentence) -> None:
    problem = _problem(
        small, small.request(small.model(), small.data_set(small.patients[:60]), **parameters)
    )
    if sentence is None:
        assert train(problem).metrics["features"] == sorted(small.patients[0].payload)
        return
    with pytest.raises(InvalidInput, match=sentence):
        train(problem)


def test_one_answer_alone_teaches_nothing(small) -> None:
    sick = [each for each in small.patients if each.is_sick][1:9]
    version = small.request(small.model(), small.data_set(sick))
    examples = tuple(replace(each, answer="yes") for each in _problem(small, version).examples)
    with pytest.raises(InvalidInput, match="two different answers"):
        train(replace(_problem(small, version), examples=examples))


def test_an_altered_data_set_file_is_not_learned_from(small) -> None:
    data_set = small.data_set(small.patients[:60])
    version = small.request(small.model(), data_set)
    digest = data_set.manifest["files"]["jsonl"]["digest"]
    path = small.artifacts.folder / digest[:2] / digest
    path.write_bytes(path.read_bytes().replace(b'"yes"', b'"no"', 1))
    with pytest.raises(NotFound, match="altered"):
        _problem(small, version)


def test_a_data_set_without_the_file_says_so(small) -> None:
    data_set = small.data_set(small.patients[:60])
    version = small.request(small.model(), data_set)
    with small.work() as uow:
        uow.session.merge(data_set).manifest = {"files": {}}
    with pytest.raises(NotFound, match="no jsonl file"):
        _problem(small, version)


def test_a_payload_field_named_like_an_exported_column_keeps_its_name(small) -> None:
    """What the export writes, training reads back as it was."""
    payload = {"age": 50.0, "confidence": 3.0, "n_labels": 7.0}
    row = DataSetRow("a", "crowd", "yes", 0.8, 3, (0.8, 0.2), payload)
    data_set = small.data_set(small.patients[:10])
    digest = small.artifacts.put(files_of([row])["jsonl"])
    data_set.manifest = {"files": {"jsonl": {"digest": digest}}}
    (example,) = examples_of(small.artifacts, data_set, SingleChoice())
    assert example.payload == payload
    assert (example.confidence, example.answer, example.is_crowd) == (0.8, "yes", True)
