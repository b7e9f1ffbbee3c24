"""A consensus-labelled data set, downloaded and checked against its manifest."""

import hashlib
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from folkmoot_client.connection import Connection, FolkmootError, JsonObject

if TYPE_CHECKING:
    import pandas as pd


class DigestMismatch(FolkmootError):
    """A file is not the one that the manifest names."""


@dataclass(frozen=True)
class DataSet:
    """One version of a data set; `manifest` says how it came to be, and each file's digest."""

    connection: Connection
    id: str
    number: int
    manifest: JsonObject

    def file(self, file_format: str) -> bytes:
        """Return a file, `parquet`, `csv` or `jsonl`, once its SHA-256 has been checked.

        In `csv` a quote stands before text that a spreadsheet would run as a formula.
        """
        content = self.connection.get_bytes(f"/data-sets/{self.id}/files/{file_format}")
        found = hashlib.sha256(content).hexdigest()
        stated = self.manifest["files"][file_format]["digest"]
        if found != stated:
            raise DigestMismatch(f"The {file_format} file is {found}, the manifest says {stated}.")
        return content

    def rows(self) -> list[JsonObject]:
        """Return the rows: the case, its consensus answer, and the confidence in it."""
        return [json.loads(line) for line in self.file("jsonl").decode().splitlines()]

    def to_pandas(self) -> "pd.DataFrame":
        """Return the rows as a pandas table, read from Parquet."""
        import pandas as pd  # noqa: PLC0415  # optional: only this method needs it

        return pd.read_parquet(io.BytesIO(self.file("parquet")))
