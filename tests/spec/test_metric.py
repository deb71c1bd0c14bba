from __future__ import annotations

import pytest

from jupyter_sdt.spec.metric import MetricRecord


@pytest.mark.parametrize(
    "record",
    [
        MetricRecord(time=1.5, rank=0, step=3, values={"loss": 0.25, "nan": None}),
        MetricRecord(time=2.0, rank=1, step=None, values={}, source="regex"),
    ],
)
def test_a_record_is_one_line_and_comes_back_equal(record):
    line = record.to_line()
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert MetricRecord.from_line(line) == record


def test_what_json_cannot_carry_is_not_written():
    with pytest.raises(ValueError, match="JSON"):
        MetricRecord(time=1.0, rank=0, step=0, values={"loss": float("nan")}).to_line()


@pytest.mark.parametrize("line", [b'{"time": 1, "ra', b"[]", b"{}", b'{"values": 3}', b""])
def test_half_a_line_or_another_one_is_a_value_error(line):
    with pytest.raises(ValueError, match=r"."):
        MetricRecord.from_line(line)
