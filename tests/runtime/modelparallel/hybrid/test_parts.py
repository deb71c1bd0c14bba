"""Parts of version 2 that need no other rank."""

import json

import pytest
import torch
from torch import nn
from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import (
    OffloadWrapper,
    checkpoint_wrapper,
    offload_wrapper,
)

from jupyter_sdt.errors import DistributionError, SpecError
from jupyter_sdt.runtime.modelparallel.hybrid import offloading
from jupyter_sdt.runtime.modelparallel.hybrid.attention import (
    FlashGroupedQueryAttention,
    FlashSelfAttention,
)
from jupyter_sdt.runtime.modelparallel.hybrid.checkpoints.pieces import Cut
from jupyter_sdt.runtime.modelparallel.hybrid.configuration import Configuration, read
from jupyter_sdt.runtime.modelparallel.tensor_slices import TensorSlice


def attended(query, key, value, mask=None, scale=None):
    """By the definition of attention, in float64."""
    scores = query @ key.transpose(-1, -2) * (scale or query.shape[-1] ** -0.5)
    return (scores if mask is None else scores + mask).softmax(-1) @ value


def future(size):
    return torch.full((size, size), float("-inf"), dtype=torch.float64).triu(1)


def test_attention_computes_what_its_definition_says():
    torch.manual_seed(0)
    qkv = torch.randn(2, 9, 5, 4, dtype=torch.float64, requires_grad=True)
    query, key, value = qkv.chunk(3, 1)
    layer, bias = FlashSelfAttention(), torch.randn(2, 3, 5, 5, dtype=torch.float64)
    for options, mask in [({}, None), ({"causal": True}, future(5)), ({"attn_mask": bias}, bias)]:
        torch.testing.assert_close(layer(qkv, **options), attended(query, key, value, mask))
    both = layer(qkv, attn_mask=bias, causal=True)
    torch.testing.assert_close(both, attended(query, key, value, bias + future(5)))
    rows = layer(qkv.transpose(1, 2), layout="b s h d")
    torch.testing.assert_close(rows, attended(query, key, value))
    scaled = FlashSelfAttention(scale=0.3)(qkv)
    torch.testing.assert_close(scaled, attended(query, key, value, scale=0.3))
    half = layer(qkv, cast_dtype=torch.bfloat16)
    assert half.dtype == torch.float64
    torch.testing.assert_close(half, attended(query, key, value), atol=0.05, rtol=0.05)


def test_groups_of_queries_share_keys_and_values():
    torch.manual_seed(0)
    query = torch.randn(2, 5, 4, 8, dtype=torch.float64)
    both = torch.randn(2, 5, 4, 8, dtype=torch.float64)
    key, value = (p.transpose(1, 2).repeat_interleave(2, 1) for p in both.chunk(2, 2))
    found = FlashGroupedQueryAttention()(query, both, causal=True)
    torch.testing.assert_close(found, attended(query.transpose(1, 2), key, value, future(5)))


def test_wrong_shapes_and_layouts_of_attention_are_refused():
    layer, eight = FlashSelfAttention(), torch.randn(2, 8, 5, 4)
    with pytest.raises(SpecError, match=r"the 8 heads of .* \(2, 8, 5, 4\) are no multiple of 3"):
        layer(eight)
    with pytest.raises(SpecError, match="layout='s b h d' must be 'b h s d' or 'b s h d'"):
        layer(eight, layout="s b h d")
    with pytest.raises(SpecError, match="q: 3 heads must be a multiple of the 2"):
        FlashGroupedQueryAttention()(torch.randn(1, 5, 3, 4), torch.randn(1, 5, 4, 4))
    with pytest.raises(SpecError, match="use_alibi=True needs triton_flash_attention=True"):
        FlashSelfAttention(use_alibi=True)
    with pytest.raises(SpecError, match=r"attention_dropout_prob=0\.1 must be 0\.0"):
        FlashSelfAttention(0.1, triton_flash_attention=True)


