import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from wearsynth.data import Channel, Gap, Oddity, Span, windows_from_arrays
from wearsynth.errors import DataError, FileError, FormatError
from wearsynth.formats import st_mlc
from wearsynth.formats.st_mlc_clock import PAUSED, TIMELESS
from wearsynth.formats.timeline import BACKWARD, NOT_READINGS, REPEATED
from wearsynth.rendering import RenderOptions, render
from wearsynth.sensors import Counts, load_profile

REAL = Path(__file__).parents[2] / "shared" / "data" / "st_pamap2_wrist"
HEADER = "acc_x[mg],acc_y[mg],acc_z[mg]"
ROWS = "-865.91364,321.91684,120.962776\n-1165.3728,149.65663,-18.612839\n"


def log(root: Path, name: str, text: str) -> Path:
    path = root / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def small_set(root: Path, *, conf: str | None = '{"mlc_odr": "30 Hz"}') -> Path:
    for number in (0, 2, 10):
        log(root, f"data/1_walking/log_{number}.csv", f"# a set\n\n{HEADER}\n{ROWS}")
    log(root, "data/0_still/log_0.csv", f"# a set\n\n{HEADER}\n{ROWS}{ROWS}")
    if conf is not None:
        log(root, "mlc_conf.json", conf)
    return root


@pytest.mark.parametrize("inside", ["", "data"])
def test_a_set_is_read_from_its_root_or_its_data_folder(tmp_path: Path, inside: str) -> None:
    path = small_set(tmp_path / "wrist") / inside
    assert st_mlc.recognises(path)
    recordings = st_mlc.read(path)
    names = ["still/log_0", "walking/log_0", "walking/log_2", "walking/log_10"]
    assert [recording.name for recording in recordings] == names
    first = recordings[0]
    assert (first.source, first.subject) == ("wrist", None)
    assert first.spans == (Span(0.0, 4 / 30, "still"),)
    signal = first.signals["acc"]
    assert signal.rate_hz == 30.0
    assert [(c.name, c.unit) for c in signal.channels] == [(f"acc_{a}", "g") for a in "xyz"]
    assert signal.values[1] == pytest.approx([-1.1653728, 0.14965663, -0.018612839])


def test_one_log_is_read_by_itself(tmp_path: Path) -> None:
    path = small_set(tmp_path / "wrist") / "data" / "1_walking" / "log_2.csv"
    assert st_mlc.recognises(path)
    (recording,) = st_mlc.read(path)
    assert (recording.name, recording.source) == ("walking/log_2", "wrist")
    assert recording.signals["acc"].rate_hz == 30.0


def test_another_folder_is_not_recognised(tmp_path: Path) -> None:
    log(tmp_path, "walking/a.csv", "1,2,3\n")
    assert not st_mlc.recognises(tmp_path)
    assert not st_mlc.recognises(tmp_path / "walking" / "a.csv")
    assert not st_mlc.recognises(tmp_path / "missing")
    with pytest.raises(FormatError, match="holds no logs named"):
        st_mlc.read(tmp_path)


def test_older_headers_with_tabs_and_windows_line_ends(tmp_path: Path) -> None:
    text = "A_X [mg]\tA_Y [mg]\tA_Z [mg]\r\n1000\t0\t-500\r\n1\t2\t3\r\n"
    log(tmp_path, "data/0_a/log_0.csv", "\ufeff" + text)
    (recording,) = st_mlc.read(tmp_path, source_rate_hz=26)
    assert recording.signals["acc"].values == pytest.approx(
        np.array([[1.0, 0.0, -0.5], [0.001, 0.002, 0.003]])
    )


def test_validation_logs_have_a_span_for_each_run_of_the_output(tmp_path: Path) -> None:
    head = "A_X [LSB]\tA_Y [LSB]\tA_Z [LSB]\tA_X [mg]\tA_Y [mg]\tA_Z [mg]\tLABEL_0\n"
    rows = "".join(f"1\t2\t3\t10\t20\t30\t{value}\n" for value in (1, 1, 4, 4, 4, 8))
    path = log(tmp_path, "validation.csv", head + rows)
    tree = {"results": [{"label": "still", "value": 1}, {"label": "walking", "value": 4}]}
    conf = {"mlc_odr": "10 Hz", "dectrees": [tree]}
    log(tmp_path, "mlc_conf.json", json.dumps(conf))
    (recording,) = st_mlc.read(path)
    assert [span.label for span in recording.spans] == ["still", "walking", "output 8"]
    bounds = [bound for span in recording.spans for bound in (span.start_s, span.end_s)]
    assert bounds == pytest.approx([0, 0.2, 0.2, 0.5, 0.5, 0.6])
    assert recording.signals["acc"].values[0] == pytest.approx([0.01, 0.02, 0.03])
    assert any("A_X [LSB]" in note for note in recording.notes)


