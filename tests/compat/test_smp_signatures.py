"""Each documented function of the library takes what its reference says, with those defaults.

https://sagemaker.readthedocs.io/en/v2.199.0/api/training/smp_versions/latest/smd_model_parallel_pytorch.html
"""

FUNCTIONS = """
init(config=None)
is_initialized()
is_tracing()
step(non_split_inputs=None, input_split_axes=None, detach_outputs=True)
DistributedModel(module, trace_device="gpu", trace_execution_times=False, \
overlapping_allreduce=True, backward_passes_per_step=1, \
average_grads_across_microbatches=True, bucket_cap_mb=25, \
trace_memory_usage=False, broadcast_buffers=True, gradient_as_bucket_view=False, \
find_unused_parameters=False)
DistributedModel.backward(self, tensors, grad_tensors=None)
DistributedModel.state_dict(self, gather_to_rank0=False)
DistributedModel.load_state_dict(self, state_dict, strict=True, same_partition_load=False)
DistributedModel.register_post_partition_hook(self, hook)
DistributedModel.register_post_step_hook(self, hook)
DistributedModel.register_comm_hook(self, state, callable)
DistributedModel.join(self, divide_by_initial_world_size=True, enable=True, \
throw_on_early_termination=False)
DistributedOptimizer(optimizer, static_loss_scale=1.0, dynamic_loss_scale=False, \
dynamic_loss_args=None)
DistributedOptimizer.clip_master_grads(self, max_norm)
StepOutput.reduce_mean(self)
StepOutput.reduce_sum(self)
StepOutput.concat(self)
StepOutput.stack(self)
save(obj, f, partial=True, pickle_protocol=2)
load(f, map_location=None, partial=True)
save_checkpoint(path, tag, partial=True, model=None, optimizer=None, user_content=None, \
translate_if_full=True, num_kept_partial_checkpoints=None)
resume_from_checkpoint(path, tag=None, partial=True, strict=True, load_optimizer=True, \
load_sharded_optimizer_state=True, translate_function=None)
partition(index)
set_partition(module, index)
tensor_parallelism(enabled=True)
set_tensor_parallelism(module, enabled=True)
model_creation(tensor_parallelism=False, dtype=None)
delay_param_initialization(enabled=True)
set_activation_checkpointing(module, preserve_rng_state=True, pack_args_as_tuple=False, \
strategy="each")
patches.checkpoint.checkpoint(module, preserve_rng_state=True)
patches.checkpoint.checkpoint_sequential(sequential_module, input, strategy="each", \
preserve_rng_state=True, pack_args_as_tuple=False)
broadcast(obj, group)
send(obj, dest_rank, rank_type)
recv_from(src_rank, rank_type)
allgather(obj, group)
barrier(group=smp.WORLD)
"""
# Names without arguments: of the module, and of a model.
NAMES = """
rank size local_rank local_size pp_rank pp_size tp_rank tp_size rdp_rank rdp_size dp_rank dp_size
mp_rank mp_size get_rank get_world_process_group get_mp_process_group get_dp_process_group
get_pp_process_group get_tp_process_group get_rdp_process_group get_mp_group get_dp_group
get_pp_group get_tp_group get_rdp_group mp_barrier dp_barrier pp_barrier tp_barrier rdp_barrier
"""
OF_A_MODEL = """
partitioned local_parameters local_named_parameters local_buffers local_named_buffers
local_modules local_named_modules parameters named_parameters local_state_dict get_module cpu
eval train distributed_modules is_distributed_parameter is_distributed_buffer
is_scaled_batch_parameter is_scaled_batch_buffer default_reducer_named_parameters
scaled_batch_reducer_named_parameters
"""
BODY = """
import ast, inspect

def documented(line):
    call = ast.parse(line, mode="eval").body
    defaults = {word.arg: eval(ast.unparse(word.value)) for word in call.keywords}
    return ast.unparse(call.func), [name.id for name in call.args], defaults

def resolve(path):
    found = smp
    for name in path.split("."):
        found = getattr(found, name)
    return found

NAMED_ONLY = ["save", "load"]  # what is documented in between is left out above
wrong = []
for line in FUNCTIONS.strip().splitlines():
    path, required, defaults = documented(line)
    function = resolve(path)
    if inspect.isclass(function):
        function, required = function.__init__, ["self", *required]
    known = inspect.signature(function).parameters
    order = [name for name in [*required, *defaults] if name in known]
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    given = [name for name, parameter in known.items() if parameter.kind in named]
    if order != given[:len(order)] and path not in NAMED_ONLY:
        wrong.append(f"{path}: {order} is not the order of {given}")
    anything = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in known.values())
    for name in [*required, *defaults]:
        if name != "self" and name not in known and not anything:
            wrong.append(f"{path}: no argument {name}")
    for name, value in defaults.items():
        if name in known and known[name].default != value:
            wrong.append(f"{path}: {name}={known[name].default!r}, documented {value!r}")
refused(lambda: smp.DistributedModel(network(), backward_passes=4), TypeError, "backward_passes")
model = smp.DistributedModel(network())
wrong += [name for name in NAMES.split() if not callable(getattr(smp, name, None))]
wrong += [name for name in OF_A_MODEL.split() if name not in dir(type(model))]
assert not wrong, "\\n".join(wrong)
assert isinstance(smp.DistributedOptimizer(torch.optim.SGD(model.parameters(), 1.0)),
                  torch.optim.Optimizer)
"""


def test_functions_take_what_is_documented(smp_script):
    tables = f"FUNCTIONS = {FUNCTIONS!r}\nNAMES = {NAMES!r}\nOF_A_MODEL = {OF_A_MODEL!r}\n"
    smp_script(tables + BODY, 1)
