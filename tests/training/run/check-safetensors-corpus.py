"""Asks the reader in Rust what it says of the corpus. Exits with 1 where that is not what the corpus notes.

    npx tsx tests/training/run/write-safetensors-corpus.ts FOLDER
    pip install safetensors==0.8.0
    python tests/training/run/check-safetensors-corpus.py FOLDER
"""

import json
import pathlib
import sys

from safetensors import SafetensorError, deserialize

folder = pathlib.Path(sys.argv[1])
faults = 0
for note in json.loads((folder / "notes.json").read_text()):
    try:
        deserialize((folder / note["file"]).read_bytes())
        found, why = True, ""
    except SafetensorError as error:
        found, why = False, str(error)[:120]
    if found != note["rust"]:
        faults += 1
        print(f"{note['name']}: noted {note['rust']}, found {found} {why}")
print(f"{faults} differ")
sys.exit(1 if faults else 0)
