import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from commands import wearsynth
from wearsynth.errors import DataError, FileError, FormatError, PrivacyError
from wearsynth.privacy.accounting import GaussianRelease, PureRelease, compose, gaussian_epsilon
from wearsynth.privacy.ledger import (
    Ledger,
    Run,
    begin_run,
    committed,
    composition_words,
    create_ledger,
    end_run,
    open_ledger,
    set_budget,
    spent,
)
from wearsynth.privacy.ledger_lines import read_account, run_name

PEOPLE = ("p00", "p01", "p02")
TEN = GaussianRelease(10.0, 1.0, 10)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "people.json"


def opened(path: Path) -> Ledger:
    return open_ledger(path, units=PEOPLE)


def begun(path: Path, run_id: str = "a", release: GaussianRelease = TEN, ahead: int = 1) -> Run:
    return begin_run(opened(path), release, run_id=run_id, about={"clip_norm": 1.0}, ahead=ahead)


def charged(path: Path) -> dict[str, int]:
    return {entry.run_id: entry.charged for entry in read_account(path).runs}


def test_a_step_is_charged_before_it_is_taken(path: Path) -> None:
    run = begun(path)
    assert charged(path) == {"a": 0}
    run.begin_step(1)
    assert charged(path) == {"a": 1}
    run.begin_step(2)
    assert charged(path) == {"a": run.charged} == {"a": 2}


def test_spent_by_hand(path: Path) -> None:
    """4 steps with noise 2 are one with noise 1; a run that has not begun a step costs nothing."""
    run = begun(path, release=GaussianRelease(2.0, 1.0, 10))
    begun(path, "never begun")
    assert spent(path, 1e-6) == 0
    for step in range(1, 5):
        run.begin_step(step)
    assert spent(path, 1e-6) == pytest.approx(gaussian_epsilon(1.0, 1e-6), rel=1e-3)
    assert composition_words(path).startswith("all 1 run(s)")
    assert committed(path, 1e-6) > spent(path, 1e-6)


def test_a_step_taken_again_is_charged_once(path: Path) -> None:
    run = begun(path)
    for step in range(1, 6):
        run.begin_step(step)
    size = path.stat().st_size
    again = begun(path)
    assert again.charged == 5
    for step in range(3, 6):
        again.begin_step(step)
    assert path.stat().st_size == size
    again.begin_step(6)
    assert charged(path) == {"a": 6}


def test_the_same_steps_of_another_run_cost_again(path: Path) -> None:
    for name in ("a", "b"):
        begun(path, name).begin_step(1)
    assert charged(path) == {"a": 1, "b": 1}
    assert spent(path, 1e-6) == pytest.approx(compose([GaussianRelease(10.0)] * 2, 1e-6), rel=1e-6)


def test_charging_ahead_is_more_never_less(path: Path) -> None:
    run = begun(path, ahead=4)
    for step, through in ((1, 4), (4, 4), (5, 8), (9, 10), (10, 10)):
        run.begin_step(step)
        assert charged(path) == {"a": through}


def test_a_leap_charges_what_lies_between(path: Path) -> None:
    begun(path).begin_step(7)
    assert charged(path) == {"a": 7}


@pytest.mark.parametrize("step", [0, 11])
def test_a_step_that_was_not_planned_is_refused(path: Path, step: int) -> None:
    with pytest.raises(PrivacyError, match="planned 10 step"):
        begun(path).begin_step(step)


def test_other_options_or_data_are_another_run(path: Path) -> None:
    begun(path)
    with pytest.raises(PrivacyError, match="begun with other options or data"):
        begun(path, release=GaussianRelease(5.0, 1.0, 10))
    with pytest.raises(PrivacyError, match="begun with other options or data"):
        begin_run(opened(path), TEN, run_id="a", about={"clip_norm": 2.0})


def test_an_ended_run_does_not_go_on(path: Path) -> None:
    run = begun(path)
    run.begin_step(1)
    run.finish()
    assert committed(path, 1e-6) == spent(path, 1e-6) > 0
    with pytest.raises(PrivacyError, match="has ended"):
        begun(path)
    with pytest.raises(PrivacyError, match="knows no run 'b'"):
        end_run(path, "b")


