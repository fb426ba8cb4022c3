"""Read a zip of an E4 session with flirt, keep what it understood, and compute its features.

    .venv-clients/bin/python tests/clients/read_with_flirt.py SESSION.zip OUT.npz

OUT.npz: for each file NAME.csv the arrays NAME and NAME.times (Unix seconds); features.NAME: the
columns of flirt's features for windows of a minute.
"""

import sys
import zipfile

import flirt.reader.empatica as e4
import flirt.simple
import numpy as np

READERS = {
    "ACC": e4.read_acc_file_into_df,
    "BVP": e4.read_bvp_file_into_df,
    "EDA": e4.read_eda_file_into_df,
    "TEMP": e4.read_temp_file_into_df,
    "HR": e4.read_hr_file_into_df,
    "IBI": e4.read_ibi_file_into_df,
}


def main(archive: str, out: str) -> None:
    found = {}
    with zipfile.ZipFile(archive) as files:
        for name, read in READERS.items():
            with files.open(f"{name}.csv") as stream:
                table = read(stream)
            found[name] = table.to_numpy()
            found[f"{name}.times"] = table.index.tz_convert(None).to_numpy().astype("int64") / 1e9
    features = flirt.simple.get_features_for_empatica_archive(
        archive, window_length=60, window_step_size=10
    )
    found |= {f"features.{name}": features[name].to_numpy() for name in features}
    np.savez(out, **found)


if __name__ == "__main__":  # flirt works in processes that load this file again
    main(*sys.argv[1:])
