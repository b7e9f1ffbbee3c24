from crowd.consensus_runs import (
    load_consensus_problem,
    request_consensus,
    solve,
    store_consensus,
)
from crowd.models import AnnotatorRecord
from crowd.quality import expected_reliability
from crowd.tallies import tally_of


def record_of(moot, project, annotator):
    with moot.read() as uow:
        return uow.session.get_one(AnnotatorRecord, (project.id, annotator.id))


def run(moot, project):
    with moot.work() as uow:
        wanted = request_consensus(uow, moot.team, project_id=project.id, method="dawid_skene")
    with moot.read() as uow:
        problem = load_consensus_problem(uow, run_id=wanted.id)
    with moot.work() as uow:
        store_consensus(uow, problem, solve(problem))


def believed(record):
    return expected_reliability(tally_of(record), record.run_reliability, record.run_labels)


def test_a_run_is_believed_from_its_end_on_and_comparing_begins_anew(moot):
    project, noise = moot.project(floor=3, ceiling=3), moot.project(floor=1)
    moot.tasks(project, *"abcdefgh")
    moot.tasks(noise, "n")
    careful, also_careful, careless = (moot.person(name) for name in ("Ann", "Bob", "Cat"))
    moot.answer(noise, careless)
    for annotator, answers in (
        (careful, "yes no yes no yes no yes no"),
        (also_careful, "yes no yes no yes no yes no"),
        (careless, "no no no yes no yes yes yes"),
    ):
        for answer in answers.split():
            moot.answer(project, annotator, answer)
    run(moot, project)

    records = [record_of(moot, project, one) for one in (careful, careless)]
    assert [record.run_labels for record in records] == [8, 8]
    assert [(record.agreed, record.compared) for record in records] == [(0, 0), (0, 0)]
    assert believed(records[0]) > believed(records[1])
    assert record_of(moot, noise, careless).run_reliability is None
