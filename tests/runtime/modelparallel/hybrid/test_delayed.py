"""DelayedParamIniter: a model initialised while it is divided is the one made in one piece."""

import pytest

BODY = """
import sys
from jupyter_sdt.errors import RuntimeStateError, SpecError
from torch import nn

def delayed(kind, **more):
    with torch.device("meta"):
        model = tsm.transform(make(kind, **more))
    initer = DelayedParamIniter(model)
    with initer.validate_params_and_buffers_inited():
        model = wrapped(model, param_init_fn=initer.get_param_init_fn(),
                        post_param_init_fn=initer.get_post_param_init_fn())
    return model, initer

folder, first = sys.argv[1], dist.get_world_size() == 1
for kind in KINDS:
    eager = make(kind)
    tied = {"tie_word_embeddings": kind == "Mistral"}
    model, initer = delayed(kind, **tied)
    assert initer.count_num_params() == sum(p.numel() for p in make(kind, **tied).parameters())
    buffers = dict(eager.named_buffers())
    for name, buffer in model.named_buffers():
        torch.testing.assert_close(buffer, buffers[name.replace("_fsdp_wrapped_module.", "")])
    path = f"{folder}/{kind}.pt"
    plain = make(kind, **tied)
    if first:
        with FSDP.summon_full_params(model):
            found = {name.replace("_fsdp_wrapped_module.", ""): parameter.detach().clone()
                     for name, parameter in model.named_parameters()}
        torch.save(found, path)
    found = torch.load(path)
    for name, parameter in plain.named_parameters():
        parameter.data.copy_(found[name])
        theirs = dict(eager.named_parameters())[name].detach()
        assert parameter.shape == theirs.shape
        # Norms and biases are those of an eager model, matrices as spread as its matrices.
        if theirs.std() == 0:
            torch.testing.assert_close(parameter.detach(), theirs)
        else:
            assert 0.7 < parameter.std() / theirs.std() < 1.4, name
    check_weights(model, plain)
    assert isinstance(loss_of(model, torch.arange(8).view(1, 8)).item(), float)

with torch.device("meta"):
    network = nn.Sequential(nn.Linear(4, 4), nn.LayerNorm(4))
    network.scale = nn.Parameter(torch.ones(3))
def left():
    with DelayedParamIniter(network).validate_params_and_buffers_inited():
        pass
refused(left, RuntimeStateError, "scale, 0.weight", "5 in all")
fill = DelayedParamIniter(network).get_param_init_fn()
refused(lambda: fill(network), SpecError, "Sequential has parameters and no reset_parameters")
fill(network[0])
assert network[0].weight.std() > 0
with torch.device("meta"):
    network.scale = nn.Parameter(torch.ones(3))
DelayedParamIniter(network, lambda m: nn.init.ones_(m.scale)).get_param_init_fn()(network)
assert network.scale.sum() == 3
# Versions of transformers before 5 initialise no norms: their constructors do.
class SomeRMSNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(3))

class Older(nn.Sequential):
    def _init_weights(self, module):
        if isinstance(module, nn.Linear):
            module.weight.data.fill_(2)

with torch.device("meta"):
    older = Older(nn.Linear(2, 3, bias=False), SomeRMSNorm(), nn.Conv1d(2, 2, 1))
    older[0].table = torch.ones(2)  # neither a parameter nor a buffer
fill = DelayedParamIniter(older).get_param_init_fn()
for module in older:
    fill(module)
assert older[0].weight.sum() == 12 and older[1].weight.sum() == 3
assert older[2].weight.isfinite().all() and older[2].bias.isfinite().all()
refused(lambda: DelayedParamIniter(3), SpecError, "model=int")
"""


@pytest.mark.timeout(400)
def test_a_divided_model_starts_as_the_one_of_one_process(hybrid_ranks, tmp_path):
    hybrid_ranks(BODY, 1, str(tmp_path))
    hybrid_ranks(BODY, 2, str(tmp_path), tensor_parallel_degree=2)
    hybrid_ranks(BODY, 2, str(tmp_path), hybrid_shard_degree=2)
