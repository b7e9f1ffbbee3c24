import subprocess
import sys

WITHOUT_WEB = (
    "accounts",
    "clients",
    "passwords",
    "provider_sign_in",
    "sessions",
    "sign_in",
    "tokens",
)


def test_the_rules_of_identity_load_no_web_framework():
    """The command line and the workers use them, and must start fast."""
    script = (
        "import sys\n"
        + "".join(f"import folkmoot.identity.{name}\n" for name in WITHOUT_WEB)
        + "print({name.partition('.')[0] for name in sys.modules})"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout
    assert "'folkmoot'" in loaded
    for name in ("flask", "werkzeug", "authlib", "redis", "requests"):
        assert f"'{name}'" not in loaded
