from wearsynth.sensors import load_profile, profile_names
from wearsynth.sensors.telling import LIST_COLUMNS, FigureRow, figure_rows, list_rows


def row_of(name: str, signal: str = "acc") -> dict[str, str]:
    rows = list_rows([load_profile(name)])
    found = [dict(zip(LIST_COLUMNS, row, strict=True)) for row in rows]
    return next(row for row in found if row["signal"] == signal)


def figure_of(name: str, figure: str) -> FigureRow:
    rows = figure_rows(load_profile(name).signals["acc"])
    return next(row for row in rows if row.name == figure)


def test_a_part_in_one_row() -> None:
    row = row_of("lis2dw12")
    assert (row["vendor"], row["kind"], row["full scales"]) == (
        "ST",
        "accelerometer",
        "2, 4, 8, 16 g",
    )
    assert (row["rates, Hz"], row["bits"]) == ("1.6 to 1600", "14, 12")
    assert (row_of("e4", "eda")["full scales"], row_of("e4", "eda")["bits"]) == ("100uS", "?")
    assert row_of("mpu6050")["rates, Hz"] == "3.90625 to 1000"


def test_only_verified_figures_count_as_verified() -> None:
    figures = load_profile("lis3dsh").signals["acc"].figures.values()
    yes = [figure for figure in figures if figure.verified is True]
    assert 0 < len(yes) < len(figures)
    assert row_of("lis3dsh")["verified"] == f"{len(yes)} of {len(figures)}"
    assert row_of("bmi270")["verified"].startswith("0 of ")  # two of them are secondary


def test_figures_in_their_usual_units() -> None:
    assert figure_of("lsm6dsl", "full_scales").values[1] == (
        "4g: 0.122 mg a count, 16 bits, counts -32768 to 32767"
    )
    assert figure_of("lsm6dsl", "noise_density").values[2:] == (
        "8g: 90 ug/sqrt(Hz)",
        "16g: 130 ug/sqrt(Hz)",
    )
    assert figure_of("lsm6dsl", "noise_rms_low_power").values[0] == "2g: 1.8 mg"
    assert figure_of("lsm6dsl", "rate_error_pct").values == ("0 to 7 %",)
    assert figure_of("lsm6dsl", "offset_temp_mg_per_degc").values == ("0.1 mg/degC",)
    assert figure_of("mpu6050", "offset_sd").values == ("50, 50, 80 mg",)
    assert figure_of("mpu6050", "rates_hz").values == ("1000 / n Hz, n = 1 to 256",)
    assert figure_of("lis2dw12", "power_modes").values[-1] == (
        "low_power_1: 1.6, 12.5, 25, 50, 100, 200 Hz, 12 bits, noise by noise_rms_low_power"
    )
    assert figure_of("lis2dh12", "low_pass").values[0] == "high_resolution: ODR/9"


def test_every_figure_of_every_part_is_told_with_its_source_and_state() -> None:
    for name in profile_names():
        for part in load_profile(name).signals.values():
            rows = figure_rows(part)
            assert [row.name for row in rows] == list(part.figures)
            for row in rows:
                assert row.values and all(row.values) and row.source
                assert row.verified in ("yes", "no", "secondary")
                missing = row.name in part.unknown
                assert (row.values[0] in ("not published", "not found")) == missing
