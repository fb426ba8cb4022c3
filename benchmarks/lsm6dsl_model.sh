#!/bin/sh
# The bundled model lsm6dsl, and its scores on held-out recordings.
#
#   sh benchmarks/lsm6dsl_model.sh WRIST LSM6DSL OUT
#
# WRIST: ST's wrist logs made from PAMAP2 (st_pamap2_wrist). LSM6DSL: ST's LSM6DSL activity recordings.
# OUT: a new folder. Both are cut at 26 Hz; of the LSM6DSL's recordings three tenths are held out, of the
# others a third trains the feedback classifier, the rest are the target windows.
set -eu
wrist=$1 lsm6dsl=$2 out=$3
mkdir "$out"
cd "$out"
wearsynth data windows "$wrist" --length-s 2 --stride-s 1 --rate-hz 26 -o source.parquet
wearsynth data windows "$lsm6dsl" --length-s 2 --stride-s 1 -o target.parquet
wearsynth data split target.parquet --holdout 0.3 -o split
wearsynth data split split/train.parquet --holdout 0.33 -o parts
wearsynth fit source.parquet --width 36 --rounds 5000 -o first
wearsynth classifier train parts/holdout.parquet --turned 4 -o classifier
wearsynth finetune first --target parts/train.parquet --classifier classifier -o second
wearsynth distil second -o model
wearsynth sample model --count stationary=500 --count walking=500 --count running=500 --mounting drawn -o synthetic.parquet
python - <<'END'
# the LSM6DSL's recordings name three of the model's four classes; a judge wants all named
from dataclasses import replace

import numpy as np

from wearsynth.tables import load_windows, save_windows

classes = load_windows("synthetic.parquet").classes
for name in ("parts/train", "split/holdout"):
    real = load_windows(f"{name}.parquet")
    place = np.array([classes.index(of) for of in real.classes])
    real = replace(real, classes=classes, label=place[real.label])
    save_windows(real, f"{name}-named.parquet")
END
wearsynth evaluate synthetic.parquet --train parts/train-named.parquet --holdout split/holdout-named.parquet -o scores.json
wearsynth classifier test split/holdout.parquet --classifier classifier
