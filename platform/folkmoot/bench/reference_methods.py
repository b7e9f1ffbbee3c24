"""Run other libraries on one crowd; a script for a Python where they are installed.

    python reference_methods.py CROWD.npz RESULT.npz SECONDS [METHOD,METHOD]

CROWD.npz holds task, annotator, label (aligned indices) and shape (tasks, annotators, classes).
RESULT.npz gets for each method its posterior, (tasks, classes), and "seconds of" it. A method
that fails, or takes longer than SECONDS, is left out with a line on standard error. It runs those
of crowd-kit, cleanlab and peerannot that are installed, and imports nothing of Folkmoot.
"""

import importlib
import importlib.util
import signal
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

CROWD_KIT = {
    "MajorityVote": (),
    "Wawa": (),
    "ZeroBasedSkill": (),
    "DawidSkene": (("n_iter", 100),),
    "OneCoinDawidSkene": (("n_iter", 100),),
    "GLAD": (),
    "MACE": (("random_state", 0),),
}
# Of release 0.0.1.post43, GLAD took 4 to 8 seconds an iteration with 8,000 labels, and WDS hands an
# argument on twice, so that it cannot run.
PEERANNOT = ("NaiveSoft", "Wawa", "DawidSkene")


def main(crowd_file: str, result_file: str, seconds: str, wanted: str = "") -> None:
    """Run every method on the crowd, or only those that are wanted."""
    with np.load(crowd_file) as arrays:
        crowd = {name: arrays[name] for name in arrays.files}
    results: dict[str, Any] = {}
    signal.signal(signal.SIGALRM, _out_of_time)
    for name, method in _methods(crowd).items():
        if not wanted or name in wanted.split(","):
            signal.alarm(int(seconds))
            _run(name, method, results)
            signal.alarm(0)
    with Path(result_file).open("wb") as file:
        np.savez(file, **results)


def _methods(crowd: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    methods: dict[str, Callable[[], Any]] = {}
    if importlib.util.find_spec("crowdkit"):
        for name, options in CROWD_KIT.items():
            methods[f"crowd-kit {name}"] = partial(_crowd_kit, crowd, name, dict(options))
    if importlib.util.find_spec("cleanlab"):
        methods["cleanlab CROWDLAB"] = partial(_cleanlab, crowd)
    if importlib.util.find_spec("peerannot"):
        for name in PEERANNOT:
            methods[f"peerannot {name}"] = partial(_peerannot, crowd, name)
    return methods


def _run(name: str, method: Callable[[], Any], results: dict[str, Any]) -> None:
    began = time.perf_counter()
    try:
        posterior = method()
    except Exception as error:  # noqa: BLE001 - theirs may raise anything, and others go on
        # On a line of its own, whatever the library has written before.
        print(f"\n{name} did not run: {str(error)[:100]}", file=sys.stderr)  # noqa: T201 - a script
        return
    results[name] = posterior
    results[f"seconds of {name}"] = time.perf_counter() - began


def _out_of_time(*_: object) -> None:
    raise TimeoutError("out of time")


def _crowd_kit(crowd: dict[str, Any], name: str, options: dict[str, Any]) -> Any:
    pandas = importlib.import_module("pandas")
    method = getattr(importlib.import_module("crowdkit.aggregation"), name)(**options)
    columns = {"task": crowd["task"], "worker": crowd["annotator"], "label": crowd["label"]}
    given = method.fit_predict_proba(pandas.DataFrame(columns))
    n_tasks, _, n_classes = crowd["shape"]
    return given.reindex(index=range(n_tasks), columns=range(n_classes), fill_value=0).to_numpy()


def _cleanlab(crowd: dict[str, Any]) -> Any:
    """Run CROWDLAB with the shares of the votes in the place of a classifier."""
    multiannotator = importlib.import_module("cleanlab.multiannotator")
    n_tasks, n_annotators, n_classes = crowd["shape"]
    votes = np.zeros((n_tasks, n_classes))
    np.add.at(votes, (crowd["task"], crowd["label"]), 1.0)
    shares = (votes + 0.5 / n_classes) / (votes + 0.5 / n_classes).sum(axis=1, keepdims=True)
    labels = np.full((n_tasks, n_annotators), np.nan)
    labels[crowd["task"], crowd["annotator"]] = crowd["label"]
    given = multiannotator.get_label_quality_multiannotator(
        labels, shares, quality_method="crowdlab", verbose=False, return_detailed_quality=False
    )["label_quality"]
    return _spread(given["consensus_label"].to_numpy(), given["consensus_quality_score"], n_classes)


def _peerannot(crowd: dict[str, Any], name: str) -> Any:
    _, n_annotators, n_classes = (int(each) for each in crowd["shape"])
    answers: dict[int, dict[int, int]] = {}
    rows = zip(*(crowd[column].tolist() for column in ("task", "annotator", "label")), strict=True)
    for task, annotator, label in rows:
        answers.setdefault(task, {})[annotator] = label
    made = getattr(importlib.import_module("peerannot.models"), name)
    model = made(answers=answers, n_classes=n_classes, n_workers=n_annotators)
    if hasattr(model, "run"):
        model.run()
    given = np.asarray(model.get_probas())
    # Some give a label for each task and no probability: it is taken for certain.
    return given.astype(np.float64) if given.ndim == 2 else np.eye(n_classes)[given.astype(int)]


def _spread(label: Any, quality: Any, n_classes: int) -> Any:
    """Give the label its quality, and the rest evenly to the other classes."""
    rest = (1 - quality.to_numpy()) / max(n_classes - 1, 1)
    posterior = np.repeat(rest[:, None], n_classes, axis=1)
    posterior[np.arange(len(label)), label.astype(int)] = quality
    return posterior


if __name__ == "__main__":
    main(*sys.argv[1:])
