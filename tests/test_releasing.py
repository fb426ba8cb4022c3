import json
from dataclasses import replace
from pathlib import Path

import pytest

from commands import wearsynth
from toy import toy_windows
from toy_models import mixture_of
from wearsynth.data import Windows
from wearsynth.errors import DataError, FileError, ModelError
from wearsynth.evaluation import evaluate, write_scores
from wearsynth.evaluation.scores import Scores
from wearsynth.formats.manifest import checksums
from wearsynth.model import Model, save_model
from wearsynth.privacy.accounting import worst_membership
from wearsynth.privacy.telling import worst_case
from wearsynth.releasing import ReleasePlan, figures_over_all, release, statement_json
from wearsynth.reporting.sketch import windows_svg
from wearsynth.statement import PrivacyStatement
from wearsynth.tables import load_windows, save_windows

pytestmark = pytest.mark.usefixtures("one_torch_thread")

STATEMENT = PrivacyStatement(
    epsilon=3.0,
    delta=1e-6,
    unit="subject",
    neighbours="add or remove one",
    mechanism="sum of clipped gradients with Gaussian noise",
    sampling="everybody in every step",
    accountant="PLD (dp-accounting)",
    steps=200,
    noise_multiplier=20.0,
    clip_norm=1.0,
    composition="this fit alone",
    public=("the sensor's range", "class names"),
    not_covered=("the number of steps, chosen by hand",),
)
FILES = {
    "MODEL_CARD.md",
    "figures/acc.svg",
    "manifest.json",
    "statement.json",
    "synthetic.parquet",
}
PEOPLE = [f"volunteer-{number}" for number in range(5)]


@pytest.fixture(scope="module")
def real() -> Windows:
    """Give toy windows of people whose names no other text holds."""
    windows = toy_windows(people=5, per_class=4)
    names = {f"p{number:02d}": name for number, name in enumerate(PEOPLE)}
    subject = [names[name] for name in windows.subject.tolist()]
    named = replace(windows, subject=windows.subject.astype("U20"))
    named.subject[:] = subject
    return named.with_provenance("read from volunteer-3/ACC.csv")


@pytest.fixture(scope="module")
def model(real: Windows) -> Model:
    plain = mixture_of(real)
    return replace(plain, privacy=STATEMENT)


@pytest.fixture(scope="module")
def scores(real: Windows, model: Model) -> Scores:
    other = toy_windows(people=3, per_class=4, seed=1)
    holdout = replace(other, subject=other.subject.astype("U20"))
    holdout.subject[:] = [f"stranger-{name}" for name in other.subject.tolist()]
    return evaluate(model.sample(8, seed=1), train=real, holdout=holdout, quick=True)


