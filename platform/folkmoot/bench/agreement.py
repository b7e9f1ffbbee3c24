"""How long agreement with its limits takes, from integer labels, and whether others agree.

The labels are drawn: annotators of skill .8, a few of them at work on each task, as many labels
each as there are in public crowds. The first run, which loads the library behind the limits,
does not count, and seconds are those of the processor. With `--reference-python` the values are
compared with those of the packages krippendorff and irrCAC in that environment, on a part of the
labels that they can hold.
"""

import json
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from statistics import median

import click
import numpy as np

from crowd.aggregation.agreement_parts import agreement_without_each
from crowd.aggregation.alpha import alpha
from crowd.aggregation.coefficients import Bootstrap, Coefficient
from crowd.aggregation.cohen import cohen_kappas
from crowd.aggregation.kappas import fleiss_kappa, gwet_ac1
from crowd.aggregation.label_matrix import LabelMatrix
from crowd.aggregation.vote_table import vote_table
from folkmoot.bench.measure import Figure

MOST_SECONDS = 0.1
_N_CLASSES = 4
_SKILL = 0.8
_LABELS_PER_TASK = 5
_LABELS_PER_ANNOTATOR = 500
# A dense table of what the other packages want, with a column per annotator, must fit.
_COMPARED_TASKS = 2000
_MEASURES: Mapping[str, Callable[..., Coefficient]] = {
    "alpha": alpha,
    "AC1": gwet_ac1,
    "Fleiss' kappa": fleiss_kappa,
}

# Runs in the other environment: reads units by annotators, prints three values.
_REFERENCE = """
import json, sys
import krippendorff, numpy, pandas
from irrCAC.raw import CAC
table = numpy.load(sys.argv[1])
raw = CAC(pandas.DataFrame(table))
print(json.dumps({
    "alpha": krippendorff.alpha(reliability_data=table.T, level_of_measurement="nominal"),
    "AC1": raw.gwet()["est"]["coefficient_value"],
    "Fleiss' kappa": raw.fleiss()["est"]["coefficient_value"],
}))
"""


@click.option("--labels", default=1_000_000, show_default=True, help="How many labels.")
@click.option("--rounds", default=9, show_default=True, help="How often; the median counts.")
@click.option(
    "--reference-python",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The interpreter of an environment with krippendorff and irrCAC.",
)
def run(*, labels: int, rounds: int, reference_python: Path | None) -> Iterator[Figure]:
    """Measure alpha, AC1 and Fleiss' kappa with their limits, and compare them."""
    matrix = drawn_labels(labels // _LABELS_PER_TASK)
    name = "alpha, AC1 and Fleiss with limits by"
    seconds = _median_seconds(lambda: _all_three(matrix), rounds)
    yield Figure(f"{name} jackknife", seconds, "s", at_most=MOST_SECONDS)
    seconds = _median_seconds(lambda: _all_three(matrix, Bootstrap()), rounds)
    yield Figure(f"{name} 1,000 bootstraps", seconds, "s", at_most=MOST_SECONDS)
    yield Figure("counting alone", _median_seconds(lambda: vote_table(matrix), rounds), "s")
    few = drawn_labels(labels // _LABELS_PER_TASK // 10)
    yield Figure(
        "Cohen's kappa of each two, a tenth of the labels",
        _median_seconds(lambda: cohen_kappas(few), 3),
        "s",
    )
    yield Figure(
        "alpha without each annotator, a tenth of the labels",
        _median_seconds(lambda: agreement_without_each(few), 1),
        "s",
    )
    yield from _compared(reference_python)


def drawn_labels(n_tasks: int) -> LabelMatrix:
    """Draw labels of like annotators, each task answered by neighbours in a random order."""
    generator = np.random.default_rng(0)
    n_annotators = max(n_tasks * _LABELS_PER_TASK // _LABELS_PER_ANNOTATOR, _LABELS_PER_TASK)
    task = np.repeat(np.arange(n_tasks, dtype=np.int32), _LABELS_PER_TASK)
    first = generator.integers(0, n_annotators, n_tasks)
    annotator = (first[:, None] + np.arange(_LABELS_PER_TASK)).ravel() % n_annotators
    truth = generator.integers(0, _N_CLASSES, n_tasks)[task]
    slip = generator.integers(1, _N_CLASSES, len(task))
    is_right = generator.random(len(task)) < _SKILL
    label = np.where(is_right, truth, (truth + slip) % _N_CLASSES)
    return LabelMatrix(
        task,
        annotator.astype(np.int32),
        label.astype(np.int16),
        task_names=tuple(map(str, range(n_tasks))),
        annotator_names=tuple(map(str, range(n_annotators))),
        class_names=tuple(map(str, range(_N_CLASSES))),
    )


def _all_three(matrix: LabelMatrix, bootstrap: Bootstrap | None = None) -> dict[str, Coefficient]:
    table = vote_table(matrix)
    return {name: measure(table, bootstrap=bootstrap) for name, measure in _MEASURES.items()}


def _median_seconds(act: Callable[[], object], rounds: int) -> float:
    act()
    seconds = []
    for _ in range(rounds):
        began = time.process_time()
        act()
        seconds.append(time.process_time() - began)
    return median(seconds)


def _compared(reference_python: Path | None) -> Iterator[Figure]:
    if reference_python is None:
        click.echo("No --reference-python, so the values are compared with no other package.")
        return
    matrix = drawn_labels(_COMPARED_TASKS)
    ours, theirs = _all_three(matrix), _by_others(matrix, reference_python)
    for name, found in ours.items():
        apart = abs((found.value or np.nan) - theirs[name])
        # irrCAC rounds to five digits.
        yield Figure(f"{name}: apart from the other package", apart, "", at_most=1e-5)


def _by_others(matrix: LabelMatrix, reference_python: Path) -> dict[str, float]:
    dense = np.full((matrix.n_tasks, matrix.n_annotators), np.nan)
    dense[matrix.task, matrix.annotator] = matrix.label
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "labels.npy"
        np.save(path, dense)
        answer = subprocess.run(  # noqa: S603 - the interpreter that the caller named
            [reference_python, "-c", _REFERENCE, path],
            capture_output=True,
            check=True,
            text=True,
        )
    values: dict[str, float] = json.loads(answer.stdout.splitlines()[-1])
    return values
