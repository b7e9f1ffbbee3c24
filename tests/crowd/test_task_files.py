import io
import json
from datetime import date

import pyarrow as pa
import pytest
from pyarrow import parquet

from crowd.task_files import check_start, parse_rows
from crowd.task_rows import RowProblem, TaskRow
from folkmoot.kernel.errors import InvalidInput


def read(content: str | bytes, file_name: str = "tasks.csv") -> list[TaskRow | RowProblem]:
    return list(parse_rows(opened(content), file_name))


def opened(content: str | bytes) -> io.BytesIO:
    return io.BytesIO(content.encode() if isinstance(content, str) else content)


def tasks(rows: list[TaskRow | RowProblem]) -> dict[str, dict]:
    return {row.external_id: row.payload for row in rows if isinstance(row, TaskRow)}


def problems(rows: list[TaskRow | RowProblem]) -> dict[int, str]:
    return {row.line: row.reason for row in rows if isinstance(row, RowProblem)}


def test_csv_columns_become_the_payload_and_the_three_known_ones_do_not():
    rows = read("external_id,gold,priority,age,note\np1,yes,5,61,calm\np2,,,48.5,\n")

    assert rows == [
        TaskRow("p1", {"age": 61, "note": "calm"}, gold="yes", priority=5, line=2),
        TaskRow("p2", {"age": 48.5}, gold=None, priority=0, line=3),
    ]


def test_a_csv_column_stays_text_unless_every_cell_is_a_plain_number():
    rows = read(
        "external_id,zip,big,year,word\n1,01234,12345678901234567890,1999,7\n2,99,1,2001,x\n"
    )

    assert tasks(rows)["2"] == {"zip": "99", "big": "1", "year": 2001, "word": "x"}


def test_broken_csv_rows_are_named_by_line_and_the_others_stay():
    rows = read('external_id,age\np1,61\np2,48,extra\n,50\n"p4"x,51\n\np5,52\np6,"53\np7,54\n')

    assert list(tasks(rows)) == ["p1", "p5", "p7"]
    found = problems(rows)
    assert list(found) == [3, 4, 5, 8]
    assert found[3] == "The row has 3 cells; the header has 2."
    assert found[4] == "The external_id is missing."


def test_a_cell_may_hold_line_breaks_and_the_next_line_is_still_counted_right():
    rows = read('external_id,text\np1,"two\nlines"\np2\n')

    assert tasks(rows) == {"p1": {"text": "two\nlines"}}
    assert list(problems(rows)) == [4]


def test_bytes_that_are_not_text_spoil_only_their_row():
    rows = read(b"external_id,name\np1,Zo\xeb\np2,Zo\xc3\xab\n")

    assert tasks(rows) == {"p2": {"name": "Zoë"}}
    assert problems(rows) == {2: "The row holds bytes that are not UTF-8 text."}


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "no column named external_id"),
        (b"id,age\n1,2\n", "no column named external_id"),
        (b"external_id,age,age\n1,2,3\n", "same name"),
        ("external_id,age\n".encode("utf-16"), "UTF-16"),
        (b"external_id," + b"x" * 200_000 + b"\n1,2\n", "first line is not CSV: field larger"),
        (b'external_id,"age\n1,2\n3,4\n', "first line is not CSV: unexpected end"),
        (b'external_id,"age"x\n1,2\n', "first line is not CSV"),
        (b"external_id,age", "The file has no rows"),
        (b"external_id,age\n\r\n\n", "The file has no rows"),
    ],
)
def test_a_csv_file_without_usable_columns_is_refused_whole(content: bytes, sentence: str):
    with pytest.raises(InvalidInput, match=sentence):
        check_start(opened(content), "tasks.csv")
    with pytest.raises(InvalidInput, match=sentence):
        read(content)


def test_a_column_may_have_a_quoted_name_of_two_lines():
    assert tasks(read('external_id,"the\nage"\na,1\n')) == {"a": {"the\nage": 1}}


def test_a_byte_order_mark_is_no_part_of_the_first_column():
    assert list(tasks(read(b"\xef\xbb\xbfexternal_id,a\nx,1\n"))) == ["x"]


def test_json_lines_are_refused_one_by_one():
    lines = [
        '{"external_id": "a", "gold": "no", "parts": {"x": [1, null]}}',
        "not json",
        '{"external_id": "b", "n": NaN}',
        "[1]",
        '{"external_id": true}',
        '{"external_id": "c", "priority": 1001}',
        '{"external_id": "bad\\u0000"}',
        "",
        '{"external_id": 7}',
    ]
    rows = read("\n".join(lines), "tasks.jsonl")

    assert tasks(rows) == {"a": {"parts": {"x": [1, None]}}, "7": {}}
    assert list(problems(rows)) == [2, 3, 4, 5, 6, 7]


def test_a_json_file_is_a_list_of_objects():
    assert list(tasks(read('[{"external_id": "a"}, {"external_id": "b"}]', "t.json"))) == ["a", "b"]
    with pytest.raises(InvalidInput, match="list of objects"):
        check_start(opened(b'{"external_id": "a"}'), "t.json")
    with pytest.raises(InvalidInput, match="not JSON"):
        read("[{]", "t.json")


def test_parquet_keeps_its_types_and_writes_dates_as_text():
    table = pa.table(
        {
            "external_id": ["a", "b"],
            "age": [61, None],
            "day": [date(2026, 1, 2), None],
            "raw": [None, b"\x00"],
        }
    )
    sink = io.BytesIO()
    parquet.write_table(table, sink)
    rows = read(sink.getvalue(), "t.parquet")

    assert tasks(rows) == {"a": {"age": 61, "day": "2026-01-02"}}
    assert "bytes" in problems(rows)[2]


def test_a_broken_parquet_file_is_refused_whole():
    with pytest.raises(InvalidInput, match="not a Parquet"):
        check_start(opened(b"external_id"), "t.parquet")
    with pytest.raises(InvalidInput, match="cannot be read"):
        read(b"PAR1 and nothing more", "t.parquet")


def test_an_unknown_ending_is_refused():
    with pytest.raises(InvalidInput, match="csv, jsonl, json, parquet"):
        parse_rows(opened(""), "tasks.xlsx")


def test_a_row_that_is_too_large_is_refused():
    row = {"external_id": "a", "text": "x" * 300_000}
    assert "larger" in problems(read(json.dumps([row]), "t.json"))[1]
