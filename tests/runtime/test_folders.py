import os
from pathlib import Path

import pytest

from folkmoot.runtime.folders import folder_for_socket, require_writable_folder
from folkmoot.runtime.problems import StartupProblem


def test_a_missing_folder_is_made(tmp_path: Path) -> None:
    folder = require_writable_folder(tmp_path / "a" / "b")

    assert list(folder.iterdir()) == []


def test_a_file_in_the_way_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StartupProblem, match=rf"^Nothing can be written to the folder {tmp_path}"):
        require_writable_folder(tmp_path / "file" / "folder")


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="needs a folder that refuses even root")
def test_a_folder_that_takes_no_files_is_told() -> None:
    with pytest.raises(StartupProblem, match=r"^Nothing can be written to the folder /proc"):
        require_writable_folder(Path("/proc"))


def test_a_socket_lies_in_the_preferred_folder_if_its_name_fits(tmp_path: Path) -> None:
    assert folder_for_socket(tmp_path, "s") == tmp_path.resolve()


def test_a_socket_with_a_long_name_gets_a_private_folder_elsewhere(tmp_path: Path) -> None:
    folder = folder_for_socket(tmp_path / ("long" * 20), "valkey.sock")

    assert len(os.fsencode(folder / "valkey.sock")) < 104
    assert folder.stat().st_mode & 0o777 == 0o700
    folder.rmdir()
