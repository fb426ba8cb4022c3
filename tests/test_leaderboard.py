"""The leaderboard: folds, controls, what is kept, tables, and the whole on a small made-up set."""

import importlib
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toy import toy_windows
from wearsynth.data import Windows, windows_from_arrays
from wearsynth.errors import ConfigError, DataError

REPOSITORY = Path(__file__).parents[1]
BENCHMARKS = REPOSITORY / "benchmarks"
NAMES = (
    "leaderboard",
    *(f"leaderboard_{n}" for n in ("data", "sets", "cache", "tables", "harness")),
)

pytestmark = pytest.mark.skipif(
    not (BENCHMARKS / "leaderboard.py").exists(), reason="the benchmarks are not part of this copy"
)
if BENCHMARKS.is_dir():
    sys.path.insert(0, str(BENCHMARKS))
    board, data, sets, cache, tables, harness = (importlib.import_module(n) for n in NAMES)


def fold(people: int = 12, per_class: int = 6) -> Any:
    windows = toy_windows(people=people, per_class=per_class)
    out = np.isin(windows.subject, ["p00", "p01", "p02", "p03", "p04", "p05"])
    return data.Fold(0, windows.select(~out), windows.select(out))


def nameless(recordings: dict[str, str]) -> Windows:
    """Give two windows a recording, by class, without subjects."""
    names = np.repeat([*recordings], 2)
    return windows_from_arrays(
        np.zeros((len(names), 4, 1), dtype=np.float32),
        np.repeat([*recordings.values()], 2).tolist(),
        rate_hz=1.0,
        channels=(("acc_x", "g"),),
        recording=names.tolist(),
    )


def test_with_people_enough_each_is_held_out_once() -> None:
    folds, told = data.folds_of(toy_windows(people=33, per_class=1), 5, seed=0)
    held = [set(one.holdout.group) for one in folds]
    assert sorted(map(len, held)) == [6, 6, 7, 7, 7]
    assert sum(map(len, held)) == len(set.union(*held)) == 33
    assert all(
        not held_out & set(one.train.group) for one, held_out in zip(folds, held, strict=True)
    )
    assert told == "33 people; 6 to 7 held out in each of 5 folds."


def test_with_few_people_each_is_held_out_twice() -> None:
    folds, told = data.folds_of(toy_windows(people=15, per_class=1), 5, seed=0)
    held = [set(one.holdout.group) for one in folds]
    assert [len(one) for one in held] == [6] * 5
    times = [sum(name in one for one in held) for name in set.union(*held)]
    assert times == [2] * 15
    assert "all are judged twice" in told


def test_recordings_of_unknown_people_are_held_out_in_runs_of_neighbours_by_class() -> None:
    windows = nameless({f"{c}_{i}": c for c in ("walk", "run") for i in range(1, 13)})
    folds, told = data.folds_of(windows, 2, seed=3)
    held = [set(one.holdout.recording) for one in folds]
    assert held[0] == {f"{c}_{i}" for c in ("walk", "run") for i in range(1, 7)}
    assert held[1] == {f"{c}_{i}" for c in ("walk", "run") for i in range(7, 13)}
    assert "runs of neighbours" in told


def test_thinning_keeps_the_same_share_of_every_class_of_every_person() -> None:
    windows = toy_windows(people=4, per_class=20)
    thin = data.thinned_by_person(windows, 60, seed=0)
    assert len(thin) == 60
    for person in set(windows.subject):
        assert set(thin.select(thin.subject == person).counts.values()) == {5}
    assert "thinned to 60 of 240" in thin.provenance[-1]
    assert data.thinned_by_person(windows, 240, seed=0) is windows


def test_real_halves_share_no_person() -> None:
    given = fold()
    contest = sets.real_halves(given, 0)
    groups = [set(w.group) for w in (contest.synthetic, contest.train, contest.holdout)]
    assert [len(one) for one in groups] == [3, 3, 6]
    assert len(set.union(*groups)) == 12
    assert contest.holdout is given.holdout


def test_interpolated_windows_lie_between_two_of_their_class() -> None:
    ends = np.array([[[0.0]], [[2.0]], [[100.0]], [[104.0]]], dtype=np.float32)
    real = windows_from_arrays(
        ends, ["a", "a", "b", "b"], rate_hz=1.0, channels=(("acc_x", "g"),), subject=["p"] * 4
    )
    made = sets.smote(real, 0)
    values = made.signal().values[:, 0, 0]
    assert ((values[:2] > 0) & (values[:2] < 2)).all()
    assert ((values[2:] > 100) & (values[2:] < 104)).all()
    alone = real.select(np.array([0, 2]))
    assert np.array_equal(sets.smote(alone, 0).signal().values, alone.signal().values)


