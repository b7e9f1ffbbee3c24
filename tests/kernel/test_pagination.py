from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.engine import Engine
from sqlmodel import select

from folkmoot.kernel.errors import InvalidInput
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.outbox import Job, JobName, request_job
from folkmoot.kernel.pagination import MOST_ROWS, PageRequest, cursor_of, key_of, page_by_id
from folkmoot.kernel.unit_of_work import reading, unit_of_work


def fill(engine: Engine, rows: int) -> list[UUID]:
    with unit_of_work(engine) as uow:
        made = [request_job(uow, JobName.RUN_REPORT, subject_id=new_id()) for _ in range(rows)]
        return [job.id for job in made]


def walk(engine: Engine, *, limit: int, newest_first: bool = False) -> list[list[UUID]]:
    pages: list[list[UUID]] = []
    cursor: str | None = None
    while not pages or cursor:
        with reading(engine) as uow:
            page = page_by_id(
                uow,
                select(Job),
                key=Job.id,
                wanted=PageRequest(cursor, limit),
                newest_first=newest_first,
            )
        pages.append([job.id for job in page.items])
        cursor = page.next_cursor
    return pages


@pytest.mark.parametrize("rows", [0, 1, 4, 5])
def test_pages_show_every_row_once(engine: Engine, rows: int) -> None:
    ids = fill(engine, rows)

    pages = walk(engine, limit=2)

    assert [one for page in pages for one in page] == ids
    assert [len(page) for page in pages] == [2] * (rows // 2) + [rows % 2] * (rows % 2 or not rows)


def test_the_newest_come_first_when_asked(engine: Engine) -> None:
    ids = fill(engine, 5)

    assert [one for page in walk(engine, limit=3, newest_first=True) for one in page] == ids[::-1]


def test_rows_that_arrive_in_between_move_nothing(engine: Engine) -> None:
    ids = fill(engine, 4)
    with reading(engine) as uow:
        first = page_by_id(
            uow, select(Job), key=Job.id, wanted=PageRequest(limit=2), newest_first=True
        )
    fill(engine, 3)

    with reading(engine) as uow:
        second = page_by_id(
            uow,
            select(Job),
            key=Job.id,
            wanted=PageRequest(first.next_cursor, 2),
            newest_first=True,
        )

    assert [job.id for job in second.items] == ids[1::-1]


def test_nobody_gets_more_rows_than_the_house_gives(engine: Engine) -> None:
    fill(engine, MOST_ROWS + 1)

    assert len(walk(engine, limit=10_000)[0]) == MOST_ROWS


@given(st.uuids())
def test_a_cursor_leads_back_to_its_id(key: UUID) -> None:
    assert key_of(cursor_of(key)) == key


@pytest.mark.parametrize("forged", ["", "x", "....", "ä", "A" * 400])
def test_a_cursor_that_we_did_not_make_is_refused(forged: str) -> None:
    with pytest.raises(InvalidInput, match="cursor"):
        key_of(forged)
