#!/usr/bin/env bash
# Makes tests/golden/.venv, the Python environment that generate.py and check.py run in.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
"${PYTHON:-python3}" -m venv .venv
.venv/bin/python -m pip install torch==2.13.0 numpy==2.4.6
