#!/usr/bin/env python3
"""Loads exported folders with the real sae-lens and compares its encodings and reconstructions with ours.

    node scripts/run.mjs golden/export_saelens /tmp/exported
    python3 -m venv --system-site-packages /tmp/gold && /tmp/gold/bin/pip install sae-lens   # torch 2.13.0, CPU
    /tmp/gold/bin/python scripts/golden/check_saelens.py /tmp/exported > e2e/golden/sae_saelens_check.json

Every difference must be below 1e-5 (f32 sums of 24 and 96 products of size below 1). Exit 1 otherwise.
"""
import importlib.metadata
import json
import pathlib
import sys

import torch
from safetensors.torch import load_file
from sae_lens import SAE

LIMIT = 1e-5
report = {
    "made_by": "scripts/golden/check_saelens.py",
    "sae_lens": importlib.metadata.version("sae-lens"),
    "torch": torch.__version__,
    "limit": LIMIT,
    "folders": {},
}
for folder in sorted(p for p in pathlib.Path(sys.argv[1]).iterdir() if p.is_dir()):
    sae = SAE.load_from_disk(str(folder))
    rows = load_file(folder / "rows.safetensors")
    # hook_z SAEs take [.., heads, d_head] unless reshaping is off; our rows are flat already.
    sae.turn_off_forward_pass_hook_z_reshaping()
    with torch.no_grad():
        acts = sae.encode(rows["x"])
        recon = sae.decode(acts)
    report["folders"][folder.name] = {
        "architecture": sae.cfg.architecture(),
        "hook_name": sae.cfg.metadata.hook_name,
        "rows": len(rows["x"]),
        "l0": float((acts > 0).sum(1).float().mean()),
        "max_abs_acts": float((acts - rows["acts"]).abs().max()),
        "same_support": bool(((acts > 0) == (rows["acts"] > 0)).all()),
        "max_abs_recon": float((recon - rows["recon"]).abs().max()),
    }
good = all(
    r["same_support"] and r["max_abs_acts"] < LIMIT and r["max_abs_recon"] < LIMIT for r in report["folders"].values()
)
json.dump({**report, "good": good}, sys.stdout, indent=1)
sys.stdout.write("\n")
sys.exit(0 if good and report["folders"] else 1)
