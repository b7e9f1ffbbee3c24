import csv
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from crowd.aggregation.planted import one_coin_crowd
from folkmoot.cli.plan import command
from folkmoot.kernel.errors import InvalidInput


def pilot_at(
    folder: Path, *, gold: bool, columns: tuple[str, str, str] = ("task", "worker", "label")
):
    crowd = one_coin_crowd([0.75] * 10, n_tasks=120, labels_per_task=5, seed=2)
    matrix, path = crowd.matrix, folder / "pilot.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([*columns, "gold"])
        for task, annotator, label in zip(matrix.task, matrix.annotator, matrix.label, strict=True):
            known = matrix.class_names[crowd.truth[task]] if gold else ""
            names = matrix.task_names[task], matrix.annotator_names[annotator]
            writer.writerow([*names, matrix.class_names[label], known])
    return path


def planned(path: Path, *options: str) -> Result:
    return CliRunner().invoke(command, [str(path), *options], catch_exceptions=False)


def test_a_plan_says_labels_and_cost_with_limits(tmp_path: Path):
    said = planned(
        pilot_at(tmp_path, gold=True), "--accuracy", "0.93", "--tasks", "10000", "--price", "0.05"
    ).output
    assert "600 labels of 10 annotators on 120 tasks, 120 of them with gold" in said
    assert "93.0% needs about" in said
    assert "For 10,000 tasks:" in said
    assert "At 0.05 a label:" in said


def test_without_gold_it_says_how_little_it_knows(tmp_path: Path):
    said = planned(pilot_at(tmp_path, gold=False), "--accuracy", "0.9").output
    assert "nothing shows where annotators err together" in said
    assert "Give gold for 100 tasks" in said


def test_a_file_without_its_columns_or_labels_is_refused(tmp_path: Path):
    with pytest.raises(InvalidInput, match="no column worker"):
        planned(
            pilot_at(tmp_path, gold=True, columns=("task", "who", "label")), "--accuracy", "0.9"
        )
    empty = tmp_path / "empty.csv"
    for content in ("", "task,worker,label\n", "task,worker,label\nt,w,\n"):
        empty.write_text(content)
        with pytest.raises(InvalidInput, match=r"empty\.csv"):
            planned(empty, "--accuracy", "0.9")


def test_columns_may_have_other_names_but_none_twice(tmp_path: Path):
    usual = planned(pilot_at(tmp_path, gold=True), "--accuracy", "0.9").output
    other = pilot_at(tmp_path, gold=True, columns=("item", "who", "says"))
    renamed = "--columns", "item,who,says,gold"
    assert planned(other, "--accuracy", "0.9", *renamed).output == usual
    other.write_text("task,worker,label,label\nt,w,a,b\n")
    with pytest.raises(InvalidInput, match="more than one column label"):
        planned(other, "--accuracy", "0.9")
    assert planned(other, "--accuracy", "0.9", "--columns", "task,label").exit_code == 2


@pytest.mark.parametrize("content", [b"task,worker,label\nt,w,caf\xe9\n", b"PAR1\x15\x80\x00"])
def test_a_file_that_is_no_csv_in_utf_8_is_refused_in_a_sentence(tmp_path: Path, content: bytes):
    path = tmp_path / "pilot.csv"
    path.write_bytes(content)
    with pytest.raises(InvalidInput, match=r"pilot\.csv is not a CSV file in UTF-8"):
        planned(path, "--accuracy", "0.9")


@pytest.mark.parametrize("price", ["-3", "nan", "five"])
def test_what_is_no_price_is_refused(tmp_path: Path, price: str):
    said = planned(pilot_at(tmp_path, gold=True), "--accuracy", "0.9", f"--price={price}")
    assert said.exit_code == 2
    assert f"{price} is not a price" in said.output
