"""The same request twice at the same moment, on a database where both really run at once."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from flask import Flask
from sqlmodel import func, select

from crowd.models import Project
from folkmoot.app import create_app
from folkmoot.bootstrap import Services, bootstrap
from folkmoot.identity.permissions import Role
from folkmoot.kernel.ids import new_id
from folkmoot.kernel.schema import upgrade_database
from folkmoot.kernel.settings import Settings
from folkmoot.runtime.postgres import TemporaryPostgres

from .conftest import make_person

PROJECT = {
    "title": "Is there a cat?",
    "answer_schema": {"choices": ["yes", "no"]},
    "instructions": "Look for a cat.",
}


@pytest.fixture
def served(tmp_path: Path, postgres_server: TemporaryPostgres) -> Iterator[tuple[Flask, Services]]:
    url = postgres_server.create_database(f"api_{new_id().hex}")
    services = bootstrap(Settings(data_dir=tmp_path, database_url=url))
    upgrade_database(services.engine)
    yield create_app(services), services
    services.engine.dispose()


def test_the_same_key_sent_twice_at_once_gets_one_answer_twice(
    served: tuple[Flask, Services],
) -> None:
    app, services = served
    token = make_person(app, services, Role.TEAM).token
    for number in range(10):
        barrier = Barrier(2)

        def send(_: int, slug: str = f"cats-{number}", gate: Barrier = barrier) -> tuple[int, str]:
            client = app.test_client()
            headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": slug}
            gate.wait()
            answer = client.post(
                "/api/v1/projects", json={**PROJECT, "slug": slug}, headers=headers
            )
            return answer.status_code, answer.text

        with ThreadPoolExecutor(2) as pool:
            first, second = pool.map(send, range(2))
        assert first == second
        assert first[0] == 201
    with services.reading() as uow:
        assert uow.session.exec(select(func.count()).select_from(Project)).one() == 10