def test_controls_are_nameless_of_the_same_counts_and_what_their_names_say() -> None:
    train = fold().train
    made = {name: make(train, 0) for name, make in sets.CONTROLS.items()}
    for windows in made.values():
        assert windows.counts == train.counts
        assert windows.synthetic.all() and set(windows.subject) == {""}
    shuffled = made["shuffled labels"]
    assert np.array_equal(shuffled.signal().values, train.signal().values)
    assert 0.5 < (shuffled.label != train.label).mean() < 0.8  # by chance 2 of 3
    jitter = made["jitter .05 sd"].signal().values - train.signal().values
    sd = train.signal().values.std(axis=(0, 1))
    assert jitter.std(axis=(0, 1)) == pytest.approx(0.05 * sd, rel=0.1)
    for name in train.classes:
        noise, real = (w.of_class(name).signal().values for w in (made["noise"], train))
        assert noise.std(axis=(0, 1)) == pytest.approx(real.std(axis=(0, 1)), rel=0.1)
        assert abs(np.corrcoef(noise[:, :-1, 0].ravel(), noise[:, 1:, 0].ravel())[0, 1]) < 0.1


def test_what_is_exported_for_peers_is_what_is_read_of_them(tmp_path: Path) -> None:
    given = fold(per_class=2)
    acc = given.train.signal()
    gyro = replace(acc, values=acc.values[:, :, :1] * 2, channels=acc.channels[:1])
    given = replace(given, train=replace(given.train, signals={"acc": acc, "gyro": gyro}))
    path = sets.export(given, tmp_path / "toy")
    assert path == tmp_path / "toy" / "0" / "train.npz"
    assert sets.peer_entries(tmp_path, "toy") == []
    path.rename(path.with_name("peer.npz"))
    [entry] = sets.peer_entries(tmp_path, "toy")
    contest = entry.make(given, 0)
    assert (entry.name, entry.saw) == ("peer", "nothing")
    for name, signal in given.train.signals.items():
        assert np.array_equal(contest.synthetic.signals[name].values, signal.values)
    assert contest.synthetic.counts == given.train.counts
    assert "is not there" in entry.make(replace(given, number=1), 0)
    with pytest.raises(DataError, match=r"\(60, 4\) is wanted"):
        sets.in_form(given.train, acc.values, given.train.label)


def test_the_key_changes_with_all_that_a_judge_sees_and_with_nothing_else() -> None:
    given = fold(per_class=1)
    contest = sets.Contest(given.train, given.train, given.holdout)
    plain = {"judge": "1", "quick": True, "seed": 0}
    key = cache.key_of(contest, **plain)
    train = given.train
    moved = train.signal().values.copy()
    moved[0, 0, 0] += 1
    others = [
        replace(train, signals={"acc": replace(train.signal(), values=moved)}),
        replace(train, label=np.roll(train.label, 1)),
        replace(train, subject=np.roll(train.subject, 1)),
        replace(train, trained_groups=("p01",)),
    ]
    changed = [cache.key_of(replace(contest, synthetic=w), **plain) for w in others]
    changed += [
        cache.key_of(contest, **plain | {name: value})
        for name, value in (("judge", "2"), ("quick", False), ("seed", 1))
    ]
    assert len({key, *changed}) == 8
    told = replace(train.with_provenance("a line"), start_s=train.start_s + 1)
    assert cache.key_of(replace(contest, synthetic=told), **plain) == key


def test_the_source_of_the_judge_is_part_of_the_key() -> None:
    whole = cache.source_digest(cache.JUDGE)
    assert whole == cache.source_digest(cache.JUDGE) != cache.source_digest(cache.TRAINING)
    for part in (*cache.JUDGE, *cache.TRAINING):
        assert (cache.PACKAGE / part).exists(), part


def result(**values: float | None) -> Any:
    figures = {n: cache.Figure(v, 0.5, 0.6, 2.0, "weak") for n, v in values.items()}
    return cache.Result(figures, 1.0)


