import json
import re
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from toy import toy_windows
from wearsynth.cli import main
from wearsynth.data import Windows, windows_from_arrays
from wearsynth.errors import ConfigError, DataError
from wearsynth.evaluation import Reference, Score, Scores, selftest
from wearsynth.evaluation.damage import DAMAGES, Damage
from wearsynth.evaluation.figures import FIGURES
from wearsynth.evaluation.gate import failures, parse_condition
from wearsynth.evaluation.pictures import Pictures
from wearsynth.evaluation.scores import SetSummary, Verdict
from wearsynth.evaluation.selftest import part, self_test, turned, write_self_test
from wearsynth.evaluation.text import self_test_text
from wearsynth.options import FAILED
from wearsynth.tables import save_windows

JUDGE_PAGE = Path(__file__).parents[1] / "docs" / "judge-your-own.md"
TOY = toy_windows(people=5, per_class=10)
OTHERS = toy_windows(people=5, per_class=10, seed=1)
BY_NAME = {damage.name: damage for damage in DAMAGES}


def damaged(name: str, windows: Windows = TOY) -> Windows:
    return BY_NAME[name].plant(windows, OTHERS, np.random.default_rng(0))


def acc(windows: Windows) -> np.ndarray:
    return windows.signal("acc").values.astype(np.float64)


def tiny(values: list[float], channels: int = 1) -> Windows:
    array = np.repeat(np.array(values)[None, :, None], channels, axis=2)
    named = [(f"c{index}", "1") for index in range(channels)]
    return windows_from_arrays(array, ["a"], rate_hz=10, channels=named, subject=["p"])


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.name)
def test_damage_changes_windows_but_not_their_number_or_kind(damage: Damage) -> None:
    assert damage.why_not(TOY) == ""
    after = damage.plant(TOY, OTHERS, np.random.default_rng(0))
    again = damage.plant(TOY, OTHERS, np.random.default_rng(0))
    assert after.counts == TOY.counts
    assert acc(after).shape == acc(TOY).shape
    assert np.array_equal(acc(after), acc(again))
    same = np.array_equal(acc(after), acc(TOY)) and np.array_equal(after.label, TOY.label)
    assert not same


def test_smoothing_and_reversing_by_hand() -> None:
    assert acc(damaged("smoothing", tiny([0, 3, 0, 0])))[0, :, 0].tolist() == [1, 1, 1, 0]
    assert acc(damaged("reversed_time", tiny([1, 2, 3])))[0, :, 0].tolist() == [3, 2, 1]
    assert acc(damaged("scale", tiny([1, -2])))[0, :, 0] == pytest.approx([1.1, -2.2])


def test_noise_has_the_size_it_says() -> None:
    added = acc(damaged("noise")) - acc(TOY)
    sd = acc(TOY).std(axis=(0, 1))
    assert added.std(axis=(0, 1)) / sd == pytest.approx(0.05, rel=0.05)
    assert not damaged("noise", tiny([2, 2, 2])).signal("acc").values.std()


def test_time_that_runs_faster_has_a_higher_frequency() -> None:
    time_s = np.arange(200) / 10
    faster = acc(damaged("cadence", tiny(np.sin(time_s).tolist())))[0, :, 0]
    assert faster[:180] == pytest.approx(np.sin(1.1 * time_s[:180]), abs=1e-3)


def test_shuffled_pieces_are_the_same_pieces_never_in_their_own_order() -> None:
    for seed in range(10):
        after = BY_NAME["shuffled_pieces"].plant(
            tiny([0, 0, 1, 1, 2, 2, 3, 3]), OTHERS, np.random.default_rng(seed)
        )
        pieces = acc(after)[0, :, 0].reshape(4, 2)
        assert (pieces[:, 0] == pieces[:, 1]).all()
        assert sorted(pieces[:, 0]) == [0, 1, 2, 3]
        assert pieces[:, 0].tolist() != [0, 1, 2, 3]


