#!/bin/sh
# Have both peers make windows for every fold: sh benchmarks/peers/run.sh DIR [CPU_SECONDS]
# Reads DIR/<data>/<fold>/train.npz, writes <peer>.npz and <peer>.json beside; what is there stays.
# Environments are made as needed in runs/peers/venv-<peer>; PYTHON names another python3.11.
set -eu
here=$(dirname "$0")
windows=${1:?"usage: sh benchmarks/peers/run.sh DIR [CPU_SECONDS]"}
cpu_seconds=${2:-300}
for peer in sdv_par gretel_dgan; do
  venv=runs/peers/venv-$peer
  if [ ! -e "$venv/ready" ]; then
    "${PYTHON:-python3.11}" -m venv "$venv"
    "$venv/bin/pip" install --no-deps -r "$here/requirements-$peer.txt"
    touch "$venv/ready"
  fi
  for train in "$windows"/*/*/train.npz; do
    [ -e "$train" ] || { echo "run.sh: no $windows/<data>/<fold>/train.npz." >&2; exit 2; }
    out=$(dirname "$train")/$peer.npz
    [ -e "$out" ] || OMP_NUM_THREADS=1 "$venv/bin/python" "$here/run.py" "$peer" "$train" \
      -o "$out" --cpu-seconds "$cpu_seconds" || echo "run.sh: $peer failed on $train." >&2
  done
done
