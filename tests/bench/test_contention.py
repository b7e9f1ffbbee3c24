"""The races of `folkmoot bench contention`, run small: real processes, both databases."""

import pytest

from folkmoot.bench.contention import contend


@pytest.mark.timeout(120)
@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_no_race_gives_a_place_twice_or_leaves_a_task_stuck(kind: str) -> None:
    figures = list(contend([kind], processes=[4], trials=5))

    assert len(figures) == 6
    assert {figure.name: figure.value for figure in figures if not figure.is_met} == {}
