from datetime import UTC, datetime, timedelta
from threading import Thread

from folkmoot.kernel import clock

NEW_YEAR = datetime(2027, 1, 1, tzinfo=UTC)


def test_now_is_aware_and_in_utc() -> None:
    assert clock.now().utcoffset() == timedelta(0)
    assert abs(clock.now() - datetime.now(UTC)) < timedelta(seconds=5)


def test_a_moved_clock_stands_still_until_it_is_let_go() -> None:
    with clock.moved_to(NEW_YEAR):
        assert clock.now() == NEW_YEAR
        assert clock.in_seconds(90) == NEW_YEAR + timedelta(seconds=90)

    assert clock.now() != NEW_YEAR


def test_a_clock_moved_here_is_not_moved_in_another_thread() -> None:
    seen: list[datetime] = []

    with clock.moved_to(NEW_YEAR):
        other = Thread(target=lambda: seen.append(clock.now()))
        other.start()
        other.join()

    assert seen[0] != NEW_YEAR