def test_a_run_is_named_by_its_key_and_does_not_tell_it() -> None:
    key = bytes(range(32))
    assert run_name(key) == run_name(key) != run_name(bytes(32))
    assert key.hex()[:8] not in run_name(key)


def test_a_budget_holds_for_all_runs_together_by_hand(path: Path) -> None:
    """Noise 2: one release 1.97, two 2.95, at delta 1e-6; a budget of 2.5 has room for one."""
    one = GaussianRelease(2.0)
    budget = (gaussian_epsilon(2.0, 1e-6) + gaussian_epsilon(2**0.5, 1e-6)) / 2
    create_ledger(path, budget=budget, delta=1e-6)
    first = begun(path, "a", one)  # it may still take its step, so the room is taken
    with pytest.raises(PrivacyError, match="above the data set's budget"):
        begun(path, "b", one)
    assert charged(path) == {"a": 0}
    begun(path, "a", one)
    first.finish()
    begun(path, "b", one).begin_step(1)
    with pytest.raises(PrivacyError, match="so it was not begun"):
        begun(path, "c", one)
    set_budget(path, budget=100.0, delta=1e-6)
    begun(path, "c", one)


def test_a_choice_is_charged_like_a_sum(path: Path) -> None:
    run = begin_run(opened(path), PureRelease(0.5), run_id="choice", about={})
    run.begin_step(1)
    assert spent(path, 1e-9) == pytest.approx(0.5, rel=1e-3)


def test_other_people_need_a_ledger_of_their_own(path: Path) -> None:
    begun(path)
    with pytest.raises(PrivacyError, match="belongs to another data set; none of these 2 people"):
        open_ledger(path, units=["q00", "q01"])


def test_some_people_in_common_and_all_runs_count(path: Path) -> None:
    begun(path).begin_step(1)
    run = begin_run(open_ledger(path, units=["p02", "q00"]), TEN, run_id="b", about={})
    run.begin_step(1)
    assert set(charged(path).values()) == {1}
    assert len(read_account(path).units) == 4
    open_ledger(path, units=["q00"])


def test_people_without_names_and_other_units_are_refused(path: Path) -> None:
    for units in ([], ["p00", ""]):
        with pytest.raises(DataError, match="the name of every person"):
            open_ledger(path, units=units)
    assert not path.exists()
    begun(path)
    with pytest.raises(PrivacyError, match="counts by subject, not by window"):
        open_ledger(path, units=PEOPLE, unit="window")


def test_the_file_says_that_it_stays_inside_and_names_nobody(path: Path) -> None:
    begun(path)
    header, *_ = path.read_text().splitlines()
    assert next(iter(json.loads(header).items()))[0] == "keep_inside"
    assert not any(name in path.read_text() for name in PEOPLE)
    other = path.with_name("other.json")
    begin_run(open_ledger(other, units=PEOPLE), TEN, run_id="a", about={})
    assert not read_account(path).units & read_account(other).units  # another salt


def test_a_line_torn_anywhere_counts_as_charged_and_is_mended(path: Path) -> None:
    """As a crash of the machine may leave it: the last line cut after every letter."""
    run = begun(path, ahead=2)
    run.begin_step(1)
    whole = path.read_bytes()
    run.begin_step(3)
    last = path.read_bytes()[len(whole) :]
    for length in range(1, len(last)):
        path.write_bytes(whole + last[:length])
        account = read_account(path)
        assert account.torn
        assert charged(path) == {"a": 4}
        begun(path, "b").begin_step(1)  # written after the torn line, and read again
        assert charged(path)["a"] >= 4
        assert charged(path)["b"] == 1
        assert not read_account(path).torn


def test_a_line_of_zeros_is_torn_too(path: Path) -> None:
    begun(path).begin_step(1)
    path.write_bytes(path.read_bytes() + bytes(40))
    assert charged(path) == {"a": 2}