def timed(times_us: list[int]) -> str:
    return f"time[us],{HEADER}\n" + "".join(f"{time},1,2,3\n" for time in times_us)


def test_the_rate_comes_from_the_time_stamps_where_nothing_else_tells(tmp_path: Path) -> None:
    log(tmp_path, "data/0_a/log_0.csv", timed([0, 40_000, 80_000, 120_000]))
    (recording,) = st_mlc.read(tmp_path)
    assert recording.signals["acc"].rate_hz == pytest.approx(25)
    assert any("from the time stamps" in note for note in recording.notes)
    (given,) = st_mlc.read(tmp_path, source_rate_hz=26)
    assert given.signals["acc"].rate_hz == 26
    assert any("time stamps tell 25 Hz" in note for note in given.notes)


def test_a_gap_in_the_time_stamps_is_a_gap_in_the_recording(tmp_path: Path) -> None:
    log(tmp_path, "data/0_a/log_0.csv", timed([0, 40_000, 80_000, 200_000, 240_000]))
    (recording,) = st_mlc.read(tmp_path)
    values = recording.signals["acc"].values
    assert np.isnan(values).all(axis=1).tolist() == [False, False, False, True, True, False, False]
    (gap,) = recording.gaps
    assert (gap.start_s, gap.end_s) == pytest.approx((0.12, 0.20))


def test_steps_back_repeats_and_pauses_are_read_and_told(tmp_path: Path) -> None:
    times = [0, 40, 80, 80, 120, 20, 60, 100, 700_000, 700_040, 700_080]
    path = log(tmp_path, "data/0_a/log_0.csv", timed([1000 * time for time in times]))
    recordings = st_mlc.read(tmp_path)
    assert [r.name for r in recordings] == ["a/log_0", "a/log_0_2", "a/log_0_3"]
    assert [len(r.signals["acc"].values) for r in recordings] == [4, 3, 3]
    assert [r.oddities for r in recordings] == [
        (Oddity(REPEATED, 1, f"{path}, line 5"),),
        (Oddity(BACKWARD, 1, f"{path}, line 7"),),
        (Oddity(PAUSED, 1, f"{path}, line 10"),),
    ]
    assert all(r.spans == (Span(0.0, r.duration_s, "a"),) for r in recordings)


def test_of_lines_at_one_time_the_last_one_stands_and_timeless_ones_are_left_out(
    tmp_path: Path,
) -> None:
    rows = "0,1,1,1\n40000,2,2,2\n40000,3,3,3\nnan,9,9,9\n80000,4,4,4\n"
    path = log(tmp_path, "data/0_a/log_0.csv", f"time[us],{HEADER}\n{rows}")
    (recording,) = st_mlc.read(tmp_path)
    assert recording.signals["acc"].values[:, 0] == pytest.approx([0.001, 0.003, 0.004])
    assert Oddity(TIMELESS, 1, f"{path}, line 5") in recording.oddities


def test_readings_that_are_none_are_missing_and_told(tmp_path: Path) -> None:
    body = "1,2,3\nnan,2,3\n1,inf,3\n1,2,1e9\n1,2,1e400\n4,5,6\n"
    path = log(tmp_path, "data/0_a/log_0.csv", f"{HEADER}\n{body}")
    (recording,) = st_mlc.read(tmp_path, source_rate_hz=10)
    bad = np.isnan(recording.signals["acc"].values).any(axis=1)
    assert bad.tolist() == [False, True, True, True, True, False]
    assert recording.gaps == (Gap(0.1, 0.5),)
    assert recording.oddities == (Oddity(NOT_READINGS, 4, f"{path}, line 3"),)


def test_a_line_without_an_output_is_in_no_span(tmp_path: Path) -> None:
    path = log(tmp_path, "v.csv", f"{HEADER},LABEL_0\n1,2,3,4\n1,2,3,nan\n1,2,3,inf\n1,2,3,4\n")
    (recording,) = st_mlc.read(path, source_rate_hz=1)
    assert recording.spans == (Span(0.0, 1.0, "output 4"), Span(3.0, 4.0, "output 4"))
    assert [oddity.count for oddity in recording.oddities] == [2]


def test_a_configuration_of_another_form_names_no_outputs(tmp_path: Path) -> None:
    path = log(tmp_path, "v.csv", f"{HEADER},LABEL_0\n1,2,3,4\n")
    for trees in ("{}", "[]", "[[]]", '[{"results": [{"value": "x", "label": 1}]}]', '"none"'):
        log(tmp_path, "mlc_conf.json", f'{{"mlc_odr": "10 Hz", "dectrees": {trees}}}')
        (recording,) = st_mlc.read(path)
        assert recording.spans == (Span(0.0, 0.1, "output 4"),)


