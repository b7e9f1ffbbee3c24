import csv
import io
import json

import pyarrow as pa
from pyarrow import parquet

from crowd.data_set_files import DataSetRow, files_of
from folkmoot.kernel.json_values import JsonObject


def row(name: str, **payload: object) -> DataSetRow:
    values: JsonObject = payload  # type: ignore[assignment]  # tests write plain JSON
    return DataSetRow(name, "crowd", "yes", 0.875, 3, (0.875, 0.125), values)


ROWS = [
    row("a", age=61, weight=70.5, note="two\nlines", tags=["x"], ok=True, mixed=1, answer="?"),
    row("b", age=None, weight=3, note='Zoë, "quoted"\u2028', tags=[], ok=False, mixed="one"),
]


def test_the_same_rows_make_the_same_bytes():
    assert files_of(ROWS) == files_of([*ROWS])


def test_json_lines_hold_every_value_as_it_was():
    lines = files_of(ROWS)["jsonl"].decode().splitlines()

    assert len(lines) == 2
    assert json.loads(lines[1]) == {
        "external_id": "b",
        "origin": "crowd",
        "answer": "yes",
        "confidence": 0.875,
        "n_labels": 3,
        "posterior": [0.875, 0.125],
        "age": None,
        "payload.answer": None,
        "mixed": "one",
        "note": 'Zoë, "quoted"\u2028',
        "ok": False,
        "tags": [],
        "weight": 3,
    }


def test_csv_is_read_back_by_a_csv_reader():
    text = files_of(ROWS)["csv"].decode()
    read = list(csv.DictReader(io.StringIO(text, newline="")))

    assert read[0]["note"] == "two\nlines"
    assert json.loads(read[0]["posterior"]) == [0.875, 0.125]
    assert (read[0]["payload.answer"], read[1]["age"], read[1]["ok"]) == ("?", "", "false")


def test_text_that_a_spreadsheet_would_run_is_quoted_in_csv_alone():
    formula, hidden = '=HYPERLINK("https://example.org")', "\n @SUM(1)"
    files = files_of([row("-1+1", note=formula, words=hidden, low=-3.5, **{"+x": [-1]})])

    [read] = csv.DictReader(io.StringIO(files["csv"].decode(), newline=""))
    assert (read["external_id"], read["note"], read["words"]) == (
        "'-1+1",
        f"'{formula}",
        f"'{hidden}",
    )
    assert (read["low"], read["'+x"]) == ("-3.5", "[-1]")
    kept = json.loads(files["jsonl"])
    assert (kept["external_id"], kept["note"], kept["+x"]) == ("-1+1", formula, [-1])
    table = parquet.read_table(pa.BufferReader(files["parquet"]))
    assert table.column("words").to_pylist() == [hidden]


def test_parquet_columns_have_one_type_each():
    table = parquet.read_table(pa.BufferReader(files_of(ROWS)["parquet"]))

    assert table.schema.field("age").type == pa.int64()
    assert table.schema.field("weight").type == pa.float64()
    assert table.schema.field("ok").type == pa.bool_()
    assert table.schema.field("posterior").type == pa.list_(pa.float64())
    assert table.column("mixed").to_pylist() == ["1", '"one"']
    assert table.column("tags").to_pylist() == ['["x"]', "[]"]


def test_no_rows_are_files_too():
    files = files_of([])

    assert files["jsonl"] == b""
    assert parquet.read_table(pa.BufferReader(files["parquet"])).num_rows == 0
