from __future__ import annotations

import pytest

from jupyter_sdt.errors import SpecError
from jupyter_sdt.spec.job_spec import MetricDefinition
from jupyter_sdt.store.metric_reader import MetricReader
from jupyter_sdt.store.regex_metrics import RegexMetrics, compile_definition, find_value

LOSS = MetricDefinition(name="train:loss", regex=r"loss=([-+0-9.eEnaif]+)")
ACCURACY = MetricDefinition(name="accuracy", regex=r"accuracy: ([0-9.]+)%?")


def log(directory, content: bytes, rank: int = 0) -> None:
    with directory.log(rank).open("ab") as file:
        file.write(content)


def found(directory) -> list[tuple[int, dict]]:
    return [(r.rank, dict(r.values)) for r in MetricReader(directory).read()]


def test_the_first_group_of_each_expression_is_the_value(directory):
    log(directory, b"epoch 1 loss=0.5 accuracy: 91%\nnothing here\nloss=1e-3 loss=7\n")
    RegexMetrics(directory, [LOSS, ACCURACY]).poll()
    assert found(directory) == [
        (0, {"train:loss": 0.5, "accuracy": 91.0}),
        (0, {"train:loss": 0.001}),
    ]


def test_records_say_that_they_come_from_a_regex_and_know_no_step(directory):
    log(directory, b"loss=2\n")
    RegexMetrics(directory, [LOSS]).poll()
    (record,) = MetricReader(directory).read()
    assert (record.source, record.step) == ("regex", None)


def test_every_ranks_output_is_searched_as_it_grows(directory):
    regexes = RegexMetrics(directory, [LOSS])
    log(directory, b"loss=1\n")
    regexes.poll()
    log(directory, b"loss=2\n", rank=1)
    log(directory, b"loss=3\nlos")
    regexes.poll()
    log(directory, b"s=4\n")
    regexes.poll()
    regexes.poll()
    values = [{"train:loss": float(v)} for v in (1, 3, 2, 4)]
    assert found(directory) == list(zip((0, 0, 1, 0), values, strict=True))


def test_a_progress_bar_without_newlines_is_searched(directory):
    regexes = RegexMetrics(directory, [LOSS])
    log(directory, b"\r 1/3 loss=3\r 2/3 loss=2\r 3/3 loss=1")
    regexes.poll()
    assert [values["train:loss"] for _, values in found(directory)] == [3.0, 2.0]


def test_a_last_line_without_a_newline_counts_at_the_end(directory):
    regexes = RegexMetrics(directory, [LOSS])
    log(directory, b"loss=3\nloss=2")
    regexes.finish()
    assert [values["train:loss"] for _, values in found(directory)] == [3.0, 2.0]


def test_nan_and_infinity_are_kept_as_unknown_and_text_is_passed_over(directory):
    log(directory, b"loss=nan\nloss=inf\nloss=-inf\nloss=...\nloss=\nloss=1.5e+2\n")
    RegexMetrics(directory, [LOSS]).poll()
    assert [v["train:loss"] for _, v in found(directory)] == [None, None, None, 150.0]


def test_bytes_that_are_no_text_and_endless_lines_do_no_harm(directory):
    log(directory, b"\xff\xfe\x00 loss=1 \xff\n" + b"y" * 3_000_000 + b" loss=9\nloss=2\n")
    RegexMetrics(directory, [LOSS]).poll()
    assert [v["train:loss"] for _, v in found(directory)] == [1.0, 2.0]


def test_an_expression_that_takes_quadratic_time_meets_only_the_beginning_of_a_line(directory):
    slow = MetricDefinition(name="slow", regex=r"(\w+)=end")
    log(directory, b"x" * 200_000 + b"\n")
    RegexMetrics(directory, [slow]).poll()  # 20 s for the whole line
    assert found(directory) == []


def test_another_object_takes_up_the_work_by_position(directory):
    first = RegexMetrics(directory, [LOSS])
    log(directory, b"loss=1\nloss=")
    first.poll()
    log(directory, b"2\n")
    RegexMetrics(directory, [LOSS], positions=first.positions).poll()
    assert [v["train:loss"] for _, v in found(directory)] == [1.0, 2.0]


def test_a_group_that_took_no_part_in_the_match_gives_no_value():
    pattern = compile_definition(MetricDefinition(name="a", regex=r"x(?:=(\d+))?"))
    assert list(find_value(pattern, "x")) == []
    assert list(find_value(pattern, "x=4")) == [4.0]


def test_plain_text_finds_nothing(directory):
    log(directory, b"<><> loss=1\n")
    RegexMetrics(directory, [MetricDefinition(name="base_metric", regex="<><>"), LOSS]).poll()
    assert [values for _, values in found(directory)] == [{"train:loss": 1.0}]


@pytest.mark.parametrize(
    ("regex", "told"),
    [
        ("loss=(", "missing ), unterminated subpattern"),
        ("loss=[0-9]+", "has no group around the value; write for example 'loss="),
    ],
)
def test_an_expression_that_cannot_be_right_is_refused_by_name(directory, regex, told):
    with pytest.raises(SpecError) as refusal:
        RegexMetrics(directory, [MetricDefinition(name="train:loss", regex=regex)])
    assert told in str(refusal.value)
    assert "'train:loss'" in str(refusal.value)
    assert refusal.value.argument == "metric_definitions"


def test_a_deleted_job_directory_does_not_stop_the_supervisor(directory, tmp_path):
    regexes = RegexMetrics(directory, [LOSS])
    log(directory, b"loss=1\n")
    regexes.poll()
    directory.path.rename(tmp_path / "elsewhere")
    regexes.poll()
    regexes.finish()


def test_values_that_cannot_be_written_do_not_stop_the_supervisor(directory):
    log(directory, b"loss=1\n")
    (directory.metrics / "regex.jsonl").mkdir()
    RegexMetrics(directory, [LOSS]).poll()


def test_without_definitions_nothing_is_opened(directory):
    log(directory, b"loss=1\n")
    regexes = RegexMetrics(directory, [])
    regexes.poll()
    assert regexes.positions == {}
    assert found(directory) == []
