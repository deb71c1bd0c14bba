"""torch.sagemaker.transform: the loss and the gradients of one process on tensor peers."""

FAMILIES = """
for kind in KINDS:
    plain = make(kind)
    # Peers that were seeded differently take over what the first has.
    model = tsm.transform(make(kind, seed=dist.get_rank()))
    assert list(model.state_dict()) == list(plain.state_dict())
    words = torch.randint(17, (4, 8), generator=torch.Generator().manual_seed(1))
    expected, loss = loss_of(plain, words), loss_of(model, words)
    torch.testing.assert_close(loss, expected)
    expected.backward(), loss.backward()
    wholes = dict(plain.named_parameters())
    # A router of Mixtral's computes its probabilities in float32.
    tolerance = dict(rtol=1e-5, atol=1e-7) if kind == "Mixtral" else {}
    for name, parameter in model.named_parameters():
        torch.testing.assert_close(
            parameter.grad, own(wholes[name].grad, name), **tolerance, msg=lambda t: f"{name}: {t}")
    layers = [m for m in model.modules() if isinstance(m, TransformerLayer)]
    assert len(layers) == 2, kind
    divided = sum(p.numel() for p in model.parameters() if slice_of(p) is not None)
    whole = sum(wholes[n].numel() for n, p in model.named_parameters() if slice_of(p) is not None)
    assert divided * 2 == whole > sum(p.numel() for p in plain.parameters()) / 2
"""

SOURCES = """
from torch.sagemaker.moe.moe_layer import MoELayer
from torch.sagemaker.moe.moe_config import MoEConfig
from jupyter_sdt.errors import SpecError

# Rank 0 alone has weights.
plain, first = make("Llama"), dist.get_rank() == 0
plain.model.norm.weight.data.fill_(0.5)
if first:
    model = copy.deepcopy(plain)
else:
    with torch.device("meta"):
        model = make("Llama")
model = tsm.transform(model, load_state_dict_from_rank0=True)
words = torch.arange(16).view(2, 8)
torch.testing.assert_close(loss_of(model, words), loss_of(plain, words))
single = tsm.transform(make("Llama"), dtype=torch.float32)
assert single.lm_head.weight.dtype == torch.float32
assert slice_of(single.model.layers[0].mlp.up_proj.weight) is not None

# Peers drop different attention weights, and the same of everything they all have.
dropping = tsm.transform(make("GPTNeoX", attention_dropout=0.5)).train()
torch.manual_seed(3)
before = torch.get_rng_state()
a, b = loss_of(dropping, words), loss_of(dropping, words)
assert a != b
losses = [torch.empty_like(a) for _ in range(2)]
dist.all_gather(losses, a.detach(), group=tsm.state.tp_process_group)
assert losses[0] == losses[1]
torch.set_rng_state(before)
assert loss_of(dropping, words) == a
dropping.eval()
assert loss_of(dropping, words) == loss_of(dropping, words)

moe = tsm.transform(make("Mixtral"), config=MoEConfig(moe_load_balancing="aux_loss"))
assert sum(isinstance(m, MoELayer) for m in moe.modules()) == 2
assert moe(input_ids=words, labels=words).aux_loss is not None
for model, words in [
    (torch.nn.Linear(2, 2), ["Linear (model_type=None)", "Llama 2 and 3"]),
    (make("Llama", num_attention_heads=2, num_key_value_heads=1), ["num_key_value_heads=1"]),
    (make("Llama", intermediate_size=25), ["intermediate_size=25", "multiple of 2"]),
    (3, ["model=int must be"])]:
    refused(lambda: tsm.transform(model), SpecError, *words)
refused(lambda: tsm.transform(make("Llama"), cp_comm_type="x"), SpecError, "p2p", "all_gather")
refused(lambda: tsm.transform(make("Llama"), config=MoEConfig()), SpecError, "no experts")
refused(lambda: MoEConfig(moe_load_balancing="sinkhorns"), SpecError, "sinkhorns")
"""


def test_every_family_trains_as_on_one_process(hybrid_ranks):
    hybrid_ranks(FAMILIES, 2, tensor_parallel_degree=2)


def test_weights_come_from_rank_0_masks_differ_and_mistakes_are_refused(hybrid_ranks):
    hybrid_ranks(SOURCES, 2, tensor_parallel_degree=2)