def test_a_rate_that_stands_nowhere_is_asked_for(tmp_path: Path) -> None:
    small_set(tmp_path, conf=None)
    with pytest.raises(FormatError, match=r"rate stands nowhere.*Give it \(rate_hz\)"):
        st_mlc.read(tmp_path)


@pytest.mark.parametrize(
    ("body", "line", "problem"),
    [
        ("1,2,3\n1,2\n", 5, "expected 3 columns .*, got 2"),
        ("1,2,3\n1,2,3\n1,x,3\n", 6, "expected 3 numbers .* got 'x' for acc_y"),
        ("1,2,3\n\n1,2,3\n", 5, "expected 3"),
    ],
)
def test_a_damaged_line_is_named(tmp_path: Path, body: str, line: int, problem: str) -> None:
    log(tmp_path, "data/0_a/log_0.csv", f"# a set\n\n{HEADER}\n{body}")
    with pytest.raises(FormatError, match=rf"log_0.csv, line {line}: {problem}"):
        st_mlc.read(tmp_path, source_rate_hz=26)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("", "expected a header"),
        ("gyro_x,gyro_y\n1,2\n", "expected a header"),
        (f"{HEADER}\n", "holds no readings"),
        (timed([0, 0, 0]), "its times never advance. Mend the time column"),
        (timed([40, 80, 120]), "lie 40 us apart, which is 2.5e.04 Hz"),
        (timed([0, 1, 2]), "lie 1 us apart, which is 1e.06 Hz. Write time.us. in microseconds"),
        (
            timed([40_000 * (i * 17 % 60) for i in range(60)]),
            "line 6: from here on .* Sort the lines",
        ),
    ],
)
def test_a_file_that_is_no_log_is_refused(tmp_path: Path, text: str, problem: str) -> None:
    log(tmp_path, "data/0_a/log_0.csv", text)
    with pytest.raises(FormatError, match=problem):
        st_mlc.read(tmp_path, source_rate_hz=26 if "time" not in text else None)


@pytest.mark.parametrize(
    ("conf", "problem"),
    [
        ('{"mlc_odr": "fast"}', "got 'fast'. Mend it or give the rate"),
        ('{"mlc_odr": "0 Hz"}', "got '0 Hz'"),
        ("{", "is not JSON from column 2 on. Mend it"),
        (f'{{"a": {"9" * 5000}}}', "is not JSON in UTF-8"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "list"),
    ],
)
def test_a_wrong_configuration_is_refused(tmp_path: Path, conf: str, problem: str) -> None:
    small_set(tmp_path, conf=conf)
    with pytest.raises(FormatError, match=f"mlc_conf.json.*: .*{problem}"):
        st_mlc.read(tmp_path)


def rendered(labels: list[str], *, devices: int = 0, full_scale: str = "4g") -> Counts:
    values = np.random.default_rng(0).normal(size=(len(labels), 26, 3))
    windows = windows_from_arrays(
        values, labels, rate_hz=26, channels=[(f"acc_{a}", "g") for a in "xyz"]
    )
    options = RenderOptions(full_scale=full_scale, devices=devices, seed=1)
    return render(windows, load_profile("lsm6dsl"), options)


def test_written_logs_are_read_back_to_the_count(tmp_path: Path) -> None:
    counts = rendered(["walking", "running", "walking", "walking", "running"])
    summary = st_mlc.write([counts], tmp_path / "out", windows_per_log=2)
    assert dict(summary.windows) == {"running": 2, "walking": 3}
    recordings = st_mlc.read(tmp_path / "out")
    assert [r.name for r in recordings] == ["running/log_0", "walking/log_0", "walking/log_1"]
    read = np.concatenate([recording.signals["acc"].values for recording in recordings])
    order = [1, 4, 0, 2, 3]
    back = np.rint(read.astype(np.float64) / counts.scale)
    assert np.array_equal(back, counts.values[order].reshape(-1, 3))
    assert recordings[0].signals["acc"].rate_hz == 26
    # a span a window: the joins are not continuous
    assert [(s.start_s, s.end_s) for s in recordings[1].spans] == [(0.0, 1.0), (1.0, 2.0)]


def test_a_written_log_looks_as_st_writes_it(tmp_path: Path) -> None:
    counts = rendered(["a"])
    counts = dataclasses.replace(counts, values=np.full((1, 2, 3), 32767, dtype=np.int16))
    st_mlc.write([counts], tmp_path / "out")
    lines = (tmp_path / "out/data/0_a/log_0.csv").read_bytes().decode().split("\n")
    assert lines[0].startswith("# lsm6dsl 4g 26 Hz")
    assert lines[1:] == ["", HEADER, "3997.574,3997.574,3997.574", "3997.574,3997.574,3997.574", ""]


