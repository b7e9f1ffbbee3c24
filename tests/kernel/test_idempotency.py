import pytest
from sqlalchemy.engine import Engine
from sqlalchemy.exc import IntegrityError

from folkmoot.kernel.errors import Conflict
from folkmoot.kernel.idempotency import keep_answer, kept_answer
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.unit_of_work import reading, unit_of_work

ANN, BEN = new_id(), new_id()


def keep(engine: Engine, *, account_id=ANN, digest: str = "d1") -> None:
    with unit_of_work(engine) as uow:
        keep_answer(
            uow, account_id=account_id, key="k", request_digest=digest, status=201, body="{}"
        )


def test_an_answer_is_found_by_its_account_and_key(engine: Engine) -> None:
    keep(engine)

    with reading(engine) as uow:
        kept = kept_answer(uow, account_id=ANN, key="k", request_digest="d1")
        assert kept is not None
        assert (kept.status, kept.body) == (201, "{}")
        assert kept_answer(uow, account_id=BEN, key="k", request_digest="d1") is None
        assert kept_answer(uow, account_id=ANN, key="other", request_digest="d1") is None


def test_a_key_is_not_taken_for_another_request(engine: Engine) -> None:
    keep(engine)

    with reading(engine) as uow, pytest.raises(Conflict, match="used before, for another"):
        kept_answer(uow, account_id=ANN, key="k", request_digest="d2")


def test_of_two_requests_at_once_the_second_fails_whole(engine: Engine) -> None:
    keep(engine)

    with pytest.raises(IntegrityError):
        keep(engine)
    keep(engine, account_id=BEN)