@pytest.mark.parametrize(("name", "kept"), [("phases_together", True), ("phases_apart", False)])
def test_random_phases_keep_spectra_and_together_the_cross_spectrum(name: str, kept: bool) -> None:
    before, after = (np.fft.rfft(acc(windows), axis=1) for windows in (TOY, damaged(name)))
    assert np.abs(after) == pytest.approx(np.abs(before), abs=1e-4)
    assert after[:, 0] == pytest.approx(before[:, 0], abs=1e-4)
    cross = [spectrum[:, 1:, 0] * spectrum[:, 1:, 1].conj() for spectrum in (before, after)]
    assert bool(np.allclose(cross[0], cross[1], atol=1e-2)) is kept


def test_axes_apart_keep_each_channel_of_a_class_but_not_the_triple() -> None:
    after = damaged("axes_apart")
    for index in range(3):
        mine = TOY.label == index
        for channel in range(3):
            first = np.sort(acc(TOY)[mine][:, 0, channel])
            assert np.array_equal(first, np.sort(acc(after)[mine][:, 0, channel]))
    whole = {row.tobytes() for row in TOY.signal("acc").values}
    assert sum(row.tobytes() in whole for row in after.signal("acc").values) < 0.1 * len(TOY)


def test_dropped_people_and_repeated_windows_leave_a_fifth_and_a_tenth() -> None:
    assert len(set(damaged("few_people").subject)) == 1
    left = {row.tobytes() for row in damaged("repeated").signal("acc").values}
    assert len(left) == 0.1 * len(TOY)


def test_a_fifth_is_copied_from_train_of_the_same_class() -> None:
    after = damaged("copied")
    there = {row.tobytes(): of for row, of in zip(acc(OTHERS), OTHERS.label, strict=True)}
    labels = [
        (there[row.tobytes()], of)
        for row, of in zip(acc(after), after.label, strict=True)
        if row.tobytes() in there
    ]
    assert len(labels) == 0.2 * len(TOY)
    assert all(one == two for one, two in labels)


def test_damage_that_cannot_be_planted_says_why() -> None:
    one = tiny([1, 2, 3])
    assert BY_NAME["axes_apart"].why_not(one) == "needs 2 channels, the windows have 1"
    assert BY_NAME["few_people"].why_not(one) == "needs 2 groups, the windows have 1"
    assert BY_NAME["shuffled_labels"].why_not(one) == "needs 2 classes, the windows have 1"
    assert BY_NAME["axes_apart"].why_not(tiny([1, 2], channels=2)) == ""


def test_parts_are_of_different_people() -> None:
    sets = part(toy_windows(people=18, per_class=12), seed=0)
    people = [set(w.subject.tolist()) for w in (sets.train, sets.holdout, sets.stand_in)]
    assert sum(map(len, people)) == len(set.union(*people)) == 18
    assert len(people[1]) >= 6 and len(people[2]) >= 2
    assert sets.not_enough == ""


def test_few_people_give_halves_and_few_windows_are_counted() -> None:
    sets = part(toy_windows(people=8, per_class=8), seed=0)
    assert set(sets.train.subject) == set(sets.stand_in.subject)
    assert "8 groups are too few" in sets.not_enough
    starts = [w.start_s[w.subject == sets.train.subject[0]] for w in (sets.stand_in, sets.train)]
    assert starts[0].max() < starts[1].min()
    assert "windows in the stand-in are too few" in part(toy_windows(18, 2), seed=0).not_enough


def test_too_few_people_for_any_reference_are_an_error() -> None:
    with pytest.raises(DataError, match=r"6 groups to hold out and 2 .* of 5 group"):
        part(TOY, seed=0)