def all_bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def test_exactly_these_files_and_no_name_of_anybody(
    model: Model, scores: Scores, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    plan = ReleasePlan(8, seed=5, scores=scores)
    told = release(model, out, plan)
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert names == set(told) == FILES | {"scores-not-covered-by-epsilon.json"}
    content = all_bytes(out)
    for secret in (*PEOPLE, "volunteer", "stranger", "ACC.csv"):
        assert secret.encode() not in content, secret
    manifest = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
    found = checksums(out)
    del found["manifest.json"]
    assert manifest["sha256"] == found


def test_the_windows_are_those_of_the_model_without_what_it_saw(
    model: Model, tmp_path: Path
) -> None:
    release(model, tmp_path / "out", ReleasePlan({"still": 3, "running": 2}, seed=5))
    windows = load_windows(tmp_path / "out" / "synthetic.parquet")
    own = model.sample({"still": 3, "running": 2}, seed=5)
    assert (windows.signal().values == own.signal().values).all()
    assert windows.counts == {"still": 3, "walking": 0, "running": 2}
    assert windows.synthetic.all()
    assert windows.trained_groups == ()
    assert own.trained_groups == tuple(sorted(PEOPLE))
    assert len(windows.provenance) == 1 and windows.provenance[0].startswith("synthetic: drawn")


def test_two_releases_without_a_seed_differ_and_say_their_seeds(
    model: Model, tmp_path: Path
) -> None:
    cards = []
    for name in ("one", "two"):
        release(model, tmp_path / name, ReleasePlan(2))
        cards.append((tmp_path / name / "MODEL_CARD.md").read_text(encoding="utf-8"))
    assert cards[0] != cards[1]


def test_no_privacy_must_be_asked_for_and_is_said_first(model: Model, tmp_path: Path) -> None:
    plain, out = replace(model, privacy=None), tmp_path / "out"
    with pytest.raises(ModelError, match="--without-privacy"):
        release(plain, out, ReleasePlan(2, seed=1))
    assert not list(tmp_path.iterdir())
    release(plain, out, ReleasePlan(2, seed=1, without_privacy=True))
    told = json.loads((out / "statement.json").read_text(encoding="utf-8"))
    assert told["privacy"].startswith("none")
    card = (out / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert card.splitlines()[2].startswith("**Privacy: none")
    assert "epsilon" not in card
    assert "May not be said: that they are anonymous" in card


def test_the_card_says_what_epsilon_means(model: Model, tmp_path: Path) -> None:
    release(model, tmp_path / "out", ReleasePlan(2, seed=1))
    card = (tmp_path / "out" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert STATEMENT.line in card
    auc = worst_membership(3.0, 1e-6).auc
    assert 0.6 < auc < 0.7
    assert f"tells which is which with probability {auc:.2f} at most" in card
    assert "bounded disclosure" in card
    assert "No medical use" in card
    assert STATEMENT.not_covered[0] in card
    gentle = replace(model, privacy=replace(STATEMENT, epsilon=1.0))
    release(gentle, tmp_path / "gentle", ReleasePlan(2, seed=1))
    card = (tmp_path / "gentle" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "bounded disclosure" not in card


@pytest.mark.parametrize(("epsilon", "bounded"), [(0.5, False), (1.38, False), (1.39, True)])
def test_the_word_private_ends_at_a_worst_auc_of_sixty(epsilon: float, bounded: bool) -> None:
    worst = worst_case(epsilon, 1e-5)
    assert worst.bounded is bounded
    assert ("bounded disclosure" in worst.word) is bounded


def test_a_statement_that_names_somebody_stays_inside(model: Model, tmp_path: Path) -> None:
    told = replace(STATEMENT, public=("the baseline of volunteer-3",))
    with pytest.raises(ModelError, match="names 'volunteer-3'"):
        release(replace(model, privacy=told), tmp_path / "out", ReleasePlan(2))
    assert not list(tmp_path.iterdir())


def test_scores_leave_as_figures_over_all_people_alone(scores: Scores) -> None:
    told = figures_over_all(scores)
    assert told["privacy"].startswith("not covered by epsilon")
    names = {figure["name"] for figure in told["figures"]}
    assert {"coverage", "membership_person_auc", "tstr_macro_f1_trees"} <= names
    assert not any("worst_person" in name for name in names)
    assert "pictures" not in told and not any("note" in figure for figure in told["figures"])


def test_a_figure_that_nobody_knows_is_not_released(
    scores: Scores, model: Model, tmp_path: Path
) -> None:
    strange = replace(scores.scores[0], name="coverage_volunteer-3")
    with pytest.raises(DataError, match="none that wearsynth knows"):
        figures_over_all(replace(scores, scores=(*scores.scores, strange)))


def test_a_folder_with_other_things_is_not_replaced(model: Model, tmp_path: Path) -> None:
    out, plan = tmp_path / "out", ReleasePlan(2, seed=1)
    release(model, out, plan)
    with pytest.raises(FileError, match="--overwrite"):
        release(model, out, plan)
    release(model, out, plan, overwrite=True)
    (out / "ledger.json").write_text("{}", encoding="utf-8")
    with pytest.raises(FileError, match=r"ledger\.json"):
        release(model, out, plan, overwrite=True)


def test_only_synthetic_windows_are_drawn(real: Windows) -> None:
    with pytest.raises(DataError, match="is real"):
        windows_svg(real, "acc")


def test_the_statement_as_json_says_the_sentence_first() -> None:
    told = statement_json(STATEMENT)
    assert next(iter(told.items())) == ("privacy", STATEMENT.line)
    assert told["epsilon"] == 3.0 and "AUC 0.6" in told["worst_case"]


def test_the_command(
    model: Model,
    scores: Scores,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    save_model(replace(model, privacy=None), tmp_path / "plain")
    write_scores(scores, tmp_path / "scores.json")
    words = ("release", tmp_path / "plain", "-o", tmp_path / "out", "--count", "3", "--seed", "1")
    code, _, err = wearsynth(capsys, monkeypatch, *words)
    assert code == 1 and "--without-privacy" in err
    code, out, _ = wearsynth(
        capsys, monkeypatch, *words, "--without-privacy", "--scores", tmp_path / "scores.json"
    )
    assert code == 0
    assert "Privacy: none" in out and "scores-not-covered-by-epsilon.json" in out
    assert (tmp_path / "out" / "synthetic.parquet").is_file()


def test_a_choice_and_a_model_of_public_data_alone_have_cards(model: Model, tmp_path: Path) -> None:
    choice = replace(STATEMENT, epsilon=0.5, delta=0.0, noise_multiplier=None, clip_norm=None)
    release(replace(model, privacy=choice), tmp_path / "choice", ReleasePlan(2, seed=1))
    card = (tmp_path / "choice" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "with probability 0.62 at most" in card and "noise multiplier" not in card
    nothing = replace(STATEMENT, epsilon=0.0, delta=0.0, steps=0, mechanism="none: nothing private")
    release(replace(model, privacy=nothing), tmp_path / "public", ReleasePlan(2, seed=1))
    card = (tmp_path / "public" / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "No private data were used" in card and "bounded disclosure" not in card


def test_nothing_of_a_private_fit_leaves_but_what_its_noise_paid_for(
    real: Windows,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    save_windows(real, tmp_path / "train.parquet")
    ledger, fitted, out = tmp_path / "study.ledger", tmp_path / "fitted", tmp_path / "out"
    privately = ("--epsilon", "1", "--ledger", ledger, "--accept-noise", "--windows-per-unit", "2")
    fit_words = ("--rounds", "2", "--width", "8", *privately)
    code, _, err = wearsynth(
        capsys, monkeypatch, "fit", tmp_path / "train.parquet", "-o", fitted, *fit_words
    )
    assert code == 0, err
    code, said, err = wearsynth(capsys, monkeypatch, "release", fitted, "-o", out, "--count", "2")
    assert code == 0, err
    assert "Privacy: epsilon 1" in said
    assert {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()} == FILES
    content = all_bytes(out)
    lines = [line for line in ledger.read_bytes().splitlines() if len(line) > 8]
    assert lines
    salted = [word for line in lines for word in json.loads(line).get("units", [])]
    for secret in (*PEOPLE, "ACC.csv", "study.ledger", str(tmp_path), *salted):
        assert secret.encode() not in content, secret
    assert not any(line in content for line in lines)
    assert not list(tmp_path.glob("*.checkpoint"))
