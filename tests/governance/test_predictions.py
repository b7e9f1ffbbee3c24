"""What models said of tasks, for the consensus that weighs it beside the labels."""

from sqlmodel import select

from crowd.importing import TaskRow, add_rows
from crowd.models import Consensus, ConsensusRun, Task
from folkmoot.kernel import clock
from folkmoot.kernel.outbox import WorkState
from governance.predictions import predictions_for


def test_what_a_model_said_is_found_unless_it_had_learned_from_the_task(court) -> None:
    court.decide(court.active_model(), court.patients[300:303])
    other = court.another_project()
    rows = [TaskRow(name, {}) for name in ("patient-300", "patient-301", "never decided")]
    with court.work() as uow:
        for project in (court.project, other):
            add_rows(uow, project_id=project.id, rows=rows)
        tasks = {
            task.external_id: task.id
            for task in uow.session.exec(select(Task).where(Task.project_id == court.project.id))
        }
        learned_from = uow.session.exec(select(ConsensusRun)).one()
        uow.session.add(
            Consensus(
                run_id=learned_from.id,
                task_id=tasks["patient-301"],
                answer="yes",
                confidence=0.9,
                posterior=[0.9, 0.1],
                n_labels=3,
            )
        )
        runs = [
            ConsensusRun(
                project_id=project.id,
                number=9,
                method="crowdlab",
                state=WorkState.REQUESTED,
                requested_by=court.team.id,
                created_at=clock.now(),
            )
            for project in (court.project, other)
        ]
        uow.session.add_all(runs)

    decided = {each.case_ref: each for each in court.decisions()}
    with court.read() as uow:
        found = predictions_for(uow, run_id=runs[0].id)
        elsewhere = predictions_for(uow, run_id=runs[1].id)

    expected = decided["patient-300"]
    assert found == {str(tasks["patient-300"]): (expected.proposed, expected.probability)}
    assert elsewhere == {}