def figure(
    name: str, verdict: Verdict, value: float | None = 0.5, excess: float | None = 0.0
) -> Score:
    about = FIGURES[name]
    return Score(
        name=name,
        family=about.family,
        title=about.title,
        value=value,
        interval=None,
        reference=Reference(0.5, 0.6, 8),
        excess=excess,
        verdict=verdict,
        better=about.better,
        meaning=about.meaning,
        how=about.how,
        note="there is one channel only" if value is None else "",
    )


def scores_of(*figures: Score) -> Scores:
    nothing = SetSummary(0, {}, 0, ())
    return Scores(
        figures, nothing, nothing, nothing, ("a note",), Pictures((), (), (), ()), False, True, 0
    )


def test_a_figure_turns_only_to_the_worse_and_not_by_a_hair() -> None:
    whole = scores_of(
        figure("coupling", "ok", excess=0.9),
        figure("mmd", "ok", excess=0.0),
        figure("frechet", "bad", excess=5.0),
        figure("density", "weak", excess=2.0),
        figure("near_copies", "ok"),
        figure("coverage", "not measured", None, None),
    )
    after = scores_of(
        figure("coupling", "weak", excess=1.1),
        figure("mmd", "weak", excess=1.2),
        figure("frechet", "bad", excess=9.0),
        figure("density", "ok", excess=0.0),
        figure("near_copies", "suspicious (copy?)", excess=-3.0),
        figure("coverage", "bad", excess=9.0),
    )
    assert [one.name for one in turned(whole, after)] == ["near_copies", "mmd"]
    assert turned(whole, whole) == ()


