#!/usr/bin/env python3
"""SAE folders there and back: ours read by the real sae-lens, and sae-lens's own for our reader.

    node scripts/run.mjs golden/export_saelens /tmp/exported
    python3 -m venv --system-site-packages /tmp/venv4 && /tmp/venv4/bin/pip install sae-lens   # torch 2.13.0, CPU
    /tmp/venv4/bin/python scripts/golden/saelens_roundtrip.py /tmp/exported e2e/golden

Writes sae_saelens_check.json (what sae-lens makes of our folders; every difference must be below 1e-5: f32 sums of 24
and 96 products of size below 1) and sae_saelens_theirs.json (folders that sae-lens saved, base64, with rows and what
sae-lens makes of them; e2e/golden/sae_saelens_theirs.test.ts reads those). Exit 1 when one of ours differs.
"""
import base64
import importlib.metadata
import json
import pathlib
import sys
import tempfile

import torch
from safetensors.torch import load_file
from sae_lens import SAE
from sae_lens.saes.batchtopk_sae import BatchTopKTrainingSAE, BatchTopKTrainingSAEConfig
from sae_lens.saes.gated_sae import GatedTrainingSAE, GatedTrainingSAEConfig
from sae_lens.saes.jumprelu_sae import JumpReLUTrainingSAE, JumpReLUTrainingSAEConfig
from sae_lens.saes.matryoshka_batchtopk_sae import (
    MatryoshkaBatchTopKTrainingSAE,
    MatryoshkaBatchTopKTrainingSAEConfig,
)
from sae_lens.saes.standard_sae import StandardTrainingSAE, StandardTrainingSAEConfig
from sae_lens.saes.topk_sae import TopKTrainingSAE, TopKTrainingSAEConfig

LIMIT = 1e-5
VERSIONS = {
    "made_by": "scripts/golden/saelens_roundtrip.py",
    "sae_lens": importlib.metadata.version("sae-lens"),
    "torch": torch.__version__,
}
D_IN, D_SAE, ROWS = 7, 20, 9
HOOK = "blocks.1.hook_resid_post"


def check_ours(root):
    folders = {}
    for folder in sorted(p for p in root.iterdir() if p.is_dir()):
        sae = SAE.load_from_disk(str(folder))
        rows = load_file(folder / "rows.safetensors")
        # hook_z SAEs take [.., heads, d_head] unless reshaping is off; our rows are flat already.
        sae.turn_off_forward_pass_hook_z_reshaping()
        with torch.no_grad():
            acts = sae.encode(rows["x"])
            recon = sae.decode(acts)
        folders[folder.name] = {
            "architecture": sae.cfg.architecture(),
            "hook_name": sae.cfg.metadata.hook_name,
            "rows": len(rows["x"]),
            "l0": float((acts > 0).sum(1).float().mean()),
            "max_abs_acts": float((acts - rows["acts"]).abs().max()),
            "same_support": bool(((acts > 0) == (rows["acts"] > 0)).all()),
            "max_abs_recon": float((recon - rows["recon"]).abs().max()),
        }
    good = bool(folders) and all(
        r["same_support"] and r["max_abs_acts"] < LIMIT and r["max_abs_recon"] < LIMIT for r in folders.values()
    )
    return {**VERSIONS, "limit": LIMIT, "folders": folders, "good": good}


def trained(sae_class, config_class, **extra):
    """A training SAE of sae-lens with nothing trivial in it."""
    sae = sae_class(config_class(d_in=D_IN, d_sae=D_SAE, **extra))
    torch.manual_seed(len(sae_class.__name__))
    for name, p in sae.named_parameters():
        p.data = torch.rand(p.shape) * 0.6 + 0.1 if name == "threshold" else torch.randn(p.shape) * 0.4
    if hasattr(sae, "topk_threshold"):
        sae.topk_threshold = torch.tensor(0.31, dtype=torch.double)
    sae.cfg.metadata.hook_name = HOOK
    sae.cfg.metadata.model_name = "tiny"
    return sae


def flatten(folder):
    """cfg.json of version 5: everything at the top, no metadata, topk by its activation function."""
    path = folder / "cfg.json"
    cfg = json.loads(path.read_text())
    flat = {**cfg, **cfg.pop("metadata")}
    for key in ("metadata", "sae_lens_version", "reshape_activations"):
        flat.pop(key, None)
    flat.update({"sae_lens_training_version": "5.11.0", "hook_layer": 1, "activation_fn_str": "relu"})
    flat.update({"activation_fn_kwargs": {}, "finetuning_scaling_factor": False})
    if flat["architecture"] == "topk":
        flat.update({"architecture": "standard", "activation_fn_str": "topk"})
        flat["activation_fn_kwargs"] = {"k": flat.pop("k")}
        flat.pop("rescale_acts_by_decoder_norm", None)
    path.write_text(json.dumps(flat))


