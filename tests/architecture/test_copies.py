"""The known answers in tests/data are the same bytes as where they come from, wherever that folder exists."""

from pathlib import Path

import pytest

DATA = Path(__file__).resolve().parents[1] / "data"
SOURCE = Path(__file__).resolve().parents[3] / "shared"


@pytest.mark.parametrize("file", sorted(DATA.iterdir()), ids=lambda file: file.name)
def test_a_copy_is_the_same_bytes(file: Path) -> None:
    folders = [SOURCE / "domain", SOURCE / "data"]
    if not any(folder.exists() for folder in folders):
        assert file.stat().st_size > 0
        return
    originals = [folder / file.name for folder in folders if (folder / file.name).exists()]
    assert originals, f"{file.name} has no original"
    assert originals[0].read_bytes() == file.read_bytes()
