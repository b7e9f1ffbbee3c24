import pytest

from folkmoot.kernel.errors import ConfigurationError
from folkmoot.kernel.settings import Settings, load_settings

SAFE = {
    "FOLKMOOT_ENVIRONMENT": "production",
    "FOLKMOOT_SECRET_KEY": "x" * 32,
    "FOLKMOOT_QUEUE_URL": "redis://queue.example.org/0",
    "FOLKMOOT_PUBLIC_URL": "https://labels.example.org",
    "FOLKMOOT_LOG_KEY_FILE": "log-key.txt",
    "FOLKMOOT_WRAPPING_KEY_FILE": "wrapping-key.txt",
    "FOLKMOOT_LOG_ORIGIN": "labels.example.org/log",
}


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment that says nothing of Folkmoot."""
    for name in Settings.model_fields:
        monkeypatch.delenv(f"FOLKMOOT_{name.upper()}", raising=False)
    return monkeypatch


def test_without_any_setting_it_is_a_development_machine_with_a_file(environment) -> None:
    settings = load_settings()

    assert not settings.is_production
    assert settings.database_url == "sqlite:///var/folkmoot.sqlite"


def test_the_database_lies_in_the_data_folder_unless_named(environment) -> None:
    environment.setenv("FOLKMOOT_DATA_DIR", "elsewhere")
    assert load_settings().database_url == "sqlite:///elsewhere/folkmoot.sqlite"

    environment.setenv("FOLKMOOT_DATABASE_URL", "postgresql+psycopg://db/folkmoot")
    assert load_settings().database_url == "postgresql+psycopg://db/folkmoot"


def test_production_takes_safe_settings(environment) -> None:
    for name, value in SAFE.items():
        environment.setenv(name, value)

    assert load_settings().is_production


@pytest.mark.parametrize(
    ("name", "unsafe"),
    [
        ("FOLKMOOT_SECRET_KEY", None),
        ("FOLKMOOT_SECRET_KEY", "development-only-secret"),
        ("FOLKMOOT_SECRET_KEY", "x" * 31),
        ("FOLKMOOT_QUEUE_URL", None),
        ("FOLKMOOT_PUBLIC_URL", "http://labels.example.org"),
        ("FOLKMOOT_LOG_KEY_FILE", None),
        ("FOLKMOOT_WRAPPING_KEY_FILE", None),
        ("FOLKMOOT_LOG_ORIGIN", None),
    ],
)
def test_production_refuses_what_is_unsafe_in_one_sentence(
    environment, name: str, unsafe: str | None
) -> None:
    for each, value in (SAFE | {name: unsafe}).items():
        if value is not None:
            environment.setenv(each, value)

    with pytest.raises(ConfigurationError, match=rf"^{name} must [^\n]+\.$"):
        load_settings()


def test_a_value_of_the_wrong_kind_names_its_variable(environment) -> None:
    environment.setenv("FOLKMOOT_SESSION_HOURS", "soon")

    with pytest.raises(ConfigurationError, match=r"^FOLKMOOT_SESSION_HOURS: [^\n]+\.$"):
        load_settings()


def test_secrets_do_not_show_when_settings_are_printed(environment) -> None:
    environment.setenv("FOLKMOOT_SECRET_KEY", "do-not-show-me")

    assert "do-not-show-me" not in repr(load_settings())
