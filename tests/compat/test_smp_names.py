"""Every documented name of smdistributed.modelparallel.torch is there and means what it says."""

GRID = {"partitions": 2, "tensor_parallel_degree": 2, "ddp": True}


def test_ranks_sizes_and_groups_of_a_grid(smp_script):
    smp_script(
        """
r = smp.rank()
assert smp.get_rank() == r == smp.local_rank() and smp.size() == smp.local_size() == 8
assert (smp.rdp_rank(), smp.pp_rank(), smp.tp_rank()) == (r // 4, r // 2 % 2, r % 2)
assert smp.dp_rank() == 2 * smp.rdp_rank() + smp.tp_rank() and smp.mp_rank() == r % 4
sizes = [getattr(smp, f"{name}_size")() for name in ("mp", "dp", "pp", "tp", "rdp")]
assert sizes == [4, 4, 2, 2, 2], sizes
assert smp.get_tp_group() == [r - r % 2, r - r % 2 + 1] and (0 in smp.get_tp_group()) == (r < 2)
assert smp.get_rdp_group() == [r % 4, r % 4 + 4] and smp.get_world_group() == list(range(8))
for name in ("world", "mp", "dp", "pp", "tp", "rdp"):
    group = getattr(smp, f"get_{name}_process_group")()
    ranks = getattr(smp, f"get_{name}_group")()
    assert torch.distributed.get_process_group_ranks(group) == ranks
    constant = smp.WORLD if name == "world" else getattr(smp, f"{name.upper()}_GROUP")
    assert smp.allgather(r, constant) == ranks
    (smp.barrier if name == "world" else getattr(smp, f"{name}_barrier"))()
if smp.tp_rank() == 0:
    smp.broadcast({"from": r}, smp.TP_GROUP)
else:
    assert smp.recv_from(0, smp.RankType.TP_RANK) == {"from": r - 1}
smp.send(torch.tensor(r), (r + 1) % 8, smp.RankType.WORLD_RANK)
assert smp.recv_from((r - 1) % 8, smp.RankType.WORLD_RANK).item() == (r - 1) % 8
""",
        8,
        **GRID,
    )


def test_documented_names_can_all_be_imported(smp_script):
    smp_script("""
import inspect
import smdistributed.modelparallel
from packaging.version import Version
assert Version(smdistributed.modelparallel.__version__) >= Version("1.10")
for name in '''init is_initialized is_tracing rank size local_rank local_size step DistributedModel
    DistributedOptimizer save load save_checkpoint resume_from_checkpoint partition set_partition
    tensor_parallelism set_tensor_parallelism tp_register tp_register_with_module
    delay_param_initialization
    model_creation CommGroup RankType barrier broadcast
    send recv_from allgather WORLD MP_GROUP DP_GROUP PP_GROUP TP_GROUP RDP_GROUP amp nn optimizers
    state state_mod utils patches model exceptions'''.split():
    assert hasattr(smp, name) and name in smp.__all__, name
assert all(hasattr(smp, name) for name in smp.__all__)
from smdistributed.modelparallel.torch.optimizers import FusedAdam, FusedLAMB, FusedLamb
from smdistributed.modelparallel.torch.optimizers import FusedNovoGrad
from smdistributed.modelparallel.torch.nn import FusedLayerNorm
from smdistributed.modelparallel.torch.utils import get_distribution_axis, rmsg
from smdistributed.modelparallel.torch.state_mod import state
from smdistributed.modelparallel.torch.amp import GradScaler
import smdistributed.modelparallel.backend.exceptions as one
import smdistributed.modelparallel.torch.exceptions as two
# SageMaker's toolkit lists the classes of both modules, and reports errors of these by name.
classes = [{n for n, c in vars(m).items() if inspect.isclass(c)} for m in (one, two)]
assert classes[0] == classes[1] and "SpecError" in classes[0]
assert smp.model.DistributedModel is smp.DistributedModel and smp.state is state
assert rmsg("hello") == "[0] hello" and get_distribution_axis(torch.ones(1)) is None
assert state.cfg.microbatches == 1 and state.cfg.fp16 is False
assert state.cfg.shard_optimizer_state is False and state.module_manager.translate_functions == []
refused(lambda: smp.tensor_paralelism, AttributeError, "'tensor_paralelism'", "docs/compat.md")
""", 1)  # fmt: skip


