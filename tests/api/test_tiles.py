"""The log in tiles over HTTP, as programs by others read it."""

import gzip
from collections.abc import Iterator

import pytest
import requests
from flask import Flask
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey

from audit.merkle import leaf_hash
from audit.tile_bundles import parse_bundle
from folkmoot.app import create_app
from folkmoot.bootstrap import Services, bootstrap
from folkmoot.jobs.audit_jobs import seal
from folkmoot.kernel.settings import Settings

from ..audit.long_log import insert_waiting
from .conftest import Person, serving

IMMUTABLE = "max-age=31536000, immutable"


@pytest.fixture
def logged(services: Services) -> int:
    """A log of a few hundred entries; return its size."""
    insert_waiting(services.engine, range(300))
    seal(services)
    return 300


@pytest.fixture
def open_app(services: Services, logged: int) -> Flask:
    settings = Settings(**{**services.settings.model_dump(), "public_log": True})
    return create_app(bootstrap(settings))


@pytest.fixture
def open_url(open_app: Flask) -> Iterator[str]:
    with serving(open_app) as url:
        yield f"{url}/log"


def test_a_public_log_is_read_by_tlog_scales_over_http(open_url: str, services: Services):
    class Http:
        def get(self, *path: str) -> bytes | None:
            answer = requests.get("/".join([open_url, *path]), timeout=20)
            return answer.content if answer.status_code == 200 else None

    reader = TilesReader(Http())
    checkpoint = reader.get_checkpoint()

    checkpoint.verify(Vkey.from_string(services.log_key.verifier))
    assert checkpoint.size == 300
    assert reader.calculate_root_hash() == checkpoint.root_hash
    proof = reader.get_inclusion_proof(299, 300)
    proof.check(leaf_hash(reader.get_entry(299)), checkpoint.root_hash)


def test_tiles_may_be_kept_for_ever_and_checkpoints_hardly(open_url: str):
    checkpoint = requests.get(f"{open_url}/checkpoint", timeout=20)
    tile = requests.get(f"{open_url}/tile/0/000", timeout=20)

    assert checkpoint.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert checkpoint.headers["Cache-Control"] == "public, max-age=2"
    assert tile.headers["Content-Type"] == "application/octet-stream"
    assert tile.headers["Cache-Control"] == f"public, {IMMUTABLE}"
    assert len(tile.content) == 8192


def test_bundles_are_sent_in_fewer_bytes_to_those_who_can_read_that(open_app: Flask):
    client = open_app.test_client()
    plain = client.get("/log/tile/entries/000", headers={"Accept-Encoding": "identity"})
    packed = client.get("/log/tile/entries/000", headers={"Accept-Encoding": "gzip"})

    assert gzip.decompress(packed.data) == plain.data
    assert packed.headers["Content-Encoding"] == "gzip"
    assert "Content-Encoding" not in plain.headers
    assert packed.headers["Vary"] == "Accept-Encoding"
    assert len(parse_bundle(plain.data)) == 256
    assert plain.headers["Cache-Control"] == "public, max-age=86400, immutable"


@pytest.mark.parametrize(
    "path",
    [
        "", "tile", "tile/0/002", "tile/0/001", "tile/0/001.p/45", "tile/1/000.p/2", "tile/64/000",
        "tile/0/000.p/0", "tile/0/1", "tile/entries/001", "tile/0/x000/000", "checkpoint/",
        "tile/0/000/../001", "%2e%2e/etc/passwd",
    ],
)  # fmt: skip
def test_what_the_log_has_not_is_not_found(open_app: Flask, path: str):
    answer = open_app.test_client().get(f"/log/{path}")
    assert answer.status_code == 404
    assert answer.mimetype == "application/problem+json"


def test_a_log_that_is_not_public_is_read_with_a_token(
    app: Flask, officer: Person, team: Person, logged: int
):
    client = app.test_client()
    path = "/log/tile/1/000.p/1"

    assert client.get(path).status_code == 401
    assert client.get(path, headers={"Authorization": f"Bearer {team.token}"}).status_code == 403
    answer = client.get(path, headers={"Authorization": f"Bearer {officer.token}"})
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == f"private, {IMMUTABLE}"


def test_an_empty_log_has_no_checkpoint_yet(services: Services):
    settings = Settings(**{**services.settings.model_dump(), "public_log": True})
    answer = create_app(bootstrap(settings)).test_client().get("/log/checkpoint")
    assert answer.status_code == 404
