"""A real cluster of two processes, one of which is killed."""

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from threading import Timer

import numpy as np
import psutil
import pytest
from pyarrow import parquet

from crowd.aggregation import Ensemble, Glad
from crowd.aggregation.listening import heard_by
from crowd.aggregation.partitioned import LocalEngine
from crowd.partitions import dask_engine
from crowd.partitions.dask_engine import DaskEngine, cluster_at, local_cluster
from crowd.partitions.file_consensus import Wanted, aggregate_files
from folkmoot.kernel.errors import Unavailable

pytestmark = pytest.mark.xdist_group("dask")


@pytest.fixture(scope="module")
def engine() -> Iterator[DaskEngine]:
    with local_cluster(2) as engine:
        yield engine


def test_a_cluster_finds_what_one_machine_finds_also_when_a_worker_is_killed(
    engine: DaskEngine, labels: Path, tmp_path: Path
):
    def fit(on: DaskEngine | LocalEngine, name: str) -> Path:
        out = tmp_path / f"{name}.parquet"
        method = Ensemble(max_iterations=5)
        aggregate_files(on, method, Wanted((str(labels),), out, n_partitions=3))
        return out

    here, undisturbed = fit(LocalEngine(), "here"), fit(engine, "undisturbed")
    victim = engine.process_ids()[0]

    def kill(iterations: int) -> None:
        if iterations == 2 and psutil.pid_exists(victim):
            Timer(0.01, os.kill, (victim, signal.SIGKILL)).start()

    with heard_by(kill):
        disturbed = fit(engine, "disturbed")

    assert not psutil.pid_exists(victim)
    assert disturbed.read_bytes() == undisturbed.read_bytes()
    one, several = parquet.read_table(here), parquet.read_table(undisturbed)
    assert one.column("task").equals(several.column("task"))
    assert one.column("answer").equals(several.column("answer"))
    for name in one.column_names[2:]:
        np.testing.assert_allclose(one.column(name), several.column(name), atol=1e-9)
    about = json.loads(undisturbed.with_name("undisturbed.parquet.json").read_text())
    assert (about["n_partitions"], about["n_labels"]) == (3, 450)


def test_what_is_wrong_with_a_file_is_said_by_the_worker_who_read_it(
    engine: DaskEngine, tmp_path: Path
):
    (tmp_path / "bad.csv").write_text("task,label\n1,2\n")
    with pytest.raises(ValueError, match=r"bad\.csv.*worker"):
        aggregate_files(
            engine, Ensemble(), Wanted((str(tmp_path / "bad.csv"),), tmp_path / "a.csv")
        )
    assert [each.name for each in tmp_path.iterdir()] == ["bad.csv"]


def test_a_method_that_needs_all_labels_in_one_place_is_refused_at_once(
    engine: DaskEngine, labels: Path, tmp_path: Path
):
    with pytest.raises(ValueError, match="glad cannot be fitted in partitions"):
        aggregate_files(engine, Glad(), Wanted((str(labels),), tmp_path / "a.csv"))


def test_a_scheduler_that_does_not_answer_is_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(dask_engine, "_PATIENCE_SECONDS", 0.3)
    for address in ("tcp://127.0.0.1:9", "nowhere"):
        with pytest.raises(Unavailable, match=address), cluster_at(address):
            pass
