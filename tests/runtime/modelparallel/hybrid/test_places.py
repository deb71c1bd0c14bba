"""torch.sagemaker.state, groups for FSDP, and the small helpers that scripts import."""

BODY = """
from jupyter_sdt.errors import RuntimeStateError, SpecError
from jupyter_sdt.runtime.modelparallel.hybrid.fsdp import _groups
from torch.sagemaker.utils.process_group_utils import get_global_ranks
from torch.sagemaker.utils.module_utils import empty_module_params, move_buffers_to_device
s, rank = tsm.state, dist.get_rank()
tsm.init({"tensor_parallel_degree": 3})  # a second call changes nothing
assert tsm.is_initialized()
assert (s.rank, s.world_size, s.tp_rank, s.tp_size) == (rank, 4, rank % 2, 2)
assert (s.tensor_parallel_degree, s.hybrid_shard_degree, s.expert_parallel_degree) == (2, 1, 1)
assert (s.dp_rank, s.dp_size, s.shard_size) == (rank // 2, 2, 1)
assert (s.rep_rank, s.rep_size) == (rank // 2, 2)
assert (s.cp_rank, s.cp_size, s.ep_rank, s.ep_size) == (0, 1, 0, 1)
assert s.sm_activation_offloading is True and s.activation_loading_horizon == 2
assert get_global_ranks(s.tp_process_group) == [rank - rank % 2, rank - rank % 2 + 1]
assert get_global_ranks(s.rep_rank_process_group) == [rank % 2, rank % 2 + 2]
assert get_global_ranks(s.world_process_group) == get_global_ranks() == [0, 1, 2, 3]
assert get_global_ranks(s.cp_process_group) == [rank]
assert s.ranker.get_rep_rank() == rank // 2 and s.ranker.get_rep_rank(3) == 1
assert s.ranker.get_rep_groups() == [[0, 2], [1, 3]]
assert s.ranker.get_tp_groups() == [[0, 1], [2, 3]]
refused(lambda: s.rdp_rank, AttributeError, "rdp_rank")
refused(lambda: s.ranker.get_pp_rank, AttributeError, "get_pp_rank")
# hybrid_shard_degree 1 means NO_SHARD among tensor peers' replicas, whatever the script says.
assert _groups(ShardingStrategy.FULL_SHARD) == (s.dp_process_group, ShardingStrategy.NO_SHARD)
tracker = s.get_rng_state_tracker()
tracker.add("own", 5 + rank)
before = torch.get_rng_state()
with tracker.fork("own"):
    first = torch.rand(3)
with tracker.fork("own"):
    assert not torch.equal(torch.rand(3), first)
assert torch.equal(before, torch.get_rng_state())
torch.manual_seed(5 + rank)
assert torch.equal(torch.rand(3), first)
refused(lambda: tracker.add("own", 1), SpecError, "own")
refused(lambda: tracker.fork("other").__enter__(), SpecError, "other")
assert list(tracker.get_states()) == ["own"]
module = torch.nn.BatchNorm1d(3, device="meta")
empty_module_params(module, "cpu")
assert not module.weight.is_meta and module.running_mean.is_meta
move_buffers_to_device(module, "cpu")
assert module.running_mean.is_meta  # nothing to move
# After everything, torch goes on as it was.
import pickle
assert pickle.loads(pickle.dumps(TransformerLayer)) is TransformerLayer
assert torch.compile(lambda x: x + 1, backend="eager")(torch.ones(1)) == 2
"""
STRATEGIES = """
from jupyter_sdt.runtime.modelparallel.hybrid.fsdp import _groups
S = ShardingStrategy
s = tsm.state
def ranks(strategy):
    group, chosen = _groups(strategy)
    pair = group if isinstance(group, tuple) else (group,)
    return [len(dist.get_process_group_ranks(each)) for each in pair], chosen
expected = {
    None: ([2, 2], S.HYBRID_SHARD), S.FULL_SHARD: ([2, 2], S.HYBRID_SHARD),
    S._HYBRID_SHARD_ZERO2: ([2, 2], S._HYBRID_SHARD_ZERO2),
    S.SHARD_GRAD_OP: ([2, 2], S._HYBRID_SHARD_ZERO2)}
assert {asked: ranks(asked) for asked in expected} == expected
# A group that the script gives is left alone.
plain = make("Llama")
own = dist.new_group([0, 1, 2, 3], backend="gloo")
assert FSDP(plain, own).process_group is own
FSDP(make("Llama"), own, device_id=torch.device("cpu"))
"""


def test_scripts_find_every_rank_size_and_group_under_its_name(hybrid_ranks):
    hybrid_ranks(BODY, 4, tensor_parallel_degree=2, hybrid_shard_degree=1)


def test_fsdp_gets_the_groups_that_the_configuration_says(hybrid_ranks):
    hybrid_ranks(STRATEGIES, 4, hybrid_shard_degree=2)
