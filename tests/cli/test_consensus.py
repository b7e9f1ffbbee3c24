import csv
import json
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from pyarrow import parquet

from crowd.aggregation import Ensemble, LabelMatrix
from crowd.aggregation.listening import heard_by
from crowd.aggregation.nominal_methods import NOMINAL_METHODS
from crowd.aggregation.partitioned import LocalEngine
from crowd.aggregation.planted import one_coin_crowd
from crowd.partitions import answer_files
from crowd.partitions.file_consensus import Wanted, aggregate_files
from folkmoot.cli.consensus import command
from folkmoot.kernel.errors import ConfigurationError, InvalidInput

HEADER = "task,worker,label\n"


@pytest.fixture
def labels(tmp_path: Path) -> Path:
    matrix = one_coin_crowd([0.9, 0.8, 0.7, 0.6], 40, labels_per_task=3, seed=3).matrix
    rows = zip(matrix.task, matrix.annotator, matrix.label, strict=True)
    lines = [f"t{task},w{annotator},c{label}\n" for task, annotator, label in rows]
    path = tmp_path / "labels.csv"
    path.write_text(HEADER + "".join(lines))
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(command, [str(each) for each in arguments], catch_exceptions=False)


def test_every_task_has_an_answer_and_beside_it_is_written_how_it_was_made(
    labels: Path, tmp_path: Path
):
    out, annotators = tmp_path / "answers.csv", tmp_path / "annotators.csv"

    said = run(labels, "--out", out, "--annotators", annotators).output

    whole = Ensemble().fit(LabelMatrix.from_csv(labels))
    answers = list(csv.DictReader(out.open()))
    names = LabelMatrix.from_csv(labels).task_names
    assert [row["task"] for row in answers] == list(names)
    assert [row["answer"] for row in answers] == [f"c{label}" for label in whole.labels_]
    assert [float(row["confidence"]) for row in answers] == list(whole.confidence_)
    assert [float(row["probability_c1"]) for row in answers] == list(whole.posterior_[:, 1])
    assert {row["n_labels"] for row in answers} == {"3"}
    reliable = [float(row["reliability"]) for row in csv.DictReader(annotators.open())]
    assert reliable == list(whole.reliability_)
    about = json.loads((tmp_path / "answers.csv.json").read_text())
    assert (about["method"], about["version"]) == (Ensemble.name, Ensemble.version)
    assert about["parameters"] == Ensemble().parameters()
    assert (about["converged"], about["n_iterations"]) == (True, whole.n_iterations_)
    assert about["labels"][0]["n_bytes"] == labels.stat().st_size
    assert "120 labels of 4 annotators on 40 tasks in 2 classes" in said


def test_the_same_labels_give_the_same_bytes_and_parquet_says_how(labels: Path, tmp_path: Path):
    written = []
    for _ in range(2):
        run(labels, "--out", tmp_path / "a.parquet", "--method", "majority")
        written.append((tmp_path / "a.parquet").read_bytes())
    assert written[0] == written[1]
    about = json.loads(parquet.read_schema(tmp_path / "a.parquet").metadata[answer_files.ABOUT])
    assert about == json.loads((tmp_path / "a.parquet.json").read_text())


def test_an_answer_without_an_end_is_a_folder_of_parts(labels: Path, tmp_path: Path):
    run(labels, "--out", tmp_path / "answers")
    assert parquet.read_table(tmp_path / "answers").num_rows == 40
    with pytest.raises(InvalidInput, match=r"a folder .*answers already"):
        run(labels, "--out", tmp_path / "answers")