def test_a_cell_is_the_mean_and_the_sd_over_folds() -> None:
    results = [
        result(detector_auc=0.6, coverage=0.25, tstr_macro_f1_trees=0.4, trtr_macro_f1_trees=0.8),
        result(detector_auc=0.8, coverage=0.5, tstr_macro_f1_trees=0.8, trtr_macro_f1_trees=0.8),
        result(detector_auc=None),
    ]
    rows = [tables.Row("one", "all", results), tables.Row("two", "nothing", [], ["Why."] * 3)]
    head, _, *lines, blank, missing, _, why = tables.table(rows, folds=3)
    assert (blank, why) == ("", "- two (3): Why.") and missing.startswith("Missing")
    names, cells = ([c.strip() for c in line.strip("|").split("|")] for line in (head, lines[0]))
    told = dict(zip(names, cells, strict=True))
    assert len(lines) == 1  # a row without a result is left out
    assert (told["set"], told["saw"], told["folds"]) == ("one", "all", "3")
    assert told["detector AUC"] == "0.70 ± 0.10"
    assert told["coverage / real"] == "0.75 ± 0.25"
    assert told["TSTR / TRTR"] == "0.75 ± 0.25"
    assert told["Frechet"] == "none"
    alone = tables.table([tables.Row("one", "nothing", results[:1])], folds=1)[2]
    assert alone.startswith("| one | 0.60 | 0.50 |")  # one fold has no spread


def test_tables_go_between_their_markers_alone() -> None:
    page = "a\n<!-- x: begin -->\nold\n<!-- x: end -->\nb\n"
    new = tables.with_section(page, "x", ["new"])
    assert new == "a\n<!-- x: begin -->\n\nnew\n\n<!-- x: end -->\nb\n"
    for wrong in ("nothing", page + page):
        with pytest.raises(ConfigError, match="once each"):
            tables.with_section(wrong, "x", [])


README = """
| set | W1 | KS | coverage | detector | DCR |
|---|---|---|---|---|---|
| seed_dgan | .1 | .1 | .22 | .97 | .8 |
| peer_gretel_dgan | .2 | .1 | .18 | 1.00 | .9 |
| seed_cgan_generated | .3 | .1 | .13 | .99 | 1.0 |
| seed_timegan | .4 | .1 | .00 | 1.00 | 2.0 |

| other | table |
|---|---|
| a | b |
"""


