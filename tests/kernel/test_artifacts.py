import hashlib
import resource
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from folkmoot.kernel.artifacts import ArtifactStore
from folkmoot.kernel.errors import NotFound, Unavailable


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


def test_a_stream_is_kept_under_the_digest_of_the_whole(store: ArtifactStore) -> None:
    with store.receive([b"mo", b"", b"del"]) as received:
        assert received.open().read() == b"model"
        digest = received.keep()

    assert (digest, received.n_bytes) == (hashlib.sha256(b"model").hexdigest(), 5)
    with store.open(digest) as kept:
        assert kept.read() == b"model"


def test_what_is_not_kept_leaves_nothing_behind(store: ArtifactStore) -> None:
    with store.receive([b"model"]):
        assert len(files(store)) == 1

    assert files(store) == []


def test_a_stream_that_breaks_off_leaves_no_half_file(store: ArtifactStore) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"mo"
        raise ConnectionResetError

    with pytest.raises(ConnectionResetError), store.receive(chunks()) as received:
        received.keep()

    assert files(store) == []


def test_a_full_disk_is_said_and_leaves_no_half_file(store: ArtifactStore) -> None:
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    # The system's own limit on a file's size fails a write as a full disk does.
    resource.setrlimit(resource.RLIMIT_FSIZE, (1024, before[1]))
    try:
        with pytest.raises(Unavailable, match="disk"), store.receive([b"x" * 5000]):
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)

    assert files(store) == []
