#!/bin/sh
# Installs the PyTorch peer into this folder. The compiled mode also needs a C++ compiler on the path.
# Where pip is not set up to prefer a CPU build, the Linux wheel brings CUDA with it: several gigabytes.
set -eu
cd "$(dirname "$0")"
python3 -m venv .venv
.venv/bin/pip install --quiet torch==2.13.0 numpy==2.4.6