@pytest.mark.parametrize("method", sorted(NOMINAL_METHODS))
def test_every_method_runs_and_holds_gold_fixed(labels: Path, tmp_path: Path, method: str):
    gold = tmp_path / "gold.csv"
    gold.write_text("task,label\nt3,c1\nt4,c0\nelsewhere,unheard\n")
    out = tmp_path / "answers.parquet"

    said = run(labels, "--method", method.replace("_", "-"), "--gold", gold, "--out", out)

    assert "answers of 2 tasks were known" in said.output
    assert "unheard" not in " ".join(parquet.read_schema(out).names)
    rows = {row["task"]: row for row in parquet.read_table(out).to_pylist()}
    assert (rows["t3"]["answer"], rows["t4"]["answer"]) == ("c1", "c0")
    assert rows["t3"]["confidence"] == 1.0


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "labels.csv"),
        ("task,label\nt,c\n", "labels.csv.*'worker'"),
        (HEADER, "no labels"),
        (HEADER + "t,w,\n", "Row 1 has no 'label'"),
        (HEADER + "t,w,c\nt,w,d\n", "'w' labelled task 't' more than once"),
        (HEADER + "t,w\n", "labels.csv"),
    ],
)
def test_a_file_that_is_wrong_is_refused_and_nothing_is_written(
    tmp_path: Path, content: str, said: str
):
    (tmp_path / "labels.csv").write_text(content)
    with pytest.raises(InvalidInput, match=said):
        run(tmp_path / "labels.csv", "--out", tmp_path / "answers.csv")
    assert [each.name for each in tmp_path.iterdir()] == ["labels.csv"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--out", "answers.xlsx"], "neither .csv nor .parquet"),
        (["--out", "nowhere/answers.csv"], "no folder .*nowhere"),
        (["--annotators", "who.txt"], "neither .csv nor .parquet"),
        (["--annotators", "answers.parquet"], "answers.parquet is wanted for something else"),
        (["--out", "labels.csv"], "labels.csv is wanted for something else"),
        (["nothing-*.csv"], "no files of labels at .*nothing"),
        (["labels.txt"], "labels.txt is neither"),
        (["labels.csv"], "named twice"),
        (["--scheduler", "tcp://127.0.0.1:9"], "belong to --engine dask"),
        (["--gold", "labels.csv"], "two answers"),
        (["--gold", "labels.txt"], "labels.txt"),
    ],
)
def test_a_wrong_wish_is_refused_in_a_sentence(
    labels: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
):
    monkeypatch.chdir(labels.parent)
    Path("labels.txt").write_text("a\n1\n")
    with pytest.raises(InvalidInput, match=said):
        run("labels.csv", *arguments)
    assert not Path("answers.parquet").exists()


def test_a_run_that_is_broken_off_leaves_nothing_behind(labels: Path, tmp_path: Path):
    def stop(_iterations: int) -> None:
        raise KeyboardInterrupt

    wanted = Wanted((str(labels),), tmp_path / "answers.csv", annotators=tmp_path / "who.csv")
    with pytest.raises(KeyboardInterrupt), heard_by(stop):
        aggregate_files(LocalEngine(), Ensemble(), wanted)

    assert [each.name for each in tmp_path.iterdir()] == ["labels.csv"]


def test_without_the_extra_it_says_how_to_get_it(labels: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    monkeypatch.delitem(sys.modules, "crowd.partitions.dask_engine", raising=False)
    monkeypatch.delattr("crowd.partitions.dask_engine", raising=False)
    with pytest.raises(ConfigurationError, match=r"folkmoot\[dask\]"):
        run(labels, "--engine", "dask")


def test_columns_may_have_other_names(labels: Path, tmp_path: Path):
    usual, renamed = tmp_path / "usual.csv", tmp_path / "renamed.csv"
    other = tmp_path / "other.csv"
    other.write_text(labels.read_text().replace(HEADER, "item,who,says\n"))
    gold = tmp_path / "gold.csv"
    gold.write_text("item,says\nt1,c1\n")
    (tmp_path / "known.csv").write_text("task,label\nt1,c1\n")

    run(labels, "--gold", tmp_path / "known.csv", "--out", usual)
    said = run(other, "--gold", gold, "--columns", "item, who,says", "--out", renamed).output

    assert renamed.read_bytes() == usual.read_bytes()
    assert "The answers of 1 tasks were known" in said
    with pytest.raises(InvalidInput, match="Name three columns"):
        run(other, "--columns", "item,who", "--out", tmp_path / "never.csv")
