#!/bin/sh
# Runs one step of moodtrain (default: all of them) in a pinned virtual environment beside this
# file. Usage: run.sh [all|train|export|evaluate|golden|card|failures] [options]
# MOODRING_DATA: folder of the data sets (default ../shared/data beside the repository).
# MOODRING_VENV: folder of the virtual environment (default .venv here).
set -eu
here=$(cd "$(dirname "$0")" && pwd)
venv=${MOODRING_VENV:-$here/.venv}
stamp=$venv/.installed
if ! cmp -s "$here/constraints.txt" "$stamp"; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet -r "$here/requirements.txt" -c "$here/constraints.txt"
    cp "$here/constraints.txt" "$stamp"
fi
if [ -n "${MOODRING_DATA:-}" ]; then MOODRING_DATA=$(cd "$MOODRING_DATA" && pwd); export MOODRING_DATA; fi
cd "$here"
if [ $# -eq 0 ]; then set -- all; fi
exec "$venv/bin/python" -m moodtrain "$@"