def test_damage_that_no_crash_leaves_is_refused(path: Path) -> None:
    run = begun(path)
    run.begin_step(1)
    run.begin_step(2)
    lines = path.read_bytes().splitlines(keepends=True)
    for number, line in enumerate(lines, start=1):
        broken = [*lines[: number - 1], line[: len(line) // 2] + b"\n", *lines[number:]]
        path.write_bytes(b"".join(broken))
        with pytest.raises(FormatError, match=f"line {number}: is damaged"):
            read_account(path)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "is empty"),
        ("[1]\n", "damaged"),
        ("{}\n", "no line of a ledger"),
        ('{"ledger": 2, "unit": "subject", "salt": "00"}\n', "no line of a ledger"),
    ],
)
def test_what_is_no_ledger_is_refused(path: Path, line: str, message: str) -> None:
    path.write_text(line)
    with pytest.raises(FormatError, match=message):
        read_account(path)


def test_an_unknown_line_is_refused(path: Path) -> None:
    begun(path)
    with path.open("a") as stream:
        stream.write('{"run": "stranger", "through": 3}\n')
    with pytest.raises(FormatError, match="line 4: is no line of a ledger"):
        read_account(path)


def test_a_ledger_is_never_replaced(path: Path) -> None:
    create_ledger(path)
    with pytest.raises(FileError, match="never replaced"):
        create_ledger(path)


@pytest.mark.skipif(
    os.name == "nt" or os.geteuid() == 0, reason="root and Windows may write anyway"
)
def test_where_nothing_can_be_written_the_step_is_not_begun(path: Path) -> None:
    run = begun(path)
    path.chmod(0o444)
    with pytest.raises(FileError):
        run.begin_step(1)
    assert run.charged == 0


def test_where_the_ledger_is_gone_the_step_is_not_begun(path: Path) -> None:
    run = begun(path)
    path.unlink()
    with pytest.raises(FileError, match="cannot write it"):
        run.begin_step(1)
    assert run.charged == 0


def killed(folder: Path, *, kills: int, seed: int) -> None:
    """Kill processes and check that the ledger has each step that was taken, and each whole run."""
    script = Path(__file__).with_name("ledger_killing.py")
    command = [sys.executable, str(script), str(folder), str(kills), str(seed)]
    told = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)
    assert len(told["kills"]) == kills
    for run_id, taken, on_ledger in told["kills"]:
        assert on_ledger >= taken, run_id
    assert sum(taken > 0 for _, taken, _ in told["kills"]) > kills / 10  # else nothing was tried
    assert told["codes"] == [0, 0, 0]  # three at once: no charge of one is lost to another
    assert [told["charged"][f"whole{n}"] for n in range(3)] == [20, 20, 20]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked, to be many and quick")
def test_killed_at_any_moment_the_ledger_has_what_was_taken(tmp_path: Path) -> None:
    killed(tmp_path, kills=40, seed=0)


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(os, "fork"), reason="processes are forked, to be many and quick")
def test_killed_200_times_the_ledger_has_what_was_taken(tmp_path: Path) -> None:
    killed(tmp_path, kills=200, seed=1)


def test_the_command_sets_a_budget_and_shows_what_was_spent(
    path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    code, out, _ = wearsynth(capsys, monkeypatch, "privacy", "ledger", path, "--budget", 3)
    assert code == 0 and "Budget: epsilon 3 at delta 1e-06" in out
    run = begun(path)
    run.begin_step(3)
    code, out, _ = wearsynth(capsys, monkeypatch, "privacy", "ledger", path)
    assert code == 0
    assert "3 people, counted by subject, 1 run(s)" in out
    assert "3 of 10 step(s) charged, not ended" in out
    assert f"Spent: epsilon {spent(path, 1e-6):.3g} at delta 1e-06" in out
    words = ("privacy", "ledger", path, "--end-run", "a", "--json")
    code, out, _ = wearsynth(capsys, monkeypatch, *words)
    told = json.loads(out)
    assert told["runs"][0]["ended"] and told["epsilon_spent"] == told["epsilon_committed"] > 0
    assert "salt" not in out
    shutil.copy(path, path.with_name("copy.json"))
    code, _, err = wearsynth(capsys, monkeypatch, "privacy", "ledger", path.with_name("none.json"))
    assert code == 1 and len(err.splitlines()) == 1
    assert "no ledger there" in err and "--budget" in err
    code, _, err = wearsynth(capsys, monkeypatch, "privacy", "ledger", path, "--end-run", "b")
    assert code == 1 and "knows no run 'b'" in err
