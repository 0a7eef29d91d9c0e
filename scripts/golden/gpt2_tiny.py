"""Numbers of two random tiny GPT-2 models, from transformers (float64) with transformer-lens's hook names.

Writes e2e/golden/gpt2_tiny_{tied,untied}/{config.json, model.safetensors, golden.safetensors}.
    pip install torch transformers transformer-lens safetensors
    python scripts/golden/gpt2_tiny.py
Biases and gains are redrawn, N(0, 0.3) and 1 + N(0, 0.3), and sizes are odd, so that no term can hide (decision 26).
Gradients are of the mean cross-entropy over predicted tokens (decision 21), by torch.autograd.
The script itself checks that transformer-lens without weight processing gives the same logits and activations, and
that its processed form gives the same logits up to a constant of each row.
"""

import json
from pathlib import Path

import torch
import transformer_lens
import transformers
from safetensors.torch import save_file
from transformer_lens import HookedTransformer, HookedTransformerConfig
from transformer_lens.pretrained.weight_conversions import convert_gpt2_weights

OUT = Path(__file__).resolve().parents[2] / "e2e" / "golden"
BATCH, SEQ = 2, 13
VARIANTS = {
    "tied": {"activation_function": "gelu_new", "n_inner": 37},
    "untied": {
        "activation_function": "gelu",
        "n_inner": None,
        "tie_word_embeddings": False,
        "scale_attn_by_inverse_layer_idx": True,
    },
}
SIZES = dict(n_embd=30, n_head=3, n_layer=2, n_positions=19, vocab_size=53, bos_token_id=5, eos_token_id=5)
HOOKS = [
    "hook_resid_pre", "attn.hook_q", "attn.hook_k", "attn.hook_v", "attn.hook_pattern", "attn.hook_z",
    "hook_attn_out", "hook_resid_mid", "mlp.hook_pre", "mlp.hook_post", "hook_mlp_out", "hook_resid_post",
]  # fmt: skip
# The untied model's own file is larger, so its numbers are fewer: all below 200 kB a file.
GRAD_HOOKS = ["attn.hook_z", "attn.hook_pattern", "hook_resid_pre"]


def make_model(variant, seed):
    torch.manual_seed(seed)
    dropout = dict(resid_pdrop=0.0, embd_pdrop=0.0, attn_pdrop=0.0)
    config = transformers.GPT2Config(**SIZES, **VARIANTS[variant], **dropout)
    config._attn_implementation = "eager"
    model = transformers.GPT2LMHeadModel(config).eval()
    with torch.no_grad():
        for name, p in model.named_parameters():
            if name.endswith("bias"):
                p.copy_(torch.randn_like(p) * 0.3)
            elif ".ln_" in name:
                p.copy_(1 + torch.randn_like(p) * 0.3)
            else:
                p.copy_(torch.randn_like(p) * 0.25)
    return model


def tl_model(model):
    c = model.config
    cfg = HookedTransformerConfig(
        d_model=c.n_embd, d_head=c.n_embd // c.n_head, n_layers=c.n_layer, n_ctx=c.n_positions, n_heads=c.n_head,
        d_mlp=c.n_inner or 4 * c.n_embd, d_vocab=c.vocab_size, act_fn=c.activation_function, eps=c.layer_norm_epsilon,
        scale_attn_by_inverse_layer_idx=c.scale_attn_by_inverse_layer_idx, normalization_type="LN",
        dtype=torch.float64, device="cpu",
    )  # fmt: skip
    state = convert_gpt2_weights(model, cfg)
    raw = HookedTransformer(cfg)
    raw.load_state_dict(state, strict=False)
    processed = HookedTransformer(cfg)
    processed.load_and_process_state_dict(dict(state), fold_ln=False)
    return raw.double(), processed.double()


def write_variant(variant, seed):
    model = make_model(variant, seed)
    folder = OUT / f"gpt2_tiny_{variant}"
    folder.mkdir(parents=True, exist_ok=True)
    state = {k: v.detach().clone().contiguous() for k, v in model.state_dict().items()}
    if variant == "tied":
        state.pop("lm_head.weight")
    save_file(state, folder / "model.safetensors", metadata={"format": "pt"})
    keep = ["model_type", *SIZES, *VARIANTS[variant], "layer_norm_epsilon", "tie_word_embeddings", "n_inner"]
    config = {k: getattr(model.config, k) for k in keep}
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")

    model = model.double()
    tokens = torch.randint(0, SIZES["vocab_size"], (BATCH, SEQ), generator=torch.Generator().manual_seed(seed + 1))
    out = model(tokens, labels=tokens)
    params = dict(model.named_parameters())
    grads = torch.autograd.grad(out.loss, list(params.values()))

    raw, processed = tl_model(model)
    cached = {}

    def keep_grad(act, hook):
        act.retain_grad()
        cached[hook.name] = act

    hooks = HOOKS if variant == "tied" else [*GRAD_HOOKS, "hook_attn_out"]
    names = [f"blocks.{layer}.{h}" for layer in range(SIZES["n_layer"]) for h in hooks]
    tl_logits = raw.run_with_hooks(tokens, fwd_hooks=[(n, keep_grad) for n in names])
    logp = tl_logits[:, :-1].log_softmax(-1).gather(-1, tokens[:, 1:, None])[..., 0]
    (-logp.mean()).backward()
    assert torch.allclose(tl_logits, out.logits, atol=1e-10), (tl_logits - out.logits).abs().max()
    shifted = processed(tokens)
    centred = lambda x: x - x.mean(-1, keepdim=True)  # noqa: E731
    # transformer-lens folds in float32.
    assert torch.allclose(centred(shifted), centred(out.logits), atol=1e-5), "processed form differs"

    golden = {"tokens": tokens, "logits": out.logits, "loss": out.loss[None], "nats": -logp}
    for name in names:
        golden[name] = cached[name]
    for layer in range(SIZES["n_layer"]):
        for h in GRAD_HOOKS:
            golden[f"d:blocks.{layer}.{h}"] = cached[f"blocks.{layer}.{h}"].grad
    for (name, _), grad in zip(params.items(), grads):
        golden[f"d:{name}"] = grad
    # One logit's gradient at both layers' z, through transformer-lens.
    raw.zero_grad()
    one = raw.run_with_hooks(tokens, fwd_hooks=[(f"blocks.{i}.attn.hook_z", keep_grad) for i in range(2)])
    one[1, 7, 11].backward()
    for layer in range(2):
        golden[f"d_logit:blocks.{layer}.attn.hook_z"] = cached[f"blocks.{layer}.attn.hook_z"].grad
    golden = {k: (v if v.dtype == torch.int64 else v.detach().float()).contiguous() for k, v in golden.items()}
    golden["tokens"] = golden["tokens"].int()
    versions = {"torch": torch.__version__, "transformers": transformers.__version__}
    versions["transformer_lens"] = getattr(transformer_lens, "__version__", "3")
    save_file(golden, folder / "golden.safetensors", metadata={**versions, "logit": "row 1, position 7, id 11"})
    print(variant, "loss", out.loss.item(), "bytes", sum(f.stat().st_size for f in folder.iterdir()))


if __name__ == "__main__":
    for i, variant in enumerate(VARIANTS):
        write_variant(variant, 100 + i)
