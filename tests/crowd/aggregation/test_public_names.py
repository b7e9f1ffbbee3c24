import subprocess
import sys

from crowd import aggregation


def test_all_names_exactly_what_is_public():
    public = {
        name
        for name, value in vars(aggregation).items()
        if not name.startswith("_") and not hasattr(value, "__path__") and hasattr(value, "__doc__")
    }
    modules = {name for name in public if type(getattr(aggregation, name)).__name__ == "module"}
    assert public - modules == set(aggregation.__all__)


def test_a_web_process_can_judge_a_task_without_loading_scipy():
    script = (
        "import sys; from crowd.aggregation import StoppingRule, posterior_of;"
        "posterior_of([0, 1], [0.7, 0.8], 2);"
        "sys.exit(any(name in sys.modules for name in ('numba', 'scipy', 'sklearn', 'pandas')))"
    )
    assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
