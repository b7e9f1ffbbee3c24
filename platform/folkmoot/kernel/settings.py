"""Settings: environment variables `FOLKMOOT_*`, checked once at the start."""

import re
from enum import StrEnum
from pathlib import Path

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from folkmoot.kernel.errors import ConfigurationError

DEVELOPMENT_SECRET = "development-only-secret"  # noqa: S105  # refused in production, see below
SHORTEST_SECRET = 32
DEVELOPMENT_ORIGIN = "folkmoot.local/log"


class Environment(StrEnum):
    """Where this process runs."""

    DEVELOPMENT = "development"
    PRODUCTION = "production"


class Settings(BaseSettings):
    """What an operator may choose; docs/reference/settings.md lists each with its meaning."""

    model_config = SettingsConfigDict(env_prefix="FOLKMOOT_", extra="ignore")

    environment: Environment = Environment.DEVELOPMENT
    """`production` refuses unsafe settings, such as default secrets."""
    data_dir: Path = Path("var")
    """The folder of models, exports, the SQLite file and the development key."""
    database_url: str = ""
    """SQLite or PostgreSQL; a SQLite file in the data folder if not given."""
    queue_url: str = ""
    """Valkey or Redis; `folkmoot serve` runs one of its own if none is named."""
    secret_key: SecretStr = SecretStr(DEVELOPMENT_SECRET)
    """Signs cookies; 32 random characters or more in production."""
    public_url: str = "http://127.0.0.1:8000"
    """The address that people type; `https://` in production."""
    behind_proxy: bool = False
    """Whether to believe one proxy's `X-Forwarded-*` headers."""
    largest_request_bytes: int = Field(default=64 * 1024 * 1024, ge=1024)
    """The largest request that is taken, but for files of tasks."""
    largest_import_bytes: int = Field(default=8 * 1024**3, ge=1024)
    """The largest file of tasks that is taken; it is streamed to the disk."""
    image_origins: str = ""
    """Where else pictures in tasks may come from: `https://` origins, with spaces between."""

    log_origin: str = DEVELOPMENT_ORIGIN
    """The audit log's name, in every checkpoint; it cannot be changed later."""
    log_key_file: Path | None = None
    """The key that signs checkpoints, made by `folkmoot audit key`."""
    public_log: bool = False
    """Whether anybody may read the log's tiles and entries under `/log/`, without a token."""
    witness_policy_file: Path | None = None
    """Which witnesses are asked, and how many must cosign: a policy of c2sp.org/tlog-policy."""
    wrapping_key_file: Path | None = None
    """The key that wraps the keys of personal texts, made by `folkmoot audit wrapping-key`."""

    sign_in_attempts_per_minute: int = Field(default=10, ge=1)
    """How often one address may try to sign in."""
    session_hours: int = Field(default=12, ge=1)
    """How long a browser stays signed in."""
    access_token_minutes: int = Field(default=60, ge=1)
    """How long a token from client credentials holds."""

    oidc_issuer: str = ""
    """The address of an OpenID provider; sign-in by it is off without one."""
    oidc_client_id: str = ""
    """What the provider calls this installation."""
    oidc_client_secret: SecretStr = SecretStr("")
    """The secret that the provider gave out for it."""
    oidc_label: str = "Single sign-on"
    """What the button on the sign-in page says."""

    @field_validator("image_origins")
    @classmethod
    def _whole_origins(cls, written: str) -> str:
        for origin in written.split():
            # A wildcard, or a path, would let in more than whoever wrote it can know.
            if not re.fullmatch(r"https://[a-z0-9.-]+(:[0-9]{1,5})?", origin):
                raise ValueError(f"{origin} is no origin such as https://pictures.example.org")
        return written

    @model_validator(mode="after")
    def _fill_in_and_refuse_unsafe(self) -> "Settings":
        if not self.database_url:
            self.database_url = f"sqlite:///{self.data_dir / 'folkmoot.sqlite'}"
        if self.environment is Environment.PRODUCTION:
            self._refuse_defaults()
        return self

    def _refuse_defaults(self) -> None:
        secret = self.secret_key.get_secret_value()
        if secret == DEVELOPMENT_SECRET or len(secret) < SHORTEST_SECRET:
            raise ValueError(
                f"FOLKMOOT_SECRET_KEY must be set to {SHORTEST_SECRET} or more random characters"
            )
        if not self.queue_url:
            raise ValueError("FOLKMOOT_QUEUE_URL must name a Valkey or Redis server")
        if not self.public_url.startswith("https://"):
            raise ValueError("FOLKMOOT_PUBLIC_URL must start with https://")
        if self.log_key_file is None:
            raise ValueError("FOLKMOOT_LOG_KEY_FILE must name the audit log's signing key")
        if self.wrapping_key_file is None:
            raise ValueError(
                "FOLKMOOT_WRAPPING_KEY_FILE must name the key that wraps the keys of personal texts"
            )
        if self.log_origin == DEVELOPMENT_ORIGIN:
            raise ValueError(
                "FOLKMOOT_LOG_ORIGIN must be a name of your own for the log, such as "
                "folkmoot.example/log; it can never be changed"
            )

    @property
    def is_production(self) -> bool:
        """Say whether the strict rules of production hold."""
        return self.environment is Environment.PRODUCTION

    def make_data_dir(self) -> None:
        """Make the folder of our data, or say why that cannot be."""
        try:
            self.data_dir.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigurationError(
                f"The folder {self.data_dir} cannot be made: {error.strerror}."
            ) from error

    @property
    def artifact_dir(self) -> Path:
        """Return the folder of models and exports, named by their digest."""
        return self.data_dir / "artifacts"


def load_settings() -> Settings:
    """Read the environment, or say in one sentence which setting is wrong."""
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        where = f"FOLKMOOT_{name.upper()}: " if name else ""
        raise ConfigurationError(f"{where}{first['msg'].removeprefix('Value error, ')}.") from error
