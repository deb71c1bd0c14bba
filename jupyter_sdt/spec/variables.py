"""Names of the environment variables a training process sees.

``SM_*`` names follow Amazon SageMaker's training toolkit
(https://github.com/aws/sagemaker-training-toolkit/blob/master/ENVIRONMENT_VARIABLES.md),
the rendezvous names follow torchrun
(https://docs.pytorch.org/docs/stable/elastic/run.html#environment-variables), and ``SDT_*``
are our own.
"""

from __future__ import annotations

from typing import Final

# Where the job directory lies; set for every rank.
JOB_DIRECTORY: Final = "SDT_JOB_DIRECTORY"
# The node's name (algo-1, algo-2, ...), and its number counted from 0.
NODE: Final = "SDT_NODE"
NODE_RANK: Final = "SDT_NODE_RANK"
# Rank within the job for processes that get no RANK (plain python: one process per node).
FALLBACK_RANK: Final = "SDT_RANK"
# "0" switches the automatic recording of step time, throughput, loss and learning rate off.
AUTOLOG: Final = "SDT_AUTOLOG"
# "0" keeps this user's jobs away from the nursery; launchers fall back to torchrun.
NURSERY: Final = "SDT_NURSERY"
# Seconds without a job after which a nursery ends itself.
NURSERY_IDLE_SECONDS: Final = "SDT_NURSERY_IDLE_SECONDS"
# What float32 becomes on its way between nodes: float32, bfloat16 or float16.
WIRE_DTYPE: Final = "SDT_WIRE_DTYPE"
# 0: freed memory of a rank goes back to the operating system at once.
KEEP_FREED_MEMORY: Final = "SDT_KEEP_FREED_MEMORY"
# "1": torch.cuda answers on the CPU where there is no GPU; "0": the launcher does not ask for it.
VIRTUAL_CUDA: Final = "SDT_VIRTUAL_CUDA"
# How often the supervisor has started all ranks anew.
RESTART_COUNT: Final = "SDT_RESTART_COUNT"
# The interpreter of the job, for commands that we put on PATH.
PYTHON: Final = "SDT_PYTHON"
# Folder of all jobs; default ~/.jupyter_sdt/jobs.
JOBS_DIRECTORY: Final = "SDT_JOBS_DIR"
# The user's own images for ml.* instances; default ~/.jupyter_sdt/images.json.
IMAGES: Final = "SDT_IMAGES"
# Where file systems of AWS are mounted on this machine: fs-0123=/mnt/efs:fs-4567=/fsx.
FILE_SYSTEMS: Final = "SDT_FILE_SYSTEMS"
# FastFile channels of local jobs: "copy" never mounts them, "mount" never copies them.
FAST_FILE: Final = "SDT_FAST_FILE"
# The user's own prices of ml.* instances; default ~/.jupyter_sdt/prices.json.
PRICES: Final = "SDT_PRICES"
# A checkout of Amazon's HyperPod recipes, or its address, where recipes are looked for by name.
RECIPES: Final = "SDT_RECIPES"

# What torchrun gives each worker; the nursery and plain python give the same.
RANK: Final = "RANK"
LOCAL_RANK: Final = "LOCAL_RANK"
WORLD_SIZE: Final = "WORLD_SIZE"
LOCAL_WORLD_SIZE: Final = "LOCAL_WORLD_SIZE"
GROUP_RANK: Final = "GROUP_RANK"
GROUP_WORLD_SIZE: Final = "GROUP_WORLD_SIZE"
ROLE_RANK: Final = "ROLE_RANK"
ROLE_WORLD_SIZE: Final = "ROLE_WORLD_SIZE"
ROLE_NAME: Final = "ROLE_NAME"
MASTER_ADDR: Final = "MASTER_ADDR"
MASTER_PORT: Final = "MASTER_PORT"
TORCHELASTIC_RESTART_COUNT: Final = "TORCHELASTIC_RESTART_COUNT"
TORCHELASTIC_MAX_RESTARTS: Final = "TORCHELASTIC_MAX_RESTARTS"
TORCHELASTIC_RUN_ID: Final = "TORCHELASTIC_RUN_ID"
TORCHELASTIC_USE_AGENT_STORE: Final = "TORCHELASTIC_USE_AGENT_STORE"
TORCHELASTIC_ERROR_FILE: Final = "TORCHELASTIC_ERROR_FILE"

# The local rank, by the name that SageMaker's data parallel library gives it.
SMDDP_LOCAL_RANK: Final = "SMDATAPARALLEL_LOCAL_RANK"

# What Open MPI gives each process.
OMPI_RANK: Final = "OMPI_COMM_WORLD_RANK"
OMPI_SIZE: Final = "OMPI_COMM_WORLD_SIZE"
OMPI_LOCAL_RANK: Final = "OMPI_COMM_WORLD_LOCAL_RANK"
OMPI_LOCAL_SIZE: Final = "OMPI_COMM_WORLD_LOCAL_SIZE"
OMPI_NODE_RANK: Final = "OMPI_COMM_WORLD_NODE_RANK"