def test_init_may_be_called_twice_and_the_launchers_values_win(smp_script):
    smp_script(
        """
import warnings
assert smp.is_initialized() and not smp.is_tracing()
with warnings.catch_warnings():
    warnings.simplefilter("error")
    smp.init()
    smp.init({"microbatches": 3})
assert smp.state.cfg.microbatches == 4
with warnings.catch_warnings(record=True) as said:
    warnings.simplefilter("always")
    smp.init({"pipeline": "simple"})
assert "those of the first call hold" in str(said[0].message)
assert smp.state.cfg.pipeline == "interleaved"
""",
        1,
        microbatches=4,
    )


def test_contexts_say_what_they_make_and_refuse_stages_that_do_not_exist(smp_script):
    smp_script(
        """
with smp.model_creation(dtype=torch.float16):
    assert nn.Linear(2, 2).weight.dtype == torch.float16
assert nn.Linear(2, 2).weight.dtype == torch.float32
with smp.tensor_parallelism(), smp.tensor_parallelism(enabled=False):
    layer = nn.Linear(2, 2)
smp.set_tensor_parallelism(layer)
from smdistributed.modelparallel.torch.exceptions import SpecError
def outside():
    with smp.partition(2):
        pass
refused(outside, SpecError, "index 2 must be less than partitions=2")
refused(lambda: smp.set_partition(layer, -1), SpecError, "-1")
""",
        2,
        partitions=2,
    )


def test_manual_partitions_are_followed(smp_script):
    smp_script(
        """
class Marked(nn.Module):
    def __init__(self):
        super().__init__()
        self.head = nn.Linear(8, 8)
        with smp.partition(1):
            self.body = nn.Sequential(nn.Linear(8, 8), nn.Tanh())
        self.tail = nn.Linear(8, 4)
    def forward(self, x):
        return self.tail(self.body(self.head(x)))
network = Marked
model = smp.DistributedModel(Marked().double())
smp.set_partition(model.get_module().tail, 1)
train_step(model, *batch(0))
names = {name for name, _ in model.local_named_parameters()}
assert names == ({"head.weight", "head.bias"} if smp.pp_rank() == 0 else
                 {"body.0.weight", "body.0.bias", "tail.weight", "tail.bias"})
""",
        2,
        partitions=2,
        auto_partition=False,
        default_partition=0,
    )


def test_a_job_whose_ranks_do_not_fit_its_degrees_says_both_numbers(smp_script, job):
    smp_script.start("", 3, partitions=2)
    assert job.wait().codes == [1, 1, 1]
    assert "not a multiple of partitions=2" in job.log()


def test_a_script_has_one_model_and_wrapping_it_again_gives_the_same(smp_script):
    smp_script(
        """
from smdistributed.modelparallel.torch.exceptions import RuntimeStateError
module = network()
model = smp.DistributedModel(module)
assert smp.DistributedModel(module, backward_passes_per_step=2) is model
refused(lambda: smp.DistributedModel(network()), RuntimeStateError, "a second")
train_step(model, *batch(0))
assert model.get_module() is module and model.module is module
class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.one, self.two = nn.Linear(2, 2), nn.Linear(2, 2)
        self.two.weight = self.one.weight
smp.state.__init__()
tied = smp.DistributedModel(Tied())
state = tied.state_dict()
del state["two.weight"]
tied.load_state_dict(state)
del state["one.weight"]
refused(lambda: tied.load_state_dict(state), RuntimeError, "one.weight, two.weight")
""",
        1,
    )