def test_a_log_holds_one_device(tmp_path: Path) -> None:
    counts = rendered(["a"] * 8, devices=2)  # units 0 1 0 1 0 1 0 1
    st_mlc.write([counts], tmp_path / "out", windows_per_log=3)
    sizes = [len(r.signals["acc"].values) // 26 for r in st_mlc.read(tmp_path / "out")]
    assert sizes == [3, 1, 3, 1]
    first = st_mlc.read(tmp_path / "out")[0].signals["acc"].values
    assert first == pytest.approx(counts.to_physical()[[0, 2, 4]].reshape(-1, 3), abs=1e-6)


def test_chunks_give_the_same_files_as_one_whole(tmp_path: Path) -> None:
    counts = rendered(["a", "a", "b", "b"] * 3, devices=2)
    parts = [
        dataclasses.replace(
            counts,
            values=counts.values[first : first + 5],
            label=counts.label[first : first + 5],
            device=counts.device[first : first + 5],
        )
        for first in (0, 5, 10)
    ]
    st_mlc.write([counts], tmp_path / "whole", windows_per_log=30)
    st_mlc.write(iter(parts), tmp_path / "parts", windows_per_log=30)
    names = sorted(p.relative_to(tmp_path / "whole") for p in (tmp_path / "whole").rglob("*.*"))
    assert len(names) == 6
    for name in names:
        whole, chunked = (tmp_path / "whole" / name), (tmp_path / "parts" / name)
        assert whole.read_bytes() == chunked.read_bytes()


def test_manifest_and_configuration_say_what_was_written(tmp_path: Path) -> None:
    counts = rendered(["walking", "running"], full_scale="6g", devices=1)
    st_mlc.write([counts], tmp_path / "out")
    manifest = json.loads((tmp_path / "out/manifest.json").read_text(encoding="utf-8"))
    assert manifest["windows"] == {"running": 1, "walking": 1}
    assert (manifest["sensor"], manifest["full_scale"]) == ("lsm6dsl", "6g")
    assert manifest["unit_per_count"] == pytest.approx(0.000244)
    assert any("8g sensitivity" in note for note in manifest["notes"])
    name = "data/0_running/log_0.csv"
    content = (tmp_path / "out" / name).read_bytes()
    assert manifest["sha256"][name] == hashlib.sha256(content).hexdigest()
    conf = json.loads((tmp_path / "out/mlc_conf.json").read_text(encoding="utf-8"))
    assert conf["datalogs"] == [
        {"filename": "data/0_running/log_0.csv", "label": "running"},
        {"filename": "data/1_walking/log_0.csv", "label": "walking"},
    ]
    assert (conf["mlc_odr"], conf["accelerometer_fs"]) == ("26 Hz", "8 g")


def test_what_cannot_be_written_leaves_nothing(tmp_path: Path) -> None:
    good = rendered(["a"])
    eda = dataclasses.replace(good, channels=(Channel("eda", "uS"),), values=good.values[..., :1])
    slashed = dataclasses.replace(good, classes=("up/down",))
    other = dataclasses.replace(good, rate_hz=52.0)
    for chunks, problem in (
        ([], "0 windows"),
        ([eda], "1 channel.* in uS"),
        ([slashed], "'up/down' cannot be part of a file name"),
        ([good, other], "rate_hz 26.0 against 52.0"),
    ):
        with pytest.raises(DataError, match=problem):
            st_mlc.write(chunks, tmp_path / "out")
        assert list(tmp_path.iterdir()) == []


def test_an_existing_folder_is_kept_unless_told(tmp_path: Path) -> None:
    st_mlc.write([rendered(["a"])], tmp_path / "out")
    with pytest.raises(FileError, match="exists already"):
        st_mlc.write([rendered(["b"])], tmp_path / "out")
    st_mlc.write([rendered(["b"])], tmp_path / "out", overwrite=True)
    assert [r.name for r in st_mlc.read(tmp_path / "out")] == ["b/log_0"]


@pytest.mark.skipif(not REAL.is_dir(), reason=f"{REAL.name} is not beside the repository")
def test_the_real_set_has_its_53_logs() -> None:
    recordings = st_mlc.read(REAL)
    labels = [recording.spans[0].label for recording in recordings]
    assert {name: labels.count(name) for name in set(labels)} == {
        "stationary": 13,
        "walking": 14,
        "running": 13,
        "cycling": 13,
    }
    assert {recording.signals["acc"].rate_hz for recording in recordings} == {30.0}
    assert recordings[0].signals["acc"].values[0] == pytest.approx(
        [0.22862839, 0.8596931, 0.47168558]
    )
    assert len(recordings[3].signals["acc"].values) == 2756
