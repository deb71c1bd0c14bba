from __future__ import annotations

from pathlib import Path

import pytest

from jupyter_sdt.store.files import append_all


def test_several_files_grow_together(tmp_path):
    one, two = tmp_path / "one", tmp_path / "two"
    append_all({one: b"a", two: b"b"})
    append_all({one: b"c"})
    assert (one.read_bytes(), two.read_bytes()) == (b"ac", b"b")
    assert oct(one.stat().st_mode)[-3:] == "600"


def test_a_file_that_has_no_room_leaves_the_others_as_they_were(tmp_path):
    one = tmp_path / "one"
    append_all({one: b"kept"})
    with pytest.raises(OSError, match="No space left on device"):
        append_all({one: b" and lost", Path("/dev/full"): b"x"})
    assert one.read_bytes() == b"kept"
