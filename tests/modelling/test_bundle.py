"""A stored model is read only if every byte is the one that was written."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from abm_ml.errors import IntegrityError, StorageError
from abm_ml.modelling.bundle import Bundle, ModelFacts, bundle_sha256, load_bundle, save_bundle
from abm_ml.modelling.classifier import AccountClassifier
from abm_ml.modelling.evaluation import compare, evaluate

FILES = ["booster.txt", "calibrator.json", "features.json", "manifest.json", "model.json"]


def trained(seed):
    """A small model of numbers and a text, with its facts."""
    random = np.random.default_rng(seed)
    frame = pd.DataFrame({"visits [30d]": random.normal(size=300), "industry": random.choice(["鉄鋼", "Banks"], 300)})
    y = (random.random(300) < 1 / (1 + np.exp(-2 * frame["visits [30d]"]))).astype(int).to_numpy()
    model = AccountClassifier(rung="lightgbm", max_trees=20, monotone={"visits [30d]": "increasing"}).fit(frame, y)
    p = model.predict_proba(frame)[:, 1]
    facts = ModelFacts(
        label="win",
        horizon_days=90,
        definitions="f00d",
        trained_as_of="2026-06-30",
        training_dates=("2026-01-01", "2026-02-01"),
        versions={"lightgbm": "4.7.0"},
        evaluation=evaluate(y, p),
        comparisons=(compare(y, p, baseline="base rate", score=np.zeros(300)),),
    )
    return Bundle(model.to_state(), facts), model, frame


@pytest.fixture(scope="module")
def stored(tmp_path_factory):
    """Two stored models: one to damage copies of, one to take foreign files from."""
    root = tmp_path_factory.mktemp("models")
    bundle, model, frame = trained(1)
    sha256 = save_bundle(root / "win", bundle)
    save_bundle(root / "other", trained(2)[0])
    return root, bundle, sha256, model, frame


def test_round_trip(stored):
    """What is read is what was written, and it scores bit for bit the same."""
    root, bundle, sha256, model, frame = stored
    again = load_bundle(root / "win", expected_sha256=sha256)
    assert again == bundle
    assert (AccountClassifier.from_state(again.state).predict_proba(frame) == model.predict_proba(frame)).all()


def test_same_model_same_bytes(stored, tmp_path):
    """Training and saving again gives identical files."""
    root, _, sha256, *_ = stored
    assert save_bundle(tmp_path / "again", trained(1)[0]) == sha256 == bundle_sha256(root / "win")
    for name in FILES:
        assert (tmp_path / "again" / name).read_bytes() == (root / "win" / name).read_bytes()


def test_plain_files_only(stored):
    """A model is LightGBM's text and JSON: no pickle, no archive."""
    root, *_ = stored
    texts = {path.name: path.read_bytes().decode() for path in (root / "win").iterdir()}
    assert sorted(texts) == FILES
    assert texts.pop("booster.txt").startswith("tree\nversion=v4\n")
    assert all(isinstance(json.loads(text), dict) for text in texts.values())


def test_never_overwritten(stored, tmp_path):
    """A folder that holds something is not written into, and nothing is left behind."""
    _, bundle, *_ = stored
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.txt").write_text("keep")
    with pytest.raises(StorageError, match="never overwritten"):
        save_bundle(tmp_path / "mine", bundle)
    assert [path.name for path in tmp_path.rglob("*")] == ["mine", "notes.txt"]


def cut(share):
    """Only the beginning is left."""
    return lambda path: path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])


def change(old, new):
    """Some text is replaced."""

    def damage(path):
        content = path.read_text()
        assert old in content
        path.write_text(content.replace(old, new, 1))

    return damage


def flip(share):
    """One bit is turned over."""

    def damage(path):
        content = bytearray(path.read_bytes())
        content[int((len(content) - 1) * share)] ^= 1
        path.write_bytes(bytes(content))

    return damage


def other_digit(field):
    """One digit of a line such as leaf_value=... is another: same length, same form, other scores."""

    def damage(path):
        head, tail = path.read_text().split(f"\n{field}=", 1)
        digit = next(sign for sign in tail if sign in "12346789")
        path.write_text(f"{head}\n{field}={tail.replace(digit, str(10 - int(digit)), 1)}")

    return damage


def swap(path):
    """The file of another model, whole and sound."""
    shutil.copyfile(path.parent.parent.parent / "models" / "other" / path.name, path)


DAMAGE = {
    **{f"{file} cut to {share:.0%}": (file, cut(share)) for file in FILES for share in (0, 0.5, 0.9)},
    **{f"{file} bit at {share:.0%}": (file, flip(share)) for file in FILES for share in (0, 0.3, 0.7, 1)},
    **{f"another digit in {field}": ("booster.txt", other_digit(field)) for field in ("leaf_value", "threshold")},
    "cut at a tree": ("booster.txt", lambda path: path.write_text(path.read_text().split("Tree=3")[0])),
    "endless loop": ("booster.txt", change("left_child=", "left_child=0 ")),
    "longer": ("booster.txt", lambda path: path.write_text(path.read_text() + "\n")),
    "a lighter slope": ("calibrator.json", change('"slope": ', '"slope": 9')),
    "a folder instead": ("features.json", lambda path: (path.unlink(), path.mkdir())),
    "manifest is a list": ("manifest.json", lambda path: path.write_text("[]")),
    "manifest lists less": ("manifest.json", change('"booster.txt"', '"booster.bin"')),
    **{f"{file} missing": (file, lambda path: path.unlink()) for file in FILES},
    **{f"{file} of another model": (file, swap) for file in FILES},
}


