from __future__ import annotations

import gzip
import io
import multiprocessing
import os
import signal
import struct
from pathlib import Path
from typing import BinaryIO

import pytest
from support import Jobs, until

from jupyter_sdt.errors import LaunchError
from jupyter_sdt.launch.channels.local_channels import fill_channels
from jupyter_sdt.launch.channels.pipe_channel import opened_ahead, pipe_feeders
from jupyter_sdt.launch.channels.pipe_units import Part
from jupyter_sdt.spec.job_spec import Channel


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    for number in range(8):
        (folder / f"{number}").write_text(f"<{number}>")
    return folder


@pytest.fixture
def feeding(jobs: Jobs):
    """Start the feeders of a channel as the supervisor does; end them as it does."""
    processes: list[multiprocessing.Process] = []

    def start(uri: Path, *, nodes: int = 1, **settings: object) -> Path:
        channel = Channel(name="train", uri=str(uri), input_mode="Pipe", **settings)
        directory = jobs.write("", channels=(channel,), instance_count=nodes)
        spec = directory.read_spec()
        for node in spec.nodes:
            fill_channels(spec, directory, node)
        for feeder in pipe_feeders(spec, directory).values():
            processes.append(multiprocessing.get_context("fork").Process(target=feeder))
            processes[-1].start()
        return directory.path / "nodes"

    start.processes = processes
    yield start
    for process in processes:
        process.terminate()
        process.join(5)
        assert process.exitcode is not None, "a feeder must end on SIGTERM"


def read(nodes: Path, epoch: int, node: str = "algo-1") -> bytes:
    return (nodes / node / "input" / "data" / f"train_{epoch}").read_bytes()


def test_each_epoch_is_a_whole_pass_in_the_order_of_keys(feeding, data) -> None:
    nodes = feeding(data)
    assert [read(nodes, epoch) for epoch in range(3)] == [b"<0><1><2><3><4><5><6><7>"] * 3


def test_the_next_fifo_is_there_before_an_epoch_ends_and_the_old_one_goes(feeding, data) -> None:
    nodes = feeding(data)
    folder = nodes / "algo-1" / "input" / "data"
    with (folder / "train_0").open("rb") as reader:
        assert reader.read(1) == b"<"
        assert (folder / "train_1").is_fifo()
        assert not (folder / "train_0").exists()


def test_a_reader_that_closes_early_finds_the_next_epoch_whole(feeding, tmp_path) -> None:
    big = tmp_path / "big"
    big.write_bytes(os.urandom(1 << 20))
    nodes = feeding(big)
    with (nodes / "algo-1" / "input" / "data" / "train_0").open("rb") as reader:
        reader.read(10)
    assert read(nodes, 1) == big.read_bytes()


def test_a_seed_reorders_every_epoch_and_repeats_itself(feeding, data) -> None:
    nodes, again = feeding(data, shuffle_seed=1), feeding(data, shuffle_seed=1)
    passes = [read(nodes, epoch) for epoch in range(3)]
    assert len(set(passes)) == 3
    assert {bytes(sorted(one)) for one in passes} == {bytes(sorted(b"<0><1><2><3><4><5><6><7>"))}
    assert [read(again, epoch) for epoch in range(3)] == passes


def test_nodes_get_their_shards(feeding, data) -> None:
    nodes = feeding(data, nodes=2, distribution="ShardedByS3Key")
    assert read(nodes, 0, "algo-2") == b"<1><3><5><7>"
    assert read(nodes, 0, "algo-1") == b"<0><2><4><6>"


def test_a_node_without_objects_reads_an_empty_epoch(feeding, data) -> None:
    nodes = feeding(data / "0", nodes=2, distribution="ShardedByS3Key")
    assert [read(nodes, epoch, "algo-2") for epoch in range(2)] == [b"", b""]


def test_gzip_is_unpacked_on_the_way(feeding, tmp_path) -> None:
    (tmp_path / "x.gz").write_bytes(gzip.compress(b"plain"))
    assert read(feeding(tmp_path / "x.gz", compression="Gzip"), 0) == b"plain"


def test_recordio_wraps_each_object_and_fills_up_to_four_bytes(feeding, tmp_path) -> None:
    (tmp_path / "d").mkdir()
    (tmp_path / "d" / "a").write_bytes(b"12345")
    (tmp_path / "d" / "b").write_bytes(b"1234")
    stream = read(feeding(tmp_path / "d", record_wrapping="RecordIO"), 0)
    head = struct.Struct("<II").pack
    assert stream == head(0xCED7230A, 5) + b"12345\0\0\0" + head(0xCED7230A, 4) + b"1234"


def test_a_feeder_ends_on_sigterm_even_with_a_handler_of_its_parents(feeding, data) -> None:
    before = signal.signal(signal.SIGTERM, lambda *_: None)
    try:
        nodes = feeding(data)
        read(nodes, 0)
        process = feeding.processes[0]
        os.kill(process.pid, signal.SIGTERM)
        until(lambda: not process.is_alive(), 5)
        assert process.exitcode == -signal.SIGTERM
    finally:
        signal.signal(signal.SIGTERM, before)


def test_a_feeder_whose_object_vanished_ends_with_an_error(feeding, data) -> None:
    nodes = feeding(data)
    read(nodes, 0)
    (data / "3").unlink()
    assert read(nodes, 1) == b"<0><1><2>"
    feeding.processes[0].join(5)
    assert feeding.processes[0].exitcode == 1


def test_parts_are_opened_before_their_turn_and_closed_when_nobody_wants_them(tmp_path) -> None:
    opened: list[BinaryIO] = []

    def opening(part: Part) -> BinaryIO:
        if part == "5":
            raise LaunchError("5 is gone")
        opened.append(io.BytesIO(str(part).encode()))
        return opened[-1]

    names = [str(number) for number in range(20)]
    reading = opened_ahead(opening, names)
    assert [next(reading).read() for _ in range(5)] == [b"0", b"1", b"2", b"3", b"4"]
    with pytest.raises(LaunchError, match="5 is gone"):
        next(reading)
    assert 5 < len(opened) < 20
    assert all(file.closed for file in opened[5:])
