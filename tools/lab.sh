#!/bin/sh
# tools/lab.sh [JUPYTER LAB OPTIONS]: opens the first example in JupyterLab.
set -eu
cd "$(dirname "$0")/.."

# In a container the user is often root, whom Jupyter refuses unless told.
if [ "$(id -u)" -eq 0 ]; then set -- --allow-root "$@"; fi
exec .venv/bin/jupyter lab "$@" examples/01_first_job.ipynb
