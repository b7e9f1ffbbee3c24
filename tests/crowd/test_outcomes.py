import pytest
from sqlmodel import select

from audit.models import Entry
from crowd.models import Outcome
from crowd.outcomes import OutcomeRow, import_outcomes
from folkmoot.kernel.errors import InvalidInput


def send(moot, project, answers, source="follow-up"):
    rows = [OutcomeRow(external_id=name, answer=answer) for name, answer in answers]
    with moot.work() as uow:
        return import_outcomes(uow, moot.team, project_id=project.id, rows=rows, source=source)


def stored(moot, project):
    with moot.read() as uow:
        found = uow.session.exec(select(Outcome).where(Outcome.project_id == project.id)).all()
    return {outcome.external_id: (outcome.answer, outcome.source) for outcome in found}


def test_the_newest_outcome_of_a_case_is_kept(moot):
    project, other = moot.project(), moot.project()
    send(moot, other, [("a", "no")])
    assert send(moot, project, [("a", "yes"), ("b", "yes")]) == 2
    assert send(moot, project, [("b", "no"), ("b", "yes"), ("c", "no")], "audit") == 2

    assert stored(moot, project) == {
        "a": ("yes", "follow-up"),
        "b": ("yes", "audit"),
        "c": ("no", "audit"),
    }
    with moot.read() as uow:
        entries = uow.session.exec(select(Entry).where(Entry.project_id == project.id)).all()
    assert [entry.action.value for entry in entries].count("outcomes.imported") == 2


def test_one_outcome_that_is_not_allowed_keeps_all_out(moot):
    project = moot.project()
    with pytest.raises(InvalidInput, match="1 of 2") as refusal:
        send(moot, project, [("a", "yes"), ("b", "perhaps")])

    assert [field.pointer for field in refusal.value.fields] == ["/rows/1/answer"]
    assert stored(moot, project) == {}
