"""What a user may write, and what he is told when he may not."""

import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from muobayes.errors import InputError
from muobayes.priors.spec import Fixed, Uniform
from muobayes.runcard import Nested, Nuts, RunCard

CARDS = Path(__file__).parents[1] / "cards"
RUNS = Path(__file__).parents[2] / "runs"
INVALID = sorted((CARDS / "invalid").glob("*.yaml"))
VALID = sorted([*(CARDS / "valid").glob("*.yaml"), *RUNS.glob("*.yaml")])


@pytest.mark.parametrize("card", INVALID, ids=lambda p: p.stem)
def test_an_invalid_card_is_told_exactly_what_is_wrong(card, monkeypatch):
    monkeypatch.chdir(CARDS / "invalid")
    with pytest.raises(InputError) as refusal:
        RunCard.load(card.name)
    assert str(refusal.value) + "\n" == card.with_suffix(".txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("card", VALID, ids=lambda p: p.stem)
def test_a_resolved_card_is_a_card_and_says_the_same(card, tmp_path):
    first = RunCard.load(card)
    again = tmp_path / "run.yaml"
    again.write_text(first.to_yaml(), encoding="utf-8")
    second = RunCard.load(again)
    assert second == first
    assert second.fingerprint == first.fingerprint


@pytest.mark.parametrize("name", ["spurion", "masses"])
def test_prior_examples_are_blocks_of_a_card(name):
    block = yaml.safe_load((RUNS.parent / "priors" / f"{name}.yaml").read_text(encoding="utf-8"))
    card = RunCard.from_dict({"model": "type-a/b-3lmu"} | block)
    assert set(block["parameters"]) <= set(card.sampled)


def test_uv_example_is_the_priors_section_of_a_card():
    block = yaml.safe_load((RUNS.parent / "priors" / "uv.yaml").read_text(encoding="utf-8"))
    shown = RunCard.from_dict({"model": "type-a/b-3lmu", "priors": block}).priors
    switched_on = RunCard.from_dict({"model": "type-a/b-3lmu", "priors": {key: {} for key in block}}).priors
    assert shown.naturalness == switched_on.naturalness
    assert shown.landau_pole == switched_on.landau_pole


def test_defaults_come_from_the_model():
    card = RunCard.from_dict({"model": "type-a/b-3lmu"})
    assert set(card.parameters) == set(card.entry.parameters)
    assert card.priors_of["M3"] == Fixed(value=3000.0)
    assert card.priors_of["eta33L"] == Uniform(low=-1.5, high=1.5)
    assert card.sampled == ("eta33L", "eta13L", "eta13R")
    assert isinstance(card.sampler, Nuts)


def test_choices_of_the_card():
    card = RunCard.from_dict(
        {
            "model": "type-a/b-3lmu",
            "parameters": {
                "M3": "1500 GeV",
                "eta33L": 1e-3,
                "eta13R": {"equals": "eta13L"},
                "M1": {"prior": {"type": "loguniform", "low": "1 TeV", "high": "1e4 GeV"}},
            },
            "evidence": {"live": 100},
        }
    )
    assert card.priors_of["M3"] == Fixed(value=1500.0)
    assert card.priors_of["eta33L"] == Fixed(value=1e-3)
    assert (card.priors_of["M1"].low, card.priors_of["M1"].high) == (1000.0, 10_000.0)
    assert card.ties == {"eta13R": "eta13L"}
    assert card.sampled == ("eta13L", "M1")
    assert card.evidence == Nested(live=100)


def test_scientific_notation_is_a_number(tmp_path):
    path = tmp_path / "card.yaml"
    path.write_text("model: type-a/b-3lmu\nparameters: {eta33L: 4e-1}\n")
    assert RunCard.load(path).priors_of["eta33L"] == Fixed(value=0.4)


def test_options_replace_the_card_and_are_checked(tmp_path):
    path = tmp_path / "card.yaml"
    path.write_text("model: type-a/b-3lmu\ndataset: paper2021\n")
    card = RunCard.load(path, dataset="current", seed=None)
    assert (card.dataset, card.seed) == ("current", 1)
    with pytest.raises(InputError, match=r"unknown data set 'curent' \(did you mean 'current'\?\)"):
        RunCard.load(path, dataset="curent")


def test_fingerprint_is_of_what_decides_the_result():
    card = RunCard.from_dict({"model": "type-a/b-3lmu", "output": "a"})
    same = RunCard.from_dict(
        {"model": "type-a/b-3lmu", "output": "b", "plane": {"x": "eta33L", "y": "eta13L"}}
    )
    other = RunCard.from_dict({"model": "type-a/b-3lmu", "output": "a", "seed": 2})
    assert card.fingerprint == same.fingerprint != other.fingerprint


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "no such file"),
        (b"\xff\xfe\x00", "not text in UTF-8"),
    ],
)
def test_unreadable_card(tmp_path, content, message):
    path = tmp_path / "card.yaml"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=message):
        RunCard.load(path)


def test_cards_are_checked_without_jax_and_flavio():
    code = (
        "import sys, muobayes.cli\n"
        "from muobayes.runcard import RunCard\n"
        f"RunCard.load({str(RUNS / 'fig1.yaml')!r})\n"
        "sys.exit(sum(name in sys.modules for name in ('jax', 'flavio', 'numpyro', 'matplotlib', 'arviz')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
