"""Ask another Python, which has other libraries, for the posteriors of one crowd."""

import subprocess
import tempfile
from pathlib import Path

import click
import numpy as np

from crowd.aggregation.arrays import FloatArray
from folkmoot.bench.crowd_data import RealCrowd

_SCRIPT = Path(__file__).with_name("reference_methods.py")
_SECONDS_OF = "seconds of "


def reference_posteriors(
    crowd: RealCrowd, python: Path, seconds: int, methods: str
) -> dict[str, tuple[FloatArray, float]]:
    """Return the posterior, (n_tasks, n_classes), and the seconds of each method that ran.

    seconds: what one method may take. methods: their names with commas, or nothing for all.
    What did not run is told on the terminal.
    """
    matrix = crowd.matrix
    with tempfile.TemporaryDirectory() as folder:
        given, result = Path(folder, "crowd.npz"), Path(folder, "result.npz")
        shape = np.array([matrix.n_tasks, matrix.n_annotators, matrix.n_classes])
        np.savez(
            given, task=matrix.task, annotator=matrix.annotator, label=matrix.label, shape=shape
        )
        command = [*map(str, (python, _SCRIPT, given, result, seconds, methods))]
        done = subprocess.run(  # noqa: S603 - the Python that the person at the terminal named
            command, check=True, capture_output=True, text=True
        )
        _tell(crowd.name, done.stderr)
        with np.load(result) as arrays:
            found = {name: arrays[name] for name in arrays.files}
    return {
        name: (posterior, float(found[_SECONDS_OF + name]))
        for name, posterior in found.items()
        if not name.startswith(_SECONDS_OF)
    }


def _tell(crowd: str, complaints: str) -> None:
    for line in complaints.splitlines():
        if "did not run" in line:
            click.echo(f"{crowd}: {line}")
