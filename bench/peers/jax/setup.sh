#!/bin/sh
# Installs the JAX peer into this folder.
set -eu
cd "$(dirname "$0")"
python3 -m venv .venv
.venv/bin/pip install --quiet jax==0.10.2 jaxlib==0.10.2 numpy==2.4.6
