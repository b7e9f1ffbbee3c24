from folkmoot.runtime.restarts import Deaths, RestartLimit


def test_the_pause_doubles_with_every_death_up_to_five_seconds() -> None:
    deaths = Deaths(RestartLimit(deaths=8))

    assert [deaths.record(now) for now in range(8)] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]


def test_one_death_too_many_in_the_window_gives_up() -> None:
    deaths = Deaths(RestartLimit(deaths=2, window_seconds=30))

    assert [deaths.record(now) for now in (0, 29, 30)] == [0.1, 0.2, None]


def test_deaths_before_the_window_are_forgotten() -> None:
    deaths = Deaths(RestartLimit(deaths=2, window_seconds=30))

    assert [deaths.record(now) for now in (0, 31, 62, 93)] == [0.1, 0.1, 0.1, 0.1]
