#!/usr/bin/env python3
"""Golden runs of every SAE variant: 20 steps by an independent float64 reference, and by the field's library where it
has the variant (decision 27).

    python3 -m venv --system-site-packages /tmp/venv4          # torch 2.13.0 (CPU) and NumPy are there already
    /tmp/venv4/bin/pip install --no-deps dictionary_learning==0.1.0 einops
    /tmp/venv4/bin/pip install sae-lens
    /tmp/venv4/bin/python scripts/golden/sae_variants/make.py e2e/golden/sae_variants

A case whose closest selection float32 could decide otherwise is drawn again from the next seed. A library that departs
from the reference by more than LIMIT ends the script.
"""
import json
import pathlib
import sys

import numpy as np

from cases import CASES, SIZES, initial, run_case
from libraries import LIBRARIES, run_library

# Float32 pre-activations of these sizes are known to about 2e-6, parameters after 20 steps to about 1e-5.
MARGIN = 3e-5
LIMIT = 1e-9
# The test draws these itself, as initial() does.
SHARED = ("W_enc", "b_enc", "W_dec", "b_dec")
NO_LIBRARY = "no library has this variant; the numbers are the float64 NumPy reference's alone"


def short(values):
    return [float(f"{v:.9g}") for v in np.asarray(values).ravel()]


def rows(name, value):
    """W_enc as rows of features, as the trainer keeps it (decision 2)."""
    return value.T if name == "W_enc" else value


def compare(name, case, seed, record, w):
    if name not in LIBRARIES:
        return NO_LIBRARY
    library, what, _ = LIBRARIES[name]
    losses, params = run_library(name, case, seed)
    loss = max(abs(a - b) / abs(b) for a, b in zip(losses, record["loss"]))
    worst = max(float(np.abs(params[k] - w[k]).max()) for k in w)
    if loss > LIMIT or worst > LIMIT:
        sys.exit(f"{name}: {library} departs from the reference: losses by {loss:.3g} relative, parameters by {worst:.3g}")
    return {
        "library": library, "what": what, "largest_relative_difference_of_losses": float(f"{loss:.2g}"),
        "largest_difference_of_parameters": float(f"{worst:.2g}"),
    }


def make(name, case):
    for seed in range(1000, 100_000, 1000):
        record, w = run_case(case, seed)
        if record["margin"] > MARGIN:
            break
    agreed = compare(name, case, seed, record, w)
    print(f"{name}: seed {seed}, margin {record['margin']:.2g}, {agreed}", file=sys.stderr)
    series = {k: short(v) for k, v in record.items() if k not in ("margin", "dead", "theta")}
    return {
        "made_by": "scripts/golden/sae_variants/make.py", "library": agreed, "variant": case["variant"], **SIZES,
        "seed": seed, "gradient": case.get("gradient", False), "norm": case.get("norm", "unit"),
        "config": case["config"], "margin": float(f"{record['margin']:.2g}"), "dead": record["dead"], "series": series,
        # For variants that keep running thresholds: one for all features, or one a feature.
        "theta": {"shared": record["theta"]["shared"], "each": short(record["theta"]["each"])}
        if "k" in case["config"] else {},
        **({"quotas": case["quotas"]} if "quotas" in case else {}),
        "start": {k: short(v) for k, v in initial(case.get("kind"), case.get("norm")).items() if k not in SHARED},
        "params": {k: short(rows(k, v)) for k, v in w.items()},
    }


out = pathlib.Path(sys.argv[1])
out.mkdir(parents=True, exist_ok=True)
wanted = sys.argv[2:] or list(CASES)
for name in wanted:
    (out / f"{name}.json").write_text(json.dumps(make(name, CASES[name]), separators=(",", ":")) + "\n")
