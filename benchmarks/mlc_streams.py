"""ST's own classifier on generated signals, and a tree that learnt from nothing else on real ones.

Usage: python benchmarks/mlc_streams.py [--minutes 20] [--seed 3] [--shared FOLDER] (half a CPU minute)

The bundled wrist model draws a continuous signal of each class, rendered as the LSM6DSV16X records it for
ST's published decision tree (8 g, 30 Hz). The MLC twin runs that tree on it: the share of windows for which
its answer is the class that was asked for, beside the same on ST's own logs. Then `wearsynth mlc train`
fits a tree to the generated logs alone, and the twin runs it on ST's logs: on all of them, and on those that
the model has not seen. The first two windows of a log do not count, as in ST's tool.
"""

import argparse
import tempfile
from collections.abc import Collection
from pathlib import Path

from wearsynth.config_rendering import GenerateConfig
from wearsynth.generating import generate
from wearsynth.mlc.running import run_files
from wearsynth.mlc.training import train_files
from wearsynth.model import load_model

ROOT = Path(__file__).parents[1]
MODEL = "wrist-pamap2"
LEFT_OUT = 2


def main() -> None:
    """Print the shares."""
    given = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    given.add_argument("--minutes", type=float, default=20.0, help="of each class")
    given.add_argument("--seed", type=int, default=3)
    given.add_argument("--shared", type=Path, default=ROOT.parent / "shared")
    options = given.parse_args()
    real = options.shared / "data" / "st_pamap2_wrist"
    seen = load_model(MODEL).trained_groups
    print("| tree | logs | right | by class |\n| --- | --- | --- | --- |")
    with tempfile.TemporaryDirectory() as place:
        made, trained = Path(place) / "made", Path(place) / "trained"
        config = GenerateConfig(
            model=MODEL,
            stream_s=60 * options.minutes,
            sensor="lsm6dsv16x",
            full_scale="8g",
            rate_hz=30.0,
            seed=options.seed,
        )
        generate(config, made, say=lambda _: None)
        train_files(made, trained)
        st, own = real / "mlc_conf.json", trained / "mlc_conf.json"
        show("ST's", "ST's own, all", real / "data", st)
        show("ST's", f"generated, {options.minutes:g} min a class", made / "data", st)
        show("of generated logs", "ST's own, all", real / "data", own)
        show("of generated logs", "ST's own, not seen by the model", real / "data", own, seen)
        trained_real = Path(place) / "real"
        train_files(real, trained_real)
        show(
            "of ST's own logs", "the same (a training score)", real / "data", trained_real / st.name
        )


def show(tree: str, logs: str, folder: Path, config: Path, without: Collection[str] = ()) -> None:
    """Print how often the tree's answer is the log's class, overall and by class."""
    right: dict[str, list[bool]] = {}
    begun: dict[str, int] = {}
    for reply in run_files(folder, config).replies:
        begun[reply.log] = begun.get(reply.log, 0) + 1
        log = reply.log.split("_", 1)[1].removesuffix(
            ".csv"
        )  # 3_cycling/log_0.csv is cycling/log_0
        if begun[reply.log] > LEFT_OUT and log not in without:
            name = log.split("/")[0]
            right.setdefault(name, []).append(reply.answer_class == name)
    every = [one for of in right.values() for one in of]
    by_class = ", ".join(f"{name} {sum(of) / len(of):.3f}" for name, of in right.items())
    share = f"{sum(every)} of {len(every)}, {sum(every) / len(every):.3f}"
    print(f"| {tree} | {logs} | {share} | {by_class} |", flush=True)


if __name__ == "__main__":
    main()
