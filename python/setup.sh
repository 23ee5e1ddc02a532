#!/bin/sh
# Installs JAX for `--engine jax`: makes an environment of Python beside this file (.venv) and installs into it what
# requirements.txt says. It changes nothing else. Run again, it brings the environment up to date.
#
#   sh python/setup.sh [cpu|cuda12|cuda13|tpu] [VERSION]
#
# The first word is what JAX is to run on (default: cpu), the second another version of JAX, 0.10 or newer, below 0.13.
# GROUNDWORK_BASE_PYTHON names the Python to begin with, GROUNDWORK_VENV another folder for the environment.
set -eu

here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd)
venv=${GROUNDWORK_VENV:-$here/.venv}
device=${1:-cpu}
version=${2:-}

case "$device" in
  cpu) extra='' ;;
  cuda12 | cuda13 | tpu) extra="[$device]" ;;
  *)
    echo "setup.sh: \"$device\" is none of cpu, cuda12, cuda13, tpu" >&2
    exit 2
    ;;
esac

# JAX 0.10 wants Python 3.11 or newer, from 0.11 on 3.12. A command may exist and yet not run, as those of pyenv do.
is_new_enough() {
  "$1" -c 'import sys, venv; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1
}

base=''
for candidate in ${GROUNDWORK_BASE_PYTHON:-python3 python3.13 python3.12 python3.11 python}; do
  if is_new_enough "$candidate"; then
    base=$candidate
    break
  fi
done
if [ -z "$base" ]; then
  echo "setup.sh: found no Python 3.11 or newer with its module venv; install one (Debian: apt-get install python3-venv)" >&2
  exit 1
fi

# An environment of another Python, or one that was left half made, is made anew.
python="$venv/bin/python"
version_of() {
  "$1" -c 'import sys; print(sys.version_info[:2])' 2>/dev/null || echo none
}
if [ "$(version_of "$python")" = "$(version_of "$base")" ]; then
  "$base" -m venv "$venv"
else
  "$base" -m venv --clear "$venv"
fi
if [ -z "$version" ]; then
  set -- -r "$here/requirements.txt"
  # The extra of an accelerator, at the version that requirements.txt pins.
  if [ -n "$extra" ]; then
    set -- "$@" "$(sed -n "s/^jax==/jax${extra}==/p" "$here/requirements.txt")"
  fi
else
  set -- "jax${extra}==$version"
fi
"$python" -m pip install --quiet --disable-pip-version-check --upgrade "$@"

"$python" - <<'END'
import sys
import jax

print(f"JAX {jax.__version__} in {sys.prefix}: {jax.device_count()} x {jax.devices()[0].device_kind}")
END