class Elsewhere:
    """Another memory, which remembers the order in which it was asked."""

    def __init__(self):
        self.calls = []

    def out(self, tensor):
        self.calls.append("out")
        return tensor.clone()

    def back(self, host):
        self.calls.append("back")
        return host

    def arrived(self, tensor):
        self.calls.append("arrived")
        return tensor


def test_offloaded_activations_come_back_ahead_of_backward(monkeypatch):
    monkeypatch.setattr(OffloadWrapper, "forward", OffloadWrapper.forward)  # put back afterwards
    offloader, elsewhere = offloading.install(2), Elsewhere()
    torch.manual_seed(0)
    plain = nn.Sequential(*[nn.Sequential(nn.Linear(4, 4), nn.Tanh()) for _ in range(4)])
    given = torch.randn(3, 4, requires_grad=True)
    plain(given).sum().backward()
    expected, given.grad = [given.grad, *(p.grad for p in plain.parameters())], None
    plain.zero_grad()
    model = offload_wrapper(nn.Sequential(*map(checkpoint_wrapper, plain)))
    model(given).sum().backward()  # on the CPU nothing is copied
    assert torch.equal(given.grad, expected[0])
    given.grad = None
    plain.zero_grad()
    offloader.movers[torch.device("cpu")] = elsewhere
    out = model(given)
    assert elsewhere.calls == ["out"] * 4  # the inputs of the layers, and nothing else
    out.sum().backward()
    found = [given.grad, *(p.grad for p in plain.parameters())]
    assert all(torch.equal(mine, right) for mine, right in zip(found, expected, strict=True))
    backward = elsewhere.calls[4:]
    assert backward[:4] == ["back", "back", "arrived", "back"], backward
    assert backward.count("back") == backward.count("arrived") == 4


@pytest.mark.parametrize(
    "part", [TensorSlice(axis=0), TensorSlice(axis=1), TensorSlice(axis=0, blocks=2)]
)
@pytest.mark.parametrize("shards", [1, 2, 3])
def test_pieces_of_shards_of_slices_make_up_the_whole(part, shards):
    whole, peers = torch.arange(12 * 8).view(12, 8), 2
    found = torch.full_like(whole, -1)
    for rank in range(peers):
        own = part.of(whole, rank, peers)
        cut = Cut(part=part, rank=rank, peers=peers, length=own.shape[part.axis])
        assert cut.whole_size(own.shape) == (12, 8)
        row = 0
        for shard in own.tensor_split(shards):
            for piece in cut.pieces((row, 0), shard.shape):
                inner = tuple(
                    slice(b, b + n) for b, n in zip(piece.inner, piece.sizes, strict=True)
                )
                outer = tuple(
                    slice(b, b + n) for b, n in zip(piece.outer, piece.sizes, strict=True)
                )
                assert (found[outer] == -1).all()
                found[outer] = shard[inner]
            row += len(shard)
    assert torch.equal(found, whole)


def test_the_launchers_parameters_win_over_those_of_init(tmp_path):
    file = tmp_path / "config.json"
    file.write_text(json.dumps({"tensor_parallel_degree": 2, "activation_loading_horizon": 5}))
    launched = {"SM_HP_MP_PARAMETERS": json.dumps({"tensor_parallel_degree": 4})}
    found = read(str(file), launched, [])
    assert (found.tensor_parallel_degree, found.activation_loading_horizon) == (4, 5)
    assert read(None, {}, []) == Configuration()
    assert read({"random_seed": 7}, {}, ["--mp_parameters", "hybrid_shard_degree=2"]) == (
        Configuration(random_seed=7, hybrid_shard_degree=2)
    )
    with pytest.raises(
        DistributionError, match=r"'tensor_parallel_degre'.*'tensor_parallel_degree'"
    ):
        read({"tensor_parallel_degre": 2}, {}, [])
    with pytest.raises(DistributionError, match=r"init\(config='nowhere.json'\): cannot be read"):
        read("nowhere.json", {}, [])
    with pytest.raises(DistributionError, match=r"init\(config=3\): must be a dictionary"):
        read(3, {}, [])
