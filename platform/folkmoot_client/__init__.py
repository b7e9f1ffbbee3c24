"""Read Folkmoot from Python: consensus-labelled data sets, checked against their manifest.

    from folkmoot_client import Folkmoot
    data_set = Folkmoot("https://folkmoot.example", token="fm_…").data_set("my-project")
    table = data_set.to_pandas()

It needs `requests` alone; `to_pandas` needs pandas as well.
"""

from folkmoot_client.client import Folkmoot
from folkmoot_client.connection import Connection, FolkmootError, Refused, Unreachable
from folkmoot_client.data_set import DataSet, DigestMismatch

__all__ = [
    "Connection",
    "DataSet",
    "DigestMismatch",
    "Folkmoot",
    "FolkmootError",
    "Refused",
    "Unreachable",
]
