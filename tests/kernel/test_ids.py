from concurrent.futures import ThreadPoolExecutor

from folkmoot.kernel.ids import new_id


def test_ids_are_of_version_7_and_sort_by_when_they_were_made() -> None:
    ids = [new_id() for _ in range(1000)]

    assert ids == sorted(ids)
    assert {one.version for one in ids} == {7}


def test_no_two_threads_make_the_same_id() -> None:
    with ThreadPoolExecutor(8) as pool:
        ids = list(pool.map(lambda _: new_id(), range(8000)))

    assert len(set(ids)) == 8000
