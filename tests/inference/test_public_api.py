"""The public names of this room and of the priors: a change here is a change for users."""

import importlib

import pytest

PUBLIC = {
    "muobayes.inference.bridge": ["BridgeResult", "bridge_evidence"],
    "muobayes.inference.checkpoint": ["Checkpoint", "arrays_to_tree", "tree_to_arrays"],
    "muobayes.inference.compare": [
        "Comparison",
        "DISAGREEMENT",
        "ModelEvidence",
        "Row",
        "combined",
        "compare",
        "deviations_apart",
        "dimensionality",
        "information",
        "jeffreys",
    ],
    "muobayes.inference.control": [
        "RunInterruptedError",
        "Ticker",
        "graceful_stop",
        "ticker",
        "worker_count",
    ],
    "muobayes.inference.diagnostics": [
        "Diagnostics",
        "ParameterDiagnostics",
        "WeightDiagnostics",
        "diagnose",
        "diagnose_weights",
    ],
    "muobayes.inference.evaluation": [
        "Evaluation",
        "check_posterior",
        "evaluate",
        "place",
        "value_and_gradient",
    ],
    "muobayes.inference.importance": [
        "Importance",
        "ImportanceOptions",
        "WeightedPoints",
        "run_importance",
        "weighted_points",
    ],
    "muobayes.inference.jumps": ["Jumps", "Scouted", "draw_jumps", "scout", "try_jump"],
    "muobayes.inference.modes": ["Mode", "weigh_modes"],
    "muobayes.inference.mixture": ["Mixture", "fit_mixture"],
    "muobayes.inference.nested": [
        "NestedOptions",
        "NestedResult",
        "inner_moves",
        "memory_factor",
        "run_nested",
        "upward_bias",
    ],
    "muobayes.inference.nuts": ["Draws", "NutsOptions", "run_nuts", "sample_chain", "starting_points"],
    "muobayes.inference.optimum": ["Optimum", "Profile", "find_optimum", "profile"],
    "muobayes.inference.posterior": ["Posterior", "Proposal", "no_derived", "require_parameters"],
    "muobayes.inference.prior_sensitivity": ["Sensitivity", "prior_sensitivity", "widened"],
    "muobayes.inference.result": ["Evidence", "inference_data", "load_result", "save_result", "versions"],
    "muobayes.inference.sbc": ["SbcResult", "simulation_based_calibration", "uniformity"],
    "muobayes.inference.seeds": ["named_key"],
    "muobayes.inference.symmetry": ["Fold", "SignSymmetry", "fold_signs", "sign_symmetry"],
    "muobayes.priors.distributions": ["PriorSet", "prior_set"],
}


@pytest.mark.parametrize("module", PUBLIC)
def test_public_names(module):
    loaded = importlib.import_module(module)
    assert sorted(loaded.__all__) == PUBLIC[module]
    assert all(getattr(loaded, name).__doc__ for name in loaded.__all__ if name != "Ticker")
