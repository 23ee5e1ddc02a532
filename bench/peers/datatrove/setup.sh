#!/bin/sh
# Installs the datatrove peer into this folder: datatrove and what its Gopher, C4 and FineWeb filters, its reader and its
# tokenizer import.
# Everything they need comes from PyPI. English words and sentences are split by spaCy's rules, which are part of its
# package; nothing is downloaded when the filters run (datatrove uses the punkt data of NLTK for other languages only).
set -eu
cd "$(dirname "$0")"
python3 -m venv .venv
.venv/bin/pip install --quiet datatrove==0.10.1 spacy==3.8.18 nltk==3.10.4 regex==2026.11.15 numpy==2.4.6 xxhash==3.5.0 \
  orjson==3.13.0 tokenizers==0.23.3
.venv/bin/python filters.py --check
