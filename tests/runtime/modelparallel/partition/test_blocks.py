"""Blocks of a row that lie on several stages: named, with what to do about it."""

from torch import nn

from jupyter_sdt.runtime.modelparallel.partition.assigning import assign_stages
from jupyter_sdt.runtime.modelparallel.partition.blocks import divided_blocks


def rows(*names, divided=(), first=2):
    """Stages of blocks of two layers each; ``divided`` begin on stage 0 and end on stage 1."""
    found = {"": 0, "h": 0}
    for place, name in enumerate(names):
        stage = int(place >= first)
        found |= {name: stage, f"{name}.a": stage, f"{name}.b.0": stage}
        if name in divided:
            found |= {name: 0, f"{name}.a": 0, f"{name}.b.0": 1}
    return found


def test_a_block_that_is_cut_is_named_with_its_stages():
    blocks = [f"h.{number}" for number in range(4)]
    assert divided_blocks(rows(*blocks)) == {}
    assert divided_blocks(rows(*blocks, divided=["h.1"])) == {"h.1": [0, 1]}


def test_what_is_no_row_of_blocks_is_to_be_cut_inside():
    assert divided_blocks(rows("encoder", "decoder", divided=["encoder"])) == {}
    assert divided_blocks(rows("0", "1", "2", divided=["1"])) == {}  # three for two stages


def test_the_report_says_so():
    def block(width):
        return nn.Sequential(nn.Linear(width, width), nn.Linear(width, width))

    head = nn.Linear(8, 16, bias=False)  # as costly as half of a block
    uneven = nn.ModuleDict({"head": head, "h": nn.ModuleList(block(8) for _ in range(4))})
    even = nn.ModuleDict({"h": nn.ModuleList(block(8) for _ in range(4))})
    said = assign_stages(uneven, 2).report().splitlines()[-1]
    assert "h.1 lies on stages 0 and 1" in said
    assert "smp.set_partition" in said
    assert "lies on stages" not in assign_stages(even, 2).report()
