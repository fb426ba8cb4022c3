import json
import runpy
from dataclasses import fields, replace
from pathlib import Path
from typing import Any, get_args

import pytest

from commands import wearsynth
from toy import toy_windows
from toy_models import mixture_of
from wearsynth.errors import ModelError
from wearsynth.model import NO_PRIVACY, load_model, save_model
from wearsynth.privacy.accounting import GaussianRelease, PureRelease, Release, gaussian_epsilon
from wearsynth.privacy.ledger import begin_run, open_ledger
from wearsynth.privacy.stating import plain_words, statement_of, statement_rows
from wearsynth.statement import (
    NOT_STATED,
    Neighbours,
    PrivacyStatement,
    Unit,
    statement_from,
    statement_to,
)

ONE = GaussianRelease(1.0)
ROOT = Path(__file__).parents[1]


def stated(
    release: Release = ONE, *, unit: Unit = "subject", ledger: Path | None = None
) -> PrivacyStatement:
    return statement_of(
        release,
        delta=1e-5,
        unit=unit,
        clip_norm=1.0,
        mechanism="Gaussian noise on sums of clipped gradients",
        randomness="a key of the operating system, SHAKE-128",
        public=("class names",),
        ledger=ledger,
    )


@pytest.fixture(scope="module")
def plain() -> PrivacyStatement:
    return stated()


def as_json(statement: PrivacyStatement) -> dict[str, Any]:
    told: dict[str, Any] = json.loads(json.dumps(statement_to(statement)))
    return told


def test_a_statement_says_all_that_is_asked_and_what_it_cost() -> None:
    statement = stated()
    assert statement.epsilon == statement.run_epsilon
    assert statement.epsilon == pytest.approx(gaussian_epsilon(1.0, 1e-5), rel=1e-3)
    assert NOT_STATED not in statement_to(statement).values()
    assert None not in statement_to(statement).values()
    assert statement.composition == "this run alone"


def test_a_statement_comes_back_from_json() -> None:
    for statement in (stated(), stated(PureRelease(0.5), unit="window")):
        assert statement_from(as_json(statement), where="model") == statement


@pytest.mark.parametrize("name", [field.name for field in fields(PrivacyStatement)])
def test_a_missing_field_is_refused(name: str, plain: PrivacyStatement) -> None:
    told = as_json(plain)
    del told[name]
    with pytest.raises(ModelError, match=f"model: the privacy statement lacks '{name}'"):
        statement_from(told, where="model")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epsilom": 1.0}, "no field 'epsilom'. Did you mean 'epsilon'"),
        ({"epsilon": -1.0}, "'epsilon' is wrong"),
        ({"epsilon": "1"}, "'epsilon' is wrong"),
        ({"unit": "household"}, "'unit' is wrong"),
        ({"public": "class names"}, "'public' is wrong"),
        ({"schema_version": 2}, "by a newer wearsynth"),
    ],
)
def test_other_fields_and_values_are_refused(
    changes: dict[str, Any], message: str, plain: PrivacyStatement
) -> None:
    with pytest.raises(ModelError, match=message):
        statement_from({**as_json(plain), **changes}, where="model")


def test_with_a_ledger_all_its_runs_count(tmp_path: Path) -> None:
    path = tmp_path / "people.json"
    ledger = open_ledger(path, units=["p00", "p01"])
    release = GaussianRelease(2.0, steps=2)
    for name in ("first", "second"):
        run = begin_run(ledger, release, run_id=name, about={})
        run.begin_step(1)
        run.begin_step(2)
        run.finish()
    statement = stated(release, ledger=path)
    assert statement.epsilon == pytest.approx(gaussian_epsilon(1.0, 1e-5), rel=1e-3)
    assert statement.run_epsilon == pytest.approx(gaussian_epsilon(2**0.5, 1e-5), rel=1e-3)
    assert "all 2 run(s)" in statement.composition


@pytest.mark.parametrize(
    ("release", "auc", "word"),
    [
        (GaussianRelease(3.8), "AUC of 0.57", "We call that private;"),
        (GaussianRelease(1.39), "AUC of 0.69", "bounded disclosure rather than private"),
        (GaussianRelease(0.5), "AUC of 0.92", "bounded disclosure rather than private"),
        (PureRelease(1.0), "AUC of 0.73", "bounded disclosure rather than private"),
        (PureRelease(0.1), "AUC of 0.52", "We call that private;"),
    ],
)
def test_plain_words_give_the_guess_and_the_word_it_deserves(
    release: Release, auc: str, word: str
) -> None:
    text = plain_words(stated(release))
    assert auc in text
    assert word in text
    assert "any one person" in text
    assert "this run alone" in text
    assert "not hidden whole" not in text


def test_plain_words_of_a_window_warn_of_the_person() -> None:
    text = plain_words(stated(unit="window"))
    assert "any one window" in text
    assert "A person with several of them is not hidden whole." in text


def test_the_table_has_every_field_with_its_meaning() -> None:
    rows = list(statement_rows(replace(stated(), noise_multiplier=None)))
    assert [name for name, _, _ in rows] == [field.name for field in fields(PrivacyStatement)]
    assert all(about for _, _, about in rows)
    assert ("noise_multiplier", "none") in [(name, value) for name, value, _ in rows]


def test_the_schema_in_the_docs_is_that_of_the_statement() -> None:
    path = ROOT / "docs" / "privacy-statement.schema.json"
    if not path.exists():
        pytest.skip("the docs are not part of this copy")
    script = runpy.run_path(str(ROOT / "scripts" / "cli_reference.py"))
    text = path.read_text(encoding="utf-8")
    assert text == script["privacy_schema"](), "run python scripts/cli_reference.py"
    schema = json.loads(text)
    assert sorted(schema["required"]) == sorted(schema["properties"])
    assert schema["additionalProperties"] is False
    assert tuple(schema["properties"]["unit"]["enum"]) == get_args(Unit)
    assert tuple(schema["properties"]["neighbours"]["enum"]) == get_args(Neighbours)


def test_the_command_shows_what_a_model_guarantees(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = mixture_of(toy_windows(people=4, per_class=5))
    save_model(model, tmp_path / "plain")
    assert wearsynth(capsys, monkeypatch, "privacy", "show", tmp_path / "plain") == (
        0,
        f"{NO_PRIVACY}\n",
        "",
    )
    private = replace(model, privacy=stated())
    save_model(private, tmp_path / "private")
    assert load_model(tmp_path / "private").privacy == private.privacy
    code, out, _ = wearsynth(capsys, monkeypatch, "privacy", "show", tmp_path / "private")
    assert code == 0
    assert out.startswith(f"{plain_words(stated())}\n\nepsilon: ")
    code, out, _ = wearsynth(capsys, monkeypatch, "privacy", "show", tmp_path / "private", "--json")
    assert (code, json.loads(out)) == (0, as_json(stated()))
