#!/bin/sh
# Installs Hugging Face's tokenizers for Python into this folder.
set -eu
cd "$(dirname "$0")"
python3 -m venv .venv
.venv/bin/pip install --quiet tokenizers==0.23.3
