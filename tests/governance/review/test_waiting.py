"""The queue and its claims."""

from datetime import timedelta
from threading import Barrier, Thread

import pytest

from folkmoot.kernel import clock
from folkmoot.kernel.errors import Conflict, NotFound
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.pagination import PageRequest
from governance.models import Decision
from governance.policies import PolicyDraft
from governance.review import claim, claim_next, queue, release_claim, waiting


@pytest.fixture
def bench(court):
    """A court with six held decisions."""
    model = court.active_model()
    court.policy(PolicyDraft(hold_below=1))
    court.decide(model, court.patients[300:306])
    return court


def _claim_next(court, reviewer) -> Decision | None:
    with court.work() as uow:
        return claim_next(uow, reviewer, project_id=court.project.id)


def test_the_queue_is_ordered_by_deadline_across_pages(bench) -> None:
    with bench.work() as uow:
        last = uow.session.get(Decision, bench.decisions()[-1].id)
        last.due_at -= timedelta(hours=1)
    with bench.read() as uow:
        first = queue(uow, wanted=PageRequest(limit=4))
        rest = queue(uow, wanted=PageRequest(cursor=first.next_cursor, limit=4))
        assert waiting(uow, project_id=bench.project.id) == 6
    ids = [each.id for each in (*first.items, *rest.items)]
    others = [each.id for each in bench.decisions()][:-1]
    assert ids == [last.id, *others]
    assert rest.next_cursor is None


def test_another_project_has_its_own_queue(bench) -> None:
    with bench.read() as uow:
        assert waiting(uow, project_id=new_id()) == 0
        assert not queue(uow, wanted=PageRequest(), project_id=new_id()).items


def test_a_reviewer_gets_the_same_case_until_it_is_settled(bench) -> None:
    first = _claim_next(bench, bench.reviewer)
    assert _claim_next(bench, bench.reviewer).id == first.id


def test_two_reviewers_get_different_cases(bench) -> None:
    other = bench.person()
    assert _claim_next(bench, bench.reviewer).id != _claim_next(bench, other).id


def test_a_claim_keeps_others_away_for_ten_minutes(bench) -> None:
    decision = _claim_next(bench, bench.reviewer)
    other = bench.person()
    with pytest.raises(Conflict, match="Another reviewer has this case until"), bench.work() as uow:
        claim(uow, other, decision_id=decision.id)
    later = clock.now() + timedelta(minutes=10, seconds=1)
    with clock.moved_to(later), bench.work() as uow:
        assert claim(uow, other, decision_id=decision.id).claimed_by == other.id


def test_a_claim_can_be_given_back_by_its_holder_only(bench) -> None:
    decision = _claim_next(bench, bench.reviewer)
    other = bench.person()
    with bench.work() as uow:
        assert release_claim(uow, other, decision_id=decision.id).claimed_by == bench.reviewer.id
    with bench.work() as uow:
        assert release_claim(uow, bench.reviewer, decision_id=decision.id).claimed_by is None


def test_an_empty_queue_gives_nothing(court) -> None:
    assert _claim_next(court, court.reviewer) is None


def test_an_unknown_decision_is_not_found(court) -> None:
    with pytest.raises(NotFound), court.work() as uow:
        claim(uow, court.reviewer, decision_id=new_id())


def test_reviewers_who_ask_at_once_never_get_the_same_case(bench) -> None:
    """Eight ask for six cases, all at the same moment."""
    reviewers = [bench.person() for _ in range(8)]
    start, claimed = Barrier(len(reviewers)), []

    def ask(reviewer) -> None:
        start.wait()
        decision = _claim_next(bench, reviewer)
        claimed.append(None if decision is None else decision.id)

    threads = [Thread(target=ask, args=(reviewer,)) for reviewer in reviewers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = [each for each in claimed if each is not None]
    assert len(claimed) == 8
    assert len(taken) == len(set(taken)) == 6
