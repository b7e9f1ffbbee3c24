"""What web and API import of governance must not load the numerical libraries."""

import subprocess
import sys

SERVICES = (
    "calibration",
    "claims",
    "decisions",
    "overview",
    "policies",
    "registry",
    "reporting",
    "review",
)
HEAVY = ("sklearn", "scipy", "pandas", "fairlearn", "skops", "altair", "pyarrow")


def test_the_services_of_pages_load_no_numerical_library() -> None:
    program = "\n".join(
        [
            "import sys",
            *(f"import governance.{name}" for name in SERVICES),
            f"print(*sorted(set(sys.modules) & set({HEAVY!r})))",
        ]
    )
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == ""
