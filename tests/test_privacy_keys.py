import os
import stat
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import stats

from wearsynth.errors import ModelError
from wearsynth.privacy.keys import (
    BLOCK,
    KEY_BYTES,
    KEY_FILE,
    Key,
    forget_key,
    kept_key,
    new_key,
    normal_blocks,
    normals,
    uniforms,
)

KEY = Key(bytes(range(32)))


def test_keys_differ_and_are_not_shown() -> None:
    key = new_key()
    assert len(key.secret) == KEY_BYTES
    assert key != new_key()
    assert repr(key) == "Key()"
    assert key.secret.hex() not in f"{key} {[key]}"


def test_numbers_are_a_function_of_key_purpose_and_step() -> None:
    first = normals(KEY, "noise", 3, 100)
    assert torch.equal(first, normals(KEY, "noise", 3, 100))
    for other in (
        normals(KEY, "noise", 4, 100),
        normals(KEY, "loss", 3, 100),
        normals(Key(bytes(32)), "noise", 3, 100),
    ):
        assert not torch.isclose(first, other).any()


def test_where_a_purpose_ends_and_the_step_begins_is_told() -> None:
    # "units" + step 0x61 against "unitsa" + step 0: the same letters in a row
    one, other = uniforms(KEY, "units", 0x61, 4), uniforms(KEY, "unitsa", 0, 4)
    assert not np.isclose(one, other).any()


@pytest.mark.parametrize("count", [0, 1, 2, BLOCK - 1, BLOCK + 1])
def test_any_count_is_had(count: int) -> None:
    assert uniforms(KEY, "a", 0, count).shape == (count,)
    assert normals(KEY, "a", 0, count).shape == (count,)
    drawn = list(normal_blocks(KEY, "a", 0, count, summed=2))
    assert sum(len(block) for block in drawn) == count
    assert all(len(block) == BLOCK for block in drawn[:-1])


def test_uniform_numbers_are_uniform() -> None:
    drawn = uniforms(KEY, "a", 0, 200_000)
    assert drawn.min() > 0 and drawn.max() < 1
    assert len(np.unique(drawn)) == len(drawn)
    assert stats.kstest(drawn, "uniform").pvalue > 1e-3


@pytest.mark.parametrize("summed", [1, 2, 4])
def test_normal_numbers_are_standard_normal_and_unrelated(summed: int) -> None:
    drawn = torch.cat([*normal_blocks(KEY, "noise", 1, 200_000, summed=summed)]).numpy()
    assert stats.kstest(drawn, "norm").pvalue > 1e-3
    half = BLOCK // 2
    pairs = drawn[: 2 * half].reshape(2, half)  # the sine and the cosine of the same angle
    for a, b in ((drawn[1:], drawn[:-1]), (pairs[0], pairs[1]), (pairs[0] ** 2, pairs[1] ** 2)):
        assert abs(np.corrcoef(a, b)[0, 1]) < 4 / np.sqrt(len(a))
    assert (np.abs(drawn) > 4).sum() > 0


def test_a_key_is_kept_for_its_owner_and_forgotten(tmp_path: Path) -> None:
    folder = tmp_path / "model.checkpoint"
    key = kept_key(folder)
    assert kept_key(folder) == key
    if os.name == "posix":
        assert stat.S_IMODE((folder / KEY_FILE).stat().st_mode) == 0o600
    forget_key(folder)
    assert not (folder / KEY_FILE).exists()
    forget_key(folder)
    assert kept_key(folder) != key


def test_a_damaged_key_is_refused(tmp_path: Path) -> None:
    (tmp_path / KEY_FILE).write_bytes(b"short")
    with pytest.raises(ModelError, match="damaged"):
        kept_key(tmp_path)


def test_without_a_folder_nothing_is_written() -> None:
    assert kept_key(None) != kept_key(None)