@pytest.fixture
def blind(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Let a judge with one figure stand for the true one; it sees only the calls that are listed."""
    sees: list[int] = []
    calls = iter(range(100))

    def judge(made: Windows, **options: Any) -> Scores:
        assert made.synthetic.all() and not made.subject.any()
        assert set(made.trained_groups) == set(options["train"].group)
        bad = next(calls) in sees
        return scores_of(figure("mmd", "bad" if bad else "ok", excess=9.0 if bad else 0.0))

    monkeypatch.setattr(selftest, "evaluate", judge)
    return sees


REAL = toy_windows(people=30, per_class=12)


def test_what_a_blind_judge_misses_is_named(blind: list[int], tmp_path: Path) -> None:
    blind.extend(range(2, 14))
    steps: list[tuple[str, int, int]] = []
    test = self_test(REAL, watch=lambda f, done, steps_: steps.append((f.damage, done, steps_)))
    assert [finding.damage for finding in test.unseen] == ["reversed_time"]
    assert [step[1:] for step in steps] == [(n, 15) for n in range(1, 16)]
    assert "the judge does not see: time reversed." in self_test_text(test)
    write_self_test(test, tmp_path / "t.json")
    written = json.loads((tmp_path / "t.json").read_text())
    assert written["findings"][0]["turned"][0]["name"] == "mmd"
    assert written["groups"]["holdout"] >= 6


def test_a_figure_that_turns_without_damage_counts_nowhere(blind: list[int]) -> None:
    blind.extend(range(1, 15))
    test = self_test(REAL)
    assert len(test.unseen) == len(DAMAGES)
    assert "turn without damage, and so count nowhere: Maximum mean" in self_test_text(test)


def test_a_figure_that_is_bad_on_whole_windows_cannot_turn(blind: list[int]) -> None:
    blind.extend(range(15))
    test = self_test(REAL)
    assert [one.name for one in test.not_well] == ["mmd"]
    assert len(test.unseen) == len(DAMAGES)


def test_nothing_follows_where_there_is_not_enough(blind: list[int]) -> None:
    test = self_test(toy_windows(people=8, per_class=8))
    assert test.unseen == ()
    assert "What goes unseen proves nothing here: 8 groups" in self_test_text(test)


def test_damage_in_part_is_no_failure(blind: list[int]) -> None:
    test = self_test(toy_windows(people=15, per_class=24))
    few = next(finding for finding in test.findings if finding.damage == "few_people")
    assert re.fullmatch(r"\d groups in the stand-in, 5 would do", few.note)
    assert "few_people" not in {finding.damage for finding in test.unseen}
    assert "noise" in {finding.damage for finding in test.unseen}


def test_the_judge_sees_shuffled_labels_of_real_people(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(selftest, "DAMAGES", (BY_NAME["shuffled_labels"],))
    [finding] = self_test(toy_windows(people=20, per_class=3), quick=True).findings
    assert "tstr_macro_f1_trees" in {one.name for one in finding.turned}


def test_conditions_are_read() -> None:
    one = parse_condition(" detector_auc > 0.8 ")
    assert (one.name, one.field, one.sign, one.limit) == ("detector_auc", "value", ">", 0.8)
    assert parse_condition("tstr_macro_f1_trees<=.5").limit == 0.5
    two = parse_condition("near_copies.verdict==suspicious")
    assert (two.field, two.limit) == ("verdict", "suspicious (copy?)")
    assert parse_condition("mmd.excess>=-1e-3").limit == -1e-3


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("detector_auc", "expected NAME>NUMBER"),
        ("detector_acu>0.8", "Did you mean 'detector_auc'"),
        ("detector_auc>high", "'high' is no number"),
        ("detector_auc>nan", "'nan' is no number"),
        ("detector_auc.verdct==bad", "Did you mean 'verdict'"),
        ("detector_auc.verdict==badd", "Did you mean 'bad'"),
        ("detector_auc.verdict>bad", "compared by == or !="),
        ("__import__('os')>1", "expected NAME>NUMBER"),
    ],
)
def test_conditions_that_say_nothing_are_errors(text: str, said: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(said)):
        parse_condition(text)


def failed(text: str, *figures: Score) -> str:
    return " ".join(failures(scores_of(*figures), [parse_condition(text)]))


def test_a_gate_fails_where_its_condition_holds_and_only_there() -> None:
    weak = figure("mmd", "weak", 0.5, 2.0)
    assert failed("mmd>0.5", weak) == ""
    assert failed("mmd>=0.5", weak).endswith("Maximum mean discrepancy is 0.5.")
    assert failed("mmd.excess>1", weak).endswith("has an excess of 2.")
    assert failed("mmd.verdict==bad", weak) == ""
    assert failed("mmd.verdict!=ok", weak).endswith("is weak.")


def test_a_figure_without_a_value_fails_the_gate_with_its_note() -> None:
    nothing = figure("coupling", "not measured", None, None)
    for text in ("coupling>9", "coupling.verdict==bad"):
        assert failed(text, nothing).endswith("has no value: there is one channel only.")
    assert failed("mmd>9", figure("mmd", "ok", float("nan"))).endswith("has no value: ok.")
    assert failed("mmd.excess>9", figure("mmd", "too few", 1, None)).endswith("excess: too few.")
    with pytest.raises(DataError, match="unknown score 'mmd'"):
        failed("mmd>1", nothing)


def test_scores_are_printed_as_verdicts_and_a_table() -> None:
    text = str(
        scores_of(
            figure("mmd", "ok", 0.012),
            figure("coupling", "bad", 12.34, 5.0),
            figure("nn_ratio", "not measured", None, None),
        )
    )
    lines = text.splitlines()
    assert lines[0] == "like:    bad, Coupling of channels 12.3 (real people 0.50, at worst 0.60)"
    assert lines[1] == "useful:  cannot be said, no figure speaks of it"
    assert lines[2] == "private: cannot be said, there is one channel only"
    assert re.fullmatch(r"Maximum mean discrepancy +0\.012 +0\.50 +0\.60 +ok", lines[5])
    assert lines[-1] == "Note: a note"


@pytest.mark.skipif(not JUDGE_PAGE.exists(), reason="the docs are not part of this copy")
def test_arrays_of_another_tool_are_judged_as_the_page_says(
    capsys: pytest.CaptureFixture[str],
) -> None:
    real = toy_windows(people=14, per_class=6)
    made = toy_windows(people=6, per_class=6, seed=3)
    names: dict[str, Any] = {
        "values": made.signal("acc").values,
        "label": made.label_names,
        "real_values": real.signal("acc").values,
        "real_label": real.label_names,
        "subject": real.subject,
    }
    blocks = re.findall(r"```python\n(.*?)```", JUDGE_PAGE.read_text(encoding="utf-8"), re.DOTALL)
    for code in blocks:
        quicker = code.replace("holdout=parts.holdout)", "holdout=parts.holdout, quick=True)")
        exec(compile(quicker, JUDGE_PAGE.name, "exec"), names)
    assert capsys.readouterr().out.startswith("like:")
    for score in names["scores"].scores:
        assert parse_condition(f"{score.name}>0").name == score.name


def run(monkeypatch: pytest.MonkeyPatch, *arguments: object) -> int:
    monkeypatch.setattr(sys, "argv", ["wearsynth", "evaluate", *map(str, arguments)])
    with pytest.raises(SystemExit) as stop:
        main()
    return int(stop.value.code or 0)


def test_the_command_tells_what_is_unseen_by_its_exit_code(
    blind: list[int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    blind.extend([2, *range(17, 30)])
    monkeypatch.chdir(tmp_path)
    save_windows(REAL, Path("real.parquet"))
    assert run(monkeypatch, "--self-test", "real.parquet", "--quick") == FAILED
    assert len(json.loads(Path("selftest.json").read_text())["findings"]) == len(DAMAGES)
    assert run(monkeypatch, "--self-test", "real.parquet", "-o", "other.json") == 0
    assert Path("other.json").exists()


def test_ctrl_c_leaves_no_half_file(
    blind: list[int], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def interrupted(*given: Any, **options: Any) -> Scores:
        raise KeyboardInterrupt

    monkeypatch.setattr(selftest, "evaluate", interrupted)
    monkeypatch.chdir(tmp_path)
    save_windows(REAL, Path("real.parquet"))
    assert run(monkeypatch, "--self-test", "real.parquet") == 130
    assert [path.name for path in tmp_path.iterdir()] == ["real.parquet"]


@pytest.mark.parametrize(
    "arguments",
    [("s.parquet", "-o", "x.json"), ("--self-test", "r.parquet", "--fail-if", "mmd>1"), ()],
)
def test_half_of_the_options_is_a_wrong_option(
    monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    assert run(monkeypatch, *arguments) == 2


def test_a_gate_of_the_command_is_checked_before_and_after(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    real = toy_windows(people=8, per_class=3)
    held = np.isin(real.subject, ["p06", "p07"])
    made = replace(TOY, subject=np.full(len(TOY), ""), synthetic=np.full(len(TOY), True))
    for name, windows in (("s", made), ("t", real.select(~held)), ("h", real.select(held))):
        save_windows(windows, Path(f"{name}.parquet"))
    sets = ("s.parquet", "--train", "t.parquet", "--holdout", "h.parquet", "-o", "x.json")
    monkeypatch.setattr(
        "wearsynth.judging.evaluate", lambda *_, **__: scores_of(figure("mmd", "weak", 0.5, 2.0))
    )
    assert run(monkeypatch, *sets, "--fail-if", "mmmd>1") == 1
    assert not Path("x.json").exists()
    assert run(monkeypatch, *sets, "--fail-if", "mmd>1", "--fail-if", "mmd.verdict==weak") == 3
    assert "'mmd.verdict==weak': Maximum mean discrepancy is weak." in capsys.readouterr().err
    assert Path("x.json").exists()


@pytest.mark.slow
def test_all_damage_of_toy_people_is_seen() -> None:
    test = self_test(toy_windows(people=36, per_class=20), quick=True)
    assert not test.not_well and not test.control.turned
    assert not test.unseen, self_test_text(test)
