import tomllib
from pathlib import Path

import folkmoot


def test_the_version_is_the_one_of_the_package() -> None:
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]

    assert folkmoot.__version__ == project["version"]
