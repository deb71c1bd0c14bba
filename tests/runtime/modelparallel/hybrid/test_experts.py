"""Expert parallelism: tokens travel to the experts of other ranks, and all is as on one."""

import pytest

GRADIENTS = """
from torch.sagemaker.moe.moe_layer import MoELayer
from jupyter_sdt.errors import SpecError
s = tsm.state
plain = make("Mixtral")
model = tsm.transform(copy.deepcopy(plain))
first = model.model.layers[0].mlp if hasattr(model.model.layers[0], "mlp") else None
assert isinstance(first, MoELayer) and first.experts.num_experts * s.ep_size == 4
assert first.experts.down_proj.shape == (4 // s.ep_size, 16, 24 // s.tp_size)
words = torch.randint(17, (2 * s.dp_size, 8), generator=torch.Generator().manual_seed(1))
expected = loss_of(plain, words)
# Ranks may have different numbers of tokens.
loss = loss_of(model, words.chunk(s.dp_size)[s.dp_rank])
total = loss.detach().clone()
dist.all_reduce(total, group=s.dp_process_group)
torch.testing.assert_close(total / s.dp_size, expected.detach())
expected.backward(), loss.backward()
for name, parameter in model.named_parameters():
    # What FSDP does: the mean over the ranks that hold the same.
    group = here.groups.same_experts if name in here.experts else here.groups.data
    dist.all_reduce(parameter.grad, group=group.process_group)
    # A router of Mixtral's computes its probabilities in float32.
    torch.testing.assert_close(
        parameter.grad / group.size, own(plain.get_parameter(name).grad, name),
        rtol=1e-5, atol=1e-7, msg=lambda t: f"{name}: {t}")

# Rank 0 alone has weights.
if dist.get_rank() == 0:
    alone = copy.deepcopy(plain)
else:
    with torch.device("meta"):
        alone = make("Mixtral")
alone = tsm.transform(alone, load_state_dict_from_rank0=True)
for name, parameter in alone.named_parameters():
    assert torch.equal(parameter, own(plain.get_parameter(name), name)), name

# Tokens that all choose the experts of one rank; one token.
for gate in (first.gate, plain.model.layers[0].mlp.gate):
    gate.weight.data[2:] = gate.weight.data[:2] * 0 - 9
    gate.weight.data[:2] = 9
both = [layer.model.layers[0].mlp for layer in (model, plain)]
torch.manual_seed(s.dp_rank)  # tensor peers are given the same
x = torch.rand(1, 1 + s.dp_rank, 16, requires_grad=True)
found, right = (block(x) for block in both)
torch.testing.assert_close(found, right, rtol=1e-5, atol=1e-7)
(ours,), (theirs,) = (torch.autograd.grad(y.square().sum(), x) for y in (found, right))
torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-7)
refused(lambda: tsm.transform(make("Llama")), SpecError, "no experts", "expert_parallel_degree=2")
three = make("Mixtral", num_local_experts=3)
refused(lambda: tsm.transform(three), SpecError, "num_local_experts=3", "multiple of 2")
"""
TRAINING = """
import sys
from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import (
    apply_activation_checkpointing)
from torch.sagemaker.distributed.checkpoint.state_dict_saver import async_save
from torch.sagemaker.distributed.checkpoint.state_dict_loader import load
from torch.sagemaker.distributed.checkpoint.state_dict_utils import (
    init_optim_state, sm_state_dict_type)
from torch.sagemaker.grad_norm import clip_grad_norm_
EXACT = dict(rtol=1e-4, atol=1e-6)  # a router computes in float32
folder, strategy = sys.argv[1], getattr(ShardingStrategy, sys.argv[2], None)

def delayed():
    with torch.device("meta"):
        model = tsm.transform(make("Mixtral"))
    initer = DelayedParamIniter(model)
    assert initer.count_num_params() == sum(p.numel() for p in make("Mixtral").parameters())
    with initer.validate_params_and_buffers_inited():
        return wrapped(model, strategy, param_init_fn=initer.get_param_init_fn(),
                       post_param_init_fn=initer.get_post_param_init_fn())

def state_of(step):
    with sm_state_dict_type(model):
        return {"model": model.state_dict(), "step": step,
                "whole": FSDP.optim_state_dict(model, optimizer)}

def resume():
    init_optim_state(optimizer)
    asked = state_of(0)
    load(asked, checkpoint_id=folder)
    with sm_state_dict_type(model):
        model.load_state_dict(asked["model"])
        loaded = FSDP.optim_state_dict_to_load(model, optimizer, asked["whole"])
        optimizer.load_state_dict(loaded)
    return asked["step"]

def train_on(plain, reference, steps):
    for words, mine in batches(steps):
        expected, loss = loss_of(plain, words), loss_of(model, mine)
        expected.backward(), loss.backward()
        right = torch.nn.utils.clip_grad_norm_(plain.parameters(), 0.1)
        torch.testing.assert_close(clip_grad_norm_(model, 0.1), right, **EXACT)
        for each in (optimizer, reference):
            each.step(), each.zero_grad()
    check_weights(model, plain, **EXACT)

model, plain = delayed(), make("Mixtral")
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3)
reference = torch.optim.AdamW(plain.parameters(), lr=1e-3)
"""
BEGIN = """
if dist.get_world_size() == 1:
    with FSDP.summon_full_params(model):
        torch.save({name.replace("_fsdp_wrapped_module.", ""): parameter.detach().clone()
                    for name, parameter in model.named_parameters()}, folder + ".plain")
else:
    plain.load_state_dict(torch.load(folder + ".plain"))
    check_weights(model, plain)
    experts = [m for m in model.modules() if isinstance(m, FSDP) and hasattr(m, "down_proj")]
    assert [dist.get_world_size(m.process_group) for m in experts] == [2, 2]
    train_on(plain, reference, 5)
    kept = [plain.state_dict(), reference.state_dict()]
    if dist.get_rank() == 0:
        torch.save(kept, folder + ".trained")
    async_save(state_of(5), checkpoint_id=folder).result()
    apply_activation_checkpointing(model, check_fn=lambda m: isinstance(m, TransformerLayer))
    for words, mine in batches(1):
        assert loss_of(model, mine).backward() is None
"""
RESUME = """
assert resume() == 5
for each, content in zip((plain, reference), torch.load(folder + ".trained")):
    each.load_state_dict(content)
check_weights(model, plain, **EXACT)
train_on(plain, reference, 3)
"""


def test_experts_of_other_ranks_give_the_gradients_of_one_process(hybrid_ranks):
    hybrid_ranks(GRADIENTS, 2, expert_parallel_degree=2)
    hybrid_ranks(GRADIENTS, 4, expert_parallel_degree=2, tensor_parallel_degree=2)


@pytest.mark.timeout(400)
def test_experts_in_shards_train_and_their_checkpoint_suits_other_degrees(hybrid_ranks, tmp_path):
    folder = str(tmp_path / "checkpoint")
    hybrid_ranks(TRAINING + BEGIN, 1, folder, "none")
    hybrid_ranks(TRAINING + BEGIN, 4, folder, "none", expert_parallel_degree=2)
    hybrid_ranks(TRAINING + RESUME, 2, folder, "none", expert_parallel_degree=2)
    hybrid_ranks(TRAINING + RESUME, 2, folder, "none", tensor_parallel_degree=2)