def test_the_harness_is_asked_whether_it_orders_alike(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(README)
    theirs = harness.harness_table(tmp_path / "README.md")
    assert [*theirs] == [*harness.LEADERS, "seed_timegan"]
    assert theirs["seed_dgan"] == {"W1": 0.1, "DCR": 0.8, "coverage": 0.22, "detector": 0.97}
    assert all(check.holds for check in harness.checks(theirs, theirs, 0.52))
    turned = {name: theirs[other] for name, other in zip(theirs, reversed(theirs), strict=True)}
    checks = harness.checks(turned, theirs, 0.7)
    assert [check.holds for check in checks] == [False, False, False, True, False]
    assert "-1.00 over 4 sets" in checks[0].line and "FALLS SHORT" in checks[0].line
    weak = {name: {**row, "detector": 0.9} for name, row in theirs.items()}
    assert [check.holds for check in harness.checks(weak, theirs, None)] == [True] * 3 + [False]
    one = {"seed_dgan": theirs["seed_dgan"]}
    found = [check.found for check in harness.checks(one, theirs, None)[:3]]
    assert found == ["only 1 sets were judged"] * 2 + ["only 1 of them were judged"]


def small_wesad(folder: Path) -> None:
    """Write WESAD's layout with 14 made-up people, one set of another tool and its README."""
    rng = np.random.default_rng(0)
    values = rng.normal(0.5, 0.05, (168, 60, 6)).cumsum(axis=1).astype(np.float32) / 60
    label = np.tile([0, 0, 1], 56)
    values[label == 1] *= 1.3
    path = folder / data.DATA["wesad_1hz"].path
    path.parent.mkdir(parents=True)
    np.savez(path, values=values, label=label, subject=np.repeat(np.arange(14), 12))
    (folder / "baselines").mkdir()
    made = rng.normal(0.5, 0.05, (40, 60, 6)).astype(np.float32)
    np.savez(folder / "baselines" / "seed_dgan.npz", values=made, label=np.tile([0, 1, 2, 1], 10))
    (folder / "baselines" / "README.md").write_text(README)


def test_the_whole_is_done_once_and_shown_again(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small_wesad(tmp_path)
    page = tmp_path / "page.md"
    marks = [
        f"<!-- {n}, quick: {e} -->"
        for n in ("leaderboard wesad_1hz", "harness")
        for e in ("begin", "end")
    ]
    page.write_text("\n".join(marks))
    words = ["--quick", "--folds", "2", "--shared", str(tmp_path), "--runs", str(tmp_path / "runs")]
    words += ["--sets", "baselines", "--data", "wesad_1hz", "lsm6dsl"]
    assert board.main([*words, "--write", str(page)]) == 0
    first = capsys.readouterr()
    assert "lsm6dsl: skipped" in first.err
    assert "2 of 2, wesad_1hz, fold 1, seed_dgan" in first.err
    assert "14 people; 7 held out in each of 2 folds." in first.out
    [row] = [line for line in first.out.splitlines() if line.startswith("| wesad_gans_dgan |")]
    assert row.split("|")[3].strip() == "1.00 ± 0.00"  # it is noise
    assert "| wesad_gans_dgan | all |" in page.read_text()
    assert "the detector knows every set" in page.read_text()
    assert "`reading_w1` puts the sets" in page.read_text()
    assert board.main([*words, "--kept"]) == 0
    again = capsys.readouterr()
    assert again.out == first.out
    assert "CPU s," not in again.err
    assert board.main([*words, "--kept", "--first", "1"]) == 0
    assert "Judged are the first 1 of them." in capsys.readouterr().out


def test_a_set_that_cannot_be_judged_is_named_and_the_others_are_judged(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small_wesad(tmp_path)
    peers = tmp_path / "peers" / "wesad_1hz" / "0"
    peers.mkdir(parents=True)
    np.savez(peers / "short.npz", values=np.zeros((4, 30, 6)), label=np.zeros(4, dtype=int))
    words = ["--quick", "--data", "wesad_1hz", "--shared", str(tmp_path), "--runs", str(tmp_path)]
    words += ["--peers", str(tmp_path / "peers"), "--sets", "peers", "--folds", "2"]
    assert board.main(words) == 0
    told = capsys.readouterr()
    assert "- short (1): peer windows have shape (30, 6)" in told.out
    assert "- short (1): short.npz is not there." in told.out
    assert "fold 0, short: left out, peer windows" in told.err


def test_a_wrong_name_is_one_sentence_before_any_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    small_wesad(tmp_path)
    words = ["--quick", "--data", "wesad_1hz", "--shared", str(tmp_path), "--runs", str(tmp_path)]
    assert board.main([*words, "--sets", "nose"]) == 1
    assert "there is no 'nose'. Did you mean 'noise'?" in capsys.readouterr().err
    (tmp_path / "page.md").write_text("nothing")
    assert board.main([*words, "--write", str(tmp_path / "page.md")]) == 1
    assert "leaderboard wesad_1hz, quick: begin" in capsys.readouterr().err


def test_the_page_has_a_place_for_every_table_and_the_columns_of_today() -> None:
    page = (REPOSITORY / "docs" / "benchmarks.md").read_text(encoding="utf-8")
    for name in data.DATA:
        tables.with_section(page, f"leaderboard {name}, quick", [])
    for line in page.splitlines():
        if line.startswith("| set |"):
            assert [c.strip() for c in line.strip("|").split("|")][-len(tables.COLUMNS) :] == [
                *tables.COLUMNS
            ]
    for title in tables.COLUMNS:
        assert f"*{title}*" in page


def test_a_generator_is_fitted_once_for_a_fold(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = fold(per_class=2)
    monkeypatch.setattr(sets, "TIMED_ROUNDS", 2)
    options = board.parser().parse_args(["--model-cpu-s", "0.1", "--runs", str(tmp_path)])
    made = board._fitted(given, 0, name="wgan-gp", of=options)
    assert made.synthetic.counts == given.train.counts
    assert set(made.synthetic.trained_groups) == set(given.train.group)
    [file] = (tmp_path / "made").glob("*.parquet")
    written_ns = file.stat().st_mtime_ns
    again = board._fitted(given, 0, name="wgan-gp", of=options)
    assert file.stat().st_mtime_ns == written_ns
    assert np.array_equal(again.synthetic.signal().values, made.synthetic.signal().values)
    other = board._fitted(replace(given, train=given.holdout), 0, name="wgan-gp", of=options)
    assert set(other.synthetic.trained_groups) == set(given.holdout.group)
    options.kept, options.model_seed = True, 1
    assert board._fitted(given, 0, name="wgan-gp", of=options) == board.NOT_YET
