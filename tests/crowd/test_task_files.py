import io
import json
from contextlib import suppress
from datetime import date

import pyarrow as pa
import pytest
from pyarrow import parquet

from crowd.line_reading import LONGEST_LINE_BYTES
from crowd.task_files import Position, check_start, parse_rows
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
        (b"id,age\n1,2\n", "no column named external_id. It has: id, age$"),
        (b"external_id;age\n1;2\n", "A semicolon seems to separate its columns; use commas"),
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


NASTY_CSV = (
    b"\xef\xbb\xbfexternal_id,age,note\r\n"
    b'a,1,"two\nlines"\r\n'
    b"b,2,\r\n"
    b"\r\n"
    b"c,3\n"
    b'"d"x,4,\xff\n'
    b'e,5,"never closed\n'
    b"f,6,old Mac\r"
    b"g,7,\xc3\xa9\xf0\x9f\xa6\x89\n"
    b'h,8,"a ""quoted"" word"'
)
NASTY_JSONL = "\n".join(
    [
        '{"external_id": "a", "note": "\u2028\u00e9"}',
        "",
        "{",
        '{"external_id": ""}',
        '{"external_id": 5}',
    ]
).encode()
NASTY_JSON = (
    '\ufeff [ {"external_id": "a", "t": "],\u00e9"} ,\n{"external_id":"b","n":NaN}, 12,'
    ' "x", null, {"external_id": "c", "d": [[1, {"e": "\\\\\\""}]]}\n]\n'
).encode()


def parquet_of(rows: list[dict], **options: object) -> bytes:
    sink = io.BytesIO()
    parquet.write_table(pa.Table.from_pylist(rows), sink, **options)
    return sink.getvalue()


NASTY_PARQUET = parquet_of(
    [
        {"external_id": str(n) if n % 3 else None, "age": n, "when": date(2026, 1, 1)}
        for n in range(8)
    ],
    row_group_size=3,
)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (NASTY_CSV, "t.csv"),
        (NASTY_JSONL, "t.jsonl"),
        (NASTY_JSON, "t.json"),
        (NASTY_PARQUET, "t.parquet"),
    ],
)
def test_a_file_is_read_on_from_any_row_as_if_never_left(content: bytes, name: str):
    whole = read(content, name)
    assert {type(row) for row in whole} == {TaskRow, RowProblem}
    for done, row in enumerate(whole, start=1):
        after = Position(rows=done, n_bytes=row.end)
        assert list(parse_rows(io.BytesIO(content), name, after=after)) == whole[done:]
    assert whole[-1].end <= len(content)


def test_nasty_csv_keeps_every_good_row():
    rows = read(NASTY_CSV)
    assert {name: payload["age"] for name, payload in tasks(rows).items()} == {
        "a": 1,
        "b": 2,
        "f": 6,
        "g": 7,
        "h": 8,
    }
    assert list(problems(rows)) == [6, 7, 8]


def test_nasty_json_names_its_wrong_elements():
    rows = read(NASTY_JSON, "t.json")
    assert list(tasks(rows)) == ["a", "c"]
    assert list(problems(rows)) == [2, 3, 4, 5]


def test_rows_before_the_place_where_json_breaks_are_read():
    rows = parse_rows(opened('[{"external_id": "a"}, {"external_id": "b"]'), "t.json")
    assert next(rows).external_id == "a"
    with pytest.raises(InvalidInput, match="After row 1 the file is not JSON"):
        next(rows)


class Endless(io.RawIOBase):
    """A file whose body never ends; it counts what is read of it."""

    def __init__(self, head: bytes, body: bytes) -> None:
        self.head, self.body, self.at, self.n_read = head, body, 0, 0

    def readable(self) -> bool:
        return True

    def seek(self, offset: int, _whence: int = 0) -> int:
        self.at = offset
        return offset

    def read(self, size: int = -1) -> bytes:
        assert 0 < size <= 2 * LONGEST_LINE_BYTES, "nobody may ask for everything"
        start = self.at - len(self.head)
        whole = self.head[self.at :] if start < 0 else b""
        skip = max(0, start) % len(self.body)
        whole += (self.body * (size // len(self.body) + 2))[skip:]
        self.at += size
        self.n_read += size
        return whole[:size]


@pytest.mark.parametrize(
    ("name", "head", "body"),
    [
        ("t.csv", b"external_id,word\n", b"a,one\nb,two words\n"),
        ("t.csv", b"external_id,word\na,b\n", b'a,"one\nb,two'),
        ("t.jsonl", b"", b'{"external_id": "a"}\nno\n'),
        ("t.json", b"[", b'{"external_id": "a"}, 1, '),
        ("t.json", b'[{"external_id": "a"}, "', b"x"),
    ],
)
def test_no_more_of_a_file_is_read_than_a_few_rows_need(name: str, head: bytes, body: bytes):
    endless = Endless(head, body)
    rows = parse_rows(endless, name)
    with suppress(InvalidInput):
        for _ in range(5):
            next(rows)
    assert endless.n_read < 8 * LONGEST_LINE_BYTES


def test_a_line_without_end_is_refused_and_the_next_is_read():
    long = b"x" * (LONGEST_LINE_BYTES + 300_000)
    rows = read(b"external_id,a\np1," + long + b"\np2,y\n")
    assert list(tasks(rows)) == ["p2"]
    assert problems(rows) == {2: "The row is longer than 1 MiB."}
    rows = read(long + b'\n{"external_id": "p2"}', "t.jsonl")
    assert list(tasks(rows)) == ["p2"]
    assert list(problems(rows)) == [1]


def test_parquet_is_read_without_holding_a_whole_group_of_rows():
    text = [f"{number} " + "word " * 200 for number in range(20_000)]
    content = parquet_of(
        [{"external_id": str(number), "text": one} for number, one in enumerate(text)],
        compression="none",
        use_dictionary=False,
    )
    before = pa.total_allocated_bytes()
    most = max(
        pa.total_allocated_bytes() - before for _ in parse_rows(io.BytesIO(content), "t.parquet")
    )
    assert most < len(content) / 4


def test_the_columns_for_training_and_gold_are_checked():
    rows = read(
        "external_id,gold,training,explanation,suggestion,age\n"
        "a,yes,true,It says so.,no,1\nb,,true,,,2\nc,yes,maybe,,,3\nd,,False,,,4\n"
        f"e,,,{'x' * 2001},,5\n"
    )
    first, last = (row for row in rows if isinstance(row, TaskRow))
    assert first == TaskRow("a", {"age": 1}, "yes", 0, 2, True, "It says so.", "no")
    assert (last.external_id, last.is_training) == ("d", False)
    assert problems(rows) == {
        3: "A training row needs a gold answer.",
        4: "The column training must be true or false.",
        6: "The explanation must be a text of at most 2000 characters.",
    }