def pack(folder, x, sae):
    with torch.no_grad():
        acts = sae.encode(x)
        recon = sae.decode(acts)
    names = ("cfg.json", "sae_weights.safetensors", "activation_scaler.json")
    return {
        "files": {n: base64.b64encode((folder / n).read_bytes()).decode() for n in names if (folder / n).exists()},
        "acts": [float(f"{v:.9g}") for v in acts.flatten().tolist()],
        "recon": [float(f"{v:.9g}") for v in recon.flatten().tolist()],
    }


STANDARD = (StandardTrainingSAE, StandardTrainingSAEConfig)
TOPK = (TopKTrainingSAE, TopKTrainingSAEConfig)
JUMP = (JumpReLUTrainingSAE, JumpReLUTrainingSAEConfig)
GATED = (GatedTrainingSAE, GatedTrainingSAEConfig)
BATCH = (BatchTopKTrainingSAE, BatchTopKTrainingSAEConfig)
MATRYOSHKA = (MatryoshkaBatchTopKTrainingSAE, MatryoshkaBatchTopKTrainingSAEConfig)
PARTS = {"matryoshka_widths": [5, 10, D_SAE]}
# name: class and config, how the folder is saved
THEIRS = {
    "v6 standard": (*STANDARD, {}, "inference"),
    "v6 standard, b_dec not subtracted": (*STANDARD, {"apply_b_dec_to_input": False}, "inference"),
    "v6 topk": (*TOPK, {"k": 4, "rescale_acts_by_decoder_norm": False}, "inference"),
    "v6 topk, norms folded": (*TOPK, {"k": 4}, "inference"),
    "v6 topk, training checkpoint": (*TOPK, {"k": 4}, "checkpoint"),
    "v6 jumprelu": (*JUMP, {}, "inference"),
    "v6 gated": (*GATED, {}, "inference"),
    "v6 batchtopk": (*BATCH, {"k": 4}, "inference"),
    "v6 batchtopk, training checkpoint": (*BATCH, {"k": 4}, "checkpoint"),
    "v6 matryoshka": (*MATRYOSHKA, {"k": 4, **PARTS}, "inference"),
    "v6 matryoshka, training checkpoint": (*MATRYOSHKA, {"k": 4, **PARTS}, "checkpoint"),
    "v6 gated, scaled input": (*GATED, {"normalize_activations": "expected_average_only_in"}, "scaled"),
    "v6 standard, scaled input": (*STANDARD, {"normalize_activations": "expected_average_only_in"}, "scaled"),
    "v5 standard": (*STANDARD, {}, "v5"),
    "v5 topk": (*TOPK, {"k": 4, "rescale_acts_by_decoder_norm": False}, "v5"),
    "v5 jumprelu": (*JUMP, {}, "v5"),
    "v5 gated": (*GATED, {}, "v5"),
}


def make_theirs():
    torch.manual_seed(1)
    x = torch.randn(ROWS, D_IN)
    folders = {}
    for name, (sae_class, config_class, extra, how) in THEIRS.items():
        with tempfile.TemporaryDirectory() as saved, tempfile.TemporaryDirectory() as judged:
            saved, judged = pathlib.Path(saved), pathlib.Path(judged)
            sae = trained(sae_class, config_class, **extra)
            if how in ("checkpoint", "scaled"):
                # What a trainer leaves behind; the judge is the SAE that sae-lens saves from it at the end.
                sae.save_model(str(saved))
                if how == "scaled":
                    (saved / "activation_scaler.json").write_text(json.dumps({"scaling_factor": 2.5}))
                    sae.fold_activation_norm_scaling_factor(2.5)
                sae.save_inference_model(str(judged))
            else:
                sae.save_inference_model(str(saved))
                if how == "v5":
                    flatten(saved)
                judged = saved
            folders[name] = pack(saved, x, SAE.load_from_disk(str(judged)))
    rows = [float(f"{v:.9g}") for v in x.flatten().tolist()]
    return {**VERSIONS, "d_in": D_IN, "d_sae": D_SAE, "hook_name": HOOK, "x": rows, "folders": folders}


report = check_ours(pathlib.Path(sys.argv[1]))
out = pathlib.Path(sys.argv[2])
(out / "sae_saelens_check.json").write_text(json.dumps(report, indent=1) + "\n")
(out / "sae_saelens_theirs.json").write_text(json.dumps(make_theirs(), separators=(",", ":")) + "\n")
print(json.dumps({k: v["max_abs_acts"] for k, v in report["folders"].items()}))
sys.exit(0 if report["good"] else 1)
