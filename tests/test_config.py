import re
from pathlib import Path

import pytest

from wearsynth.config import (
    Config,
    DetectConfig,
    DistilConfig,
    FitConfig,
    SampleConfig,
    default_toml,
    load_config,
    load_generate_config,
)
from wearsynth.config_recordings import ColumnsConfig
from wearsynth.config_rendering import GenerateConfig, RenderConfig
from wearsynth.errors import ConfigError, FileError
from wearsynth.formats.writers import WRITERS
from wearsynth.options import data_config, mounting_of, section_of


def written(tmp_path: Path, text: str, name: str = "run.toml") -> Path:
    (tmp_path / name).write_text(text, encoding="utf-8")
    return tmp_path / name


def test_the_printed_default_is_the_default(tmp_path: Path) -> None:
    whole = Config(
        distil=DistilConfig(),
        detect=DetectConfig(),
        render=RenderConfig(),
        generate=GenerateConfig(),
    )
    assert load_config(written(tmp_path, default_toml())) == whole


def test_toml_and_json_have_the_same_keys(tmp_path: Path) -> None:
    toml = load_config(written(tmp_path, "[fit]\nrounds = 7\n[sample.counts]\nwalking = 3\n"))
    json = '{"fit": {"rounds": 7}, "sample": {"counts": {"walking": 3}}}'
    assert toml == load_config(written(tmp_path, json, "run.json"))
    assert toml.fit == FitConfig(rounds=7)
    assert toml.sample.counts == {"walking": 3}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[fit]\nround = 3", "run.toml: fit: unknown option 'round'. Did you mean 'rounds'?"),
        ("[fitt]\na = 1", "run.toml: unknown option 'fitt'. Did you mean 'fit'?"),
        ("[render]\nsenor = 'x'", "render: unknown option 'senor'. Did you mean 'sensor'?"),
        ("[data.columns]\nchanels = 1", "data: columns: unknown option 'chanels'. Did you mean"),
        ("[fit]\nrounds = -1", "run.toml: fit.rounds: should be greater than or equal to 1, got"),
        ("[windows]\nlength_s = 'x'", "windows.length_s: should be a valid number"),
        ("[fit]\ndevice = 'tpu'", "fit.device: should be 'cpu' or 'cuda', got 'tpu'"),
        ("[fit\n", "not valid TOML"),
    ],
)
def test_a_mistake_is_named_with_its_remedy(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(written(tmp_path, text))
    assert message in str(caught.value)


def test_covariates_in_a_file_and_on_the_command_line(tmp_path: Path) -> None:
    text = "[data.columns]\nchannels = {x = 'g'}\ncovariates = {age = 'age_years'}\n"
    columns = load_config(written(tmp_path, text)).data.columns
    assert columns is not None
    assert columns.covariates == {"age": "age_years"}
    given = {"channel": ["x=g"], "column": ["covariate:age=age_years"]}
    assert data_config(given).columns == columns
    assert data_config({"channel": ["x=g"], "column": ["time=t"]}).columns == ColumnsConfig(
        channels={"x": "g"}, time="t"
    )


def test_a_mounting_in_a_file_and_on_the_command_line(tmp_path: Path) -> None:
    turned = load_config(written(tmp_path, "[sample]\nmounting = [90, 0, -7.5]\n")).sample
    assert turned.mounting == (90.0, 0.0, -7.5)
    assert section_of(SampleConfig, {"mounting": mounting_of("90,0,-7.5")}) == turned
    drawn = load_config(written(tmp_path, "[sample]\nmounting = 'drawn'\n")).sample
    assert section_of(SampleConfig, {"mounting": mounting_of("drawn")}) == drawn
    assert section_of(SampleConfig, {"mounting": mounting_of(None)}).mounting == "kept"


@pytest.mark.parametrize("text", ["sideways", "1,2", "1,2,3,4", "1,2,", "a,b,c", "90", "nan,0,0"])
def test_a_mounting_that_is_none(text: str) -> None:
    message = r"^command line: mounting: should be kept, drawn, or three angles .* 90,0,0, got "
    with pytest.raises(ConfigError, match=message):
        section_of(SampleConfig, {"mounting": mounting_of(text)})


@pytest.mark.parametrize(
    "text", ["covariate=age", "covariate:=age", "covariates=age", "covariates:age=age"]
)
def test_a_covariate_option_without_its_name(text: str) -> None:
    message = rf"'{text}': expected covariate:NAME=COLUMN, such as covariate:age=age_years"
    with pytest.raises(ConfigError, match=message):
        data_config({"channel": ["x=g"], "column": [text]})


def test_generate_reads_the_whole_file_or_its_section(tmp_path: Path) -> None:
    flat = written(tmp_path, '{"full_scale": "2g", "counts": {"walking": 9}}', "a.json")
    nested = written(tmp_path, '[generate]\nfull_scale = "2g"\ncounts = {walking = 9}', "b.toml")
    expected = GenerateConfig(full_scale="2g", counts={"walking": 9})
    assert load_generate_config(flat) == load_generate_config(nested) == expected
    wrong = written(tmp_path, '{"full_scal": "2g"}', "c.json")
    with pytest.raises(ConfigError, match=r"c\.json: unknown option 'full_scal'\. Did you mean"):
        load_generate_config(wrong)


def test_what_is_no_mapping_or_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="expected keys and values, got a list"):
        load_config(written(tmp_path, "[1]", "run.json"))
    with pytest.raises(FileError, match="No such file"):
        load_config(tmp_path / "nothing.toml")


def test_the_option_format_names_every_writer() -> None:
    described = RenderConfig.model_fields["format"].description or ""
    of_windows = described.split(";")[0]
    assert re.findall(r"[a-z_0-9]+", of_windows.replace(" or ", " ")) == list(WRITERS)
