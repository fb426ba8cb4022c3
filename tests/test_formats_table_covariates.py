"""Covariates in tables: a number for each recording, such as its person's age."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from wearsynth.config_recordings import ColumnsConfig, DataConfig
from wearsynth.errors import FormatError
from wearsynth.formats import TableColumns, read
from wearsynth.formats.sources import read_source

X = (("x", "g"),)
AGE = (("age", "age_years"),)


def csv(tmp_path: Path, *lines: str) -> Path:
    path = tmp_path / "log.csv"
    path.write_text("\n".join(lines) + "\n")
    return path


def test_a_recording_has_the_number_of_its_rows(tmp_path: Path) -> None:
    rows = ["1,A,31,170", "2,A,31,", "3,B,45,", "4,B,45,NaN"]
    path = csv(tmp_path, "x,who,age_years,cm", *rows)
    covariates = (*AGE, ("height_cm", "cm"))
    a, b = read(path, columns=TableColumns(X, subject="who", rate_hz=1, covariates=covariates))
    assert a.covariates == {"age": 31, "height_cm": 170}
    assert b.covariates == {"age": 45}
    assert list(a.signals) == ["acc"]
    assert not a.gaps
    assert not b.gaps


def test_people_who_take_turns_and_rows_without_a_time(tmp_path: Path) -> None:
    rows = [f"{i // 2},{i},{'AB'[i % 2]},{(31, 45)[i % 2]}" for i in range(8)]
    path = csv(tmp_path, "t,x,who,age_years", *rows, ",9,A,99")
    a, b = read(path, columns=TableColumns(X, time="t", subject="who", covariates=AGE))
    assert (a.covariates, b.covariates) == ({"age": 31}, {"age": 45})


def test_a_folder_has_a_covariate_for_each_file(tmp_path: Path) -> None:
    for name, age in (("a", 31), ("b", 45)):
        (tmp_path / f"{name}.csv").write_text(f"x,age_years\n1,{age}\n2,{age}\n")
    recordings = read(tmp_path, columns=TableColumns(X, rate_hz=1, covariates=AGE))
    assert [r.covariates["age"] for r in recordings] == [31, 45]


def test_units_and_decimal_commas(tmp_path: Path) -> None:
    path = csv(tmp_path, "x;y;age_years", "g;g;", "1,5;1,5;31,5", "2,5;2,5;31,5")
    columns = TableColumns((("x", "g"), ("y", "g")), rate_hz=1, covariates=AGE)
    (recording,) = read(path, columns=columns)
    assert recording.covariates == {"age": 31.5}
    assert recording.signals["acc"].values.tolist() == [[1.5, 1.5], [2.5, 2.5]]


def test_parquet_and_the_configuration(tmp_path: Path) -> None:
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table({"x": [1.0, 2.0], "age_years": [31, None], "cm": [None, None]}), path)
    named = ColumnsConfig(channels={"x": "g"}, covariates={"age": "age_years", "height_cm": "cm"})
    (recording,) = read_source(DataConfig(path=str(path), columns=named, rate_hz=1))
    assert recording.covariates == {"age": 31}


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (
            ["1,31", "2,", "3,45"],
            r"log.csv, line 4: covariate 'age' \(column 'age_years'\) changes from 31 to 45 within a "
            "recording. Name the subject or recording column where people take turns, or leave it out",
        ),
        (["1,31", "2,inf"], "line 3: covariate 'age' .* is infinite. Leave the cell empty"),
        (["1,inf", "2,inf"], "line 2: covariate 'age' .* is infinite"),
        (
            ["1,31", "2,old"],
            "line 3: expected a number, got 'old'. Write covariate 'age' as numbers, such as 0 and 1",
        ),
        (["1,31", "x,31"], "line 3: expected a number, got 'x'. Mend or remove the line."),
    ],
)
def test_what_is_not_one_number_is_refused(tmp_path: Path, rows: list[str], message: str) -> None:
    path = csv(tmp_path, "x,age_years", *rows)
    with pytest.raises(FormatError, match=message):
        read(path, columns=TableColumns(X, rate_hz=1, covariates=AGE))


def test_wrong_columns_are_named(tmp_path: Path) -> None:
    path = csv(tmp_path, "x,age_year", "1,31")
    with pytest.raises(FormatError, match=r"no column 'age_years'\. Did you mean 'age_year'"):
        read(path, columns=TableColumns(X, rate_hz=1, covariates=AGE))
    path = tmp_path / "log.parquet"
    pq.write_table(pa.table({"x": [1.0], "age_years": ["old"]}), path)
    with pytest.raises(FormatError, match="'age_years' must hold numbers, it holds string"):
        read(path, columns=TableColumns(X, rate_hz=1, covariates=AGE))