@pytest.fixture
def copy(stored, tmp_path):
    """A copy of the stored model that may be damaged; beside it, the other model."""
    root, *_ = stored
    shutil.copytree(root / "other", tmp_path / "models" / "other")
    shutil.copytree(root / "win", tmp_path / "copies" / "win")
    return tmp_path / "copies" / "win"


@pytest.mark.parametrize("name", DAMAGE)
@pytest.mark.parametrize("registered", [True, False], ids=["sha256 known", "sha256 unknown"])
def test_damage_is_refused(stored, copy, name, registered):
    """Any damage is refused with the names of model and file, before LightGBM sees a byte."""
    file, damage = DAMAGE[name]
    damage(copy / file)
    # Without a registered SHA-256 a manifest that lies shows by the first file that it lies about.
    named = file if file != "manifest.json" or registered else r"(manifest\.json|booster\.txt|calibrator\.json)"
    with pytest.raises(IntegrityError, match=rf"^Model win/7: .*{named}"):
        load_bundle(copy, expected_sha256=stored[2] if registered else None, name="win/7")


@pytest.mark.parametrize("foreign", ["model.pkl", ".hidden", "booster.txt.partial"])
def test_foreign_file(copy, foreign):
    """A file that does not belong to the model is refused by name."""
    (copy / foreign).write_text("x")
    with pytest.raises(IntegrityError, match=foreign):
        load_bundle(copy)


def test_whole_folder_replaced(stored):
    """Another model, whole and sound, is not the registered one."""
    root, _, sha256, *_ = stored
    with pytest.raises(IntegrityError, match="differs from the registered one"):
        load_bundle(root / "other", expected_sha256=sha256)


def test_no_folder(tmp_path):
    """A folder that is not there is said to be missing."""
    with pytest.raises(IntegrityError, match=r"manifest\.json is missing"):
        load_bundle(tmp_path / "nowhere")
    with pytest.raises(IntegrityError, match="cannot be read"):
        bundle_sha256(tmp_path / "nowhere")


def resealed(bundle, folder, **facts):
    """The model with other facts, sealed anew: what a well-meaning hand could do."""
    record = {name: getattr(bundle.facts, name) for name in ModelFacts.__slots__}
    save_bundle(folder, Bundle(bundle.state, ModelFacts(**{**record, **facts})))
    return folder


def test_other_library(stored, tmp_path):
    """A model of another LightGBM generation is refused with both versions."""
    folder = resealed(stored[1], tmp_path / "old", versions={"lightgbm": "3.3.5"})
    with pytest.raises(IntegrityError, match=r"3\.3\.5, installed is 4"):
        load_bundle(folder)


def test_other_features(stored, tmp_path):
    """Trees and feature list must agree on how many features there are."""
    _, bundle, *_ = stored
    state = AccountClassifier.from_state(bundle.state).to_state()
    fewer = replace(state, features=state.features[:1])
    save_bundle(tmp_path / "fewer", Bundle(fewer, bundle.facts))
    with pytest.raises(IntegrityError, match="disagree"):
        load_bundle(tmp_path / "fewer")


@pytest.fixture(scope="module", params=["logistic", "mixture"])
def sums(request, stored):
    """A model that is a sum over features, or the mean of one and of trees, with the frame that it reads."""
    _, bundle, _, model, frame = stored
    regression = AccountClassifier(rung="logistic").fit(frame, model.predict(frame)).to_state()
    state = regression if request.param == "logistic" else replace(
        bundle.state, additive=regression.additive, share=0.75
    )  # fmt: skip
    return Bundle(state, bundle.facts), frame


def test_sums_are_stored_too(sums, tmp_path):
    """A sum over features is a file of its own; what has no trees has no file for them. It scores as before."""
    bundle, frame = sums
    sha256 = save_bundle(tmp_path / "win", bundle)
    trees = ["booster.txt"] if bundle.state.trees is not None else []
    assert sorted(path.name for path in (tmp_path / "win").iterdir()) == sorted(
        [*trees, "additive.json", "calibrator.json", "features.json", "manifest.json", "model.json"]
    )
    again = load_bundle(tmp_path / "win", expected_sha256=sha256)
    assert again == bundle
    one, other = (AccountClassifier.from_state(state) for state in (again.state, bundle.state))
    assert (one.predict_proba(frame) == other.predict_proba(frame)).all()


def test_damaged_sums(sums, tmp_path):
    """Another digit in a sum is noticed, and so is a sum that went missing or speaks of features that are not there."""
    bundle, _ = sums
    for name in ("digit", "missing", "unknown"):
        state = bundle.state
        if name == "unknown":
            terms = (replace(state.additive.terms[0], feature=99),)
            state = replace(state, additive=replace(state.additive, terms=terms))
        save_bundle(tmp_path / name, Bundle(state, bundle.facts))
    file = tmp_path / "digit" / "additive.json"
    file.write_text(file.read_text().replace("1", "2", 1))
    (tmp_path / "missing" / "additive.json").unlink()
    for name, message in {
        "digit": "SHA-256 of additive",
        "missing": "additive.json is missing",
        "unknown": "disagree",
    }.items():
        with pytest.raises(IntegrityError, match=message):
            load_bundle(tmp_path / name)


def test_json_is_stable(stored):
    """Keys are sorted and text is kept as written."""
    root, *_ = stored
    text = (root / "win" / "features.json").read_text()
    assert list(json.loads(text)) == sorted(json.loads(text))
    assert "鉄鋼" in text
