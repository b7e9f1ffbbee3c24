"""The core can be taken along without the rest of Folkmoot."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

from crowd import aggregation

TAKEN_ALONG = """
import sys
import numpy as np
import crowd.aggregation as core
assert core.__file__.startswith(sys.argv[1]), core.__file__
rows = [(task, who, "yes" if task != "t2" else "no") for task in ("t1", "t2") for who in "abc"]
fit = core.Ensemble().fit(core.LabelMatrix.from_labels(rows, classes=["no", "yes"]))
print(fit.labels_.tolist(), core.GaussianCrowd().fit(
    core.NumberRows.from_answers([("t1", "a", 1.0), ("t1", "b", 3.0)])
).values_.tolist())
mine = {name.partition(".")[0] for name in sys.modules}
print(sorted(mine & {"folkmoot", "audit", "governance", "flask", "sqlalchemy", "sqlmodel",
    "pydantic", "rq", "redis", "numba", "pandas", "sklearn", "pyarrow", "dask"}))
print(sorted(name for name in sys.modules if name.startswith("crowd.")
    and not name.startswith("crowd.aggregation")))
"""


def test_a_copy_of_its_folder_alone_fits_and_loads_nothing_but_numpy_and_scipy(tmp_path: Path):
    source = Path(aggregation.__file__).parent
    shutil.copytree(source, tmp_path / "crowd" / "aggregation")
    (tmp_path / "crowd" / "__init__.py").touch()
    done = subprocess.run(
        [sys.executable, "-c", TAKEN_ALONG, str(tmp_path)],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
    )
    assert done.stdout.splitlines() == ["[1, 0] [2.0]", "[]", "[]"]
