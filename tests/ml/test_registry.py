from pathlib import Path

import numpy as np
import pytest

from ml.registry import (
    ModelError,
    current_version,
    list_models,
    load_model,
    save_model,
    use_version,
    versions,
)

CARD = {"training": {"seed": 1, "epochs": 10}, "scores": {"accuracy": 0.9}}


def arrays(seed: int = 0) -> dict[str, np.ndarray]:
    generator = np.random.default_rng(seed)
    return {
        "a.weight": generator.normal(size=(3, 4)).astype(np.float32),
        "a.count": np.array(7, dtype=np.int64),
        "b": np.zeros(0, dtype=np.float32),
    }


def test_a_model_comes_back_as_it_was_stored(tmp_path: Path) -> None:
    stored = save_model(tmp_path, "be-classifier", arrays(), CARD)
    found = load_model(tmp_path, "be-classifier")
    assert found.version == stored.version
    assert found.card == {**CARD, "name": "be-classifier", "version": stored.version}
    for name, array in arrays().items():
        assert found.tensors[name].dtype == array.dtype
        np.testing.assert_array_equal(found.tensors[name], array)


def test_the_version_names_weights_and_training_and_nothing_else(tmp_path: Path) -> None:
    first = save_model(tmp_path, "m", arrays(), CARD)
    same = save_model(tmp_path, "m", dict(reversed(arrays().items())), {**CARD, "scores": {}})
    other_weights = save_model(tmp_path, "m", arrays(1), CARD)
    other_training = save_model(tmp_path, "m", arrays(), {"training": {"seed": 2}})
    assert first.version == same.version
    assert len({first.version, other_weights.version, other_training.version}) == 3
    assert load_model(tmp_path, "m", first.version).card["scores"] == {}
    assert set(versions(tmp_path, "m")) == {
        first.version,
        other_weights.version,
        other_training.version,
    }


def test_the_newest_is_current_until_another_is_chosen(tmp_path: Path) -> None:
    first = save_model(tmp_path, "m", arrays(0), CARD)
    second = save_model(tmp_path, "m", arrays(1), CARD)
    assert current_version(tmp_path, "m") == second.version
    use_version(tmp_path, "m", first.version)
    assert load_model(tmp_path, "m").version == first.version
    assert [(n, v) for n, v, _ in list_models(tmp_path)] == [("m", first.version)]
    with pytest.raises(ModelError, match="no version 123; there are: "):
        use_version(tmp_path, "m", "123")


def test_a_missing_model_says_how_to_make_it(tmp_path: Path) -> None:
    assert current_version(tmp_path, "be-classifier") is None
    with pytest.raises(ModelError, match="`hotstars train be-classifier` makes one"):
        load_model(tmp_path, "be-classifier")


def test_changed_weights_and_torn_files_are_refused(tmp_path: Path) -> None:
    model = save_model(tmp_path, "m", arrays(), CARD)
    weights = model.folder / "weights.safetensors"
    content = bytearray(weights.read_bytes())
    content[-1] ^= 1
    weights.write_bytes(content)
    with pytest.raises(ModelError, match="changed after they were stored"):
        load_model(tmp_path, "m")
    weights.write_bytes(content[: len(content) // 2])
    with pytest.raises(ModelError, match="damaged"):
        load_model(tmp_path, "m")
    weights.unlink()
    with pytest.raises(ModelError, match="missing"):
        load_model(tmp_path, "m")


@pytest.mark.parametrize("name", ["", "../x", "a b", "a/b", "."])
def test_a_name_cannot_leave_the_registry(tmp_path: Path, name: str) -> None:
    with pytest.raises(ModelError, match="no name of a model"):
        save_model(tmp_path, name, arrays(), CARD)
    assert list(tmp_path.iterdir()) == []


def test_a_failed_write_leaves_the_old_model(tmp_path: Path) -> None:
    old = save_model(tmp_path, "m", arrays(), CARD)
    with pytest.raises(TypeError):
        save_model(tmp_path, "m", arrays(1), {"training": {}, "scores": {1, 2}})
    assert load_model(tmp_path, "m").version == old.version
    assert versions(tmp_path, "m") == [old.version]
    assert sorted(path.name for path in old.folder.parent.iterdir()) == sorted(
        ["current", old.version]
    )
