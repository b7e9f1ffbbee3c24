import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from folkmoot.kernel.artifacts import ArtifactStore
from folkmoot.kernel.errors import NotFound


@pytest.fixture
def store(tmp_path: Path) -> ArtifactStore:
    return ArtifactStore(tmp_path / "artifacts")


def files(store: ArtifactStore) -> list[Path]:
    return [path for path in store.folder.rglob("*") if path.is_file()]


def test_bytes_are_found_by_their_digest(store: ArtifactStore) -> None:
    digest = store.put(b"model")

    assert digest == hashlib.sha256(b"model").hexdigest()
    assert store.get(digest) == b"model"


def test_the_same_bytes_are_kept_once(store: ArtifactStore) -> None:
    assert store.put(b"model") == store.put(b"model")

    assert len(files(store)) == 1


def test_writers_at_once_leave_one_whole_file(store: ArtifactStore) -> None:
    content = b"model" * 100_000
    with ThreadPoolExecutor(8) as pool:
        digests = set(pool.map(lambda _: store.put(content), range(16)))

    assert len(digests) == 1
    assert [path.read_bytes() for path in files(store)] == [content]


def test_an_altered_file_is_not_handed_out(store: ArtifactStore) -> None:
    digest = store.put(b"model")
    files(store)[0].write_bytes(b"other")

    with pytest.raises(NotFound, match="altered"):
        store.get(digest)


@pytest.mark.parametrize("digest", ["0" * 64, "../../secret", ""])
def test_what_is_not_there_is_refused(store: ArtifactStore, digest: str) -> None:
    with pytest.raises(NotFound):
        store.get(digest)
