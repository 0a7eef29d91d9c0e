"""The same runs by the field's own libraries, in float64: their loss and autograd, torch's Adam.

dictionary_learning (Marks, Karvonen, Mueller) 0.1.0 and sae-lens (Bloom, Chanin). Only what decision 1 and decision 22
choose otherwise stands here: projection, clipping by the norm of the step before, Adam, renormalisation, schedules, and
that a feature is dead for AuxK by the firings before this step. dictionary_learning casts AuxK to float32 (`.float()`),
which is widened to float64 here, so that the agreement can be read.
"""
import importlib.metadata
import importlib.util
import pathlib
import sys
import types

import torch as t

# dictionary_learning imports its buffer of language-model activations, which wants nnsight; nothing here uses it.
sys.modules.setdefault("nnsight", types.ModuleType("nnsight")).LanguageModel = object
root = pathlib.Path(importlib.util.find_spec("dictionary_learning").origin).parent
for name in ("dictionary_learning", "dictionary_learning.trainers"):
    module = types.ModuleType(name)
    module.__path__ = [str(root / name.replace("dictionary_learning", "").strip("."))]
    sys.modules[name] = module
from dictionary_learning.dictionary import AutoEncoder, GatedAutoEncoder  # noqa: E402
from dictionary_learning.trainers import batch_top_k, gdm, matryoshka_batch_top_k, standard, top_k  # noqa: E402
from sae_lens.saes.jumprelu_sae import JumpReLUTrainingSAE, JumpReLUTrainingSAEConfig  # noqa: E402
from sae_lens.saes.sae import TrainStepInput  # noqa: E402
from sae_lens.saes.standard_sae import StandardTrainingSAE, StandardTrainingSAEConfig  # noqa: E402

from cases import D_IN, D_SAE, JUMP, K, N, PREFIXES, RUN, STEPS, batches, initial, lam  # noqa: E402
from trainer import lr_at  # noqa: E402

t.Tensor.float = lambda self: self.double()
DL = f"dictionary_learning {importlib.metadata.version('dictionary_learning')}"
SL = f"sae-lens {importlib.metadata.version('sae-lens')}"
# The names that the JSON uses, and where each library keeps them; .T where it stores the transpose.
LINEAR = {"W_enc": "encoder.weight.T", "b_enc": "encoder.bias", "W_dec": "decoder.weight.T", "b_dec": "b_dec"}
PLAIN = {name: name for name in ("W_enc", "b_enc", "W_dec", "b_dec")}


def parameter(model, path):
    """The torch parameter of a path, and whether it is stored transposed."""
    names = path.split(".")
    flip = names[-1] == "T"
    for name in names[: len(names) - flip]:
        model = getattr(model, name)
    return model, flip


def with_dead_before(trainer_class):
    """AuxK as decision 0010 has it: dead by the steps before this one."""

    class Trainer(trainer_class):
        def loss(self, x, step=None, **rest):
            self.before = self.num_tokens_since_fired.clone()
            return super().loss(x, step=step, **rest)

        def get_auxiliary_loss(self, residual, acts):
            after, self.num_tokens_since_fired = self.num_tokens_since_fired, self.before
            aux = super().get_auxiliary_loss(residual, acts)
            self.num_tokens_since_fired = after
            return aux

    return Trainer


def hard(trainer_class, names, **extra):
    trainer = with_dead_before(trainer_class)(
        steps=10**6, activation_dim=D_IN, dict_size=D_SAE, k=K, layer=0, lm_name="none", lr=1.0, device="cpu", **extra
    )
    trainer.dead_feature_threshold = N

    return trainer.ae, names, lambda x, step: trainer.loss(x, step=step)


def soft(trainer_class, names, **extra):
    trainer = trainer_class(
        steps=10**6, activation_dim=D_IN, dict_size=D_SAE, layer=0, lm_name="none", device="cpu",
        sparsity_warmup_steps=None, **extra,
    )

    def loss(x, step):
        trainer.l1_penalty = lam(step)
        return trainer.loss(x, step)

    return trainer.ae, names, loss


def lens(sae_class, config_class, coefficient, value, **extra):
    sae = sae_class(config_class(d_in=D_IN, d_sae=D_SAE, dtype="float64", **extra))
    if hasattr(sae, "threshold"):
        # sae-lens keeps the threshold in float32.
        sae.threshold = t.nn.Parameter(sae.threshold.detach().double())

    def loss(x, step):
        given = TrainStepInput(
            sae_in=x, coefficients={coefficient: lam(step, value)}, dead_neuron_mask=None, n_training_steps=step,
            is_logging_step=False,
        )
        return sae.training_forward_pass(given).loss

    return sae, {**PLAIN, **({"theta": "threshold"} if hasattr(sae, "threshold") else {})}, loss


GATED = {
    "W_enc": "encoder.weight.T", "b_gate": "gate_bias", "b_mag": "mag_bias", "r_mag": "r_mag",
    "W_dec": "decoder.weight.T", "b_dec": "decoder_bias",
}
TIED = {**LINEAR, "b_dec": "bias"}
JUMP_ARGS = {"jumprelu_bandwidth": JUMP["bandwidth"], "jumprelu_tanh_scale": JUMP["tanh_scale"]}
# Each golden case that a library has: (its name and version, where its loss differs by choice, a maker).
LIBRARIES = {
    "topk": (DL, "TopKTrainer", lambda: hard(top_k.TopKTrainer, LINEAR)),
    "batch_topk": (DL, "BatchTopKTrainer", lambda: hard(batch_top_k.BatchTopKTrainer, LINEAR)),
    "mutual_choice": (
        DL, "BatchTopKTrainer with auxk_alpha 0", lambda: hard(batch_top_k.BatchTopKTrainer, LINEAR, auxk_alpha=0.0),
    ),
    "matryoshka": (
        # It takes the mean over groups once more (sae-training.md 6.6), so weights of 1 make 1/G of each.
        DL, "MatryoshkaBatchTopKTrainer with group weights 1, whose mean it takes",
        lambda: hard(
            matryoshka_batch_top_k.MatryoshkaBatchTopKTrainer, PLAIN,
            group_fractions=[0.25, 0.25, 0.5], group_weights=[1.0] * len(PREFIXES),
        ),
    ),
    "l1": (
        SL, "StandardTrainingSAE",
        lambda: lens(
            StandardTrainingSAE, StandardTrainingSAEConfig, "l1", lam(STEPS), apply_b_dec_to_input=False
        ),
    ),
    "l1_tied": (
        DL, "StandardTrainerAprilUpdate with its tied AutoEncoder",
        lambda: soft(standard.StandardTrainerAprilUpdate, TIED, dict_class=AutoEncoder),
    ),
    "l1_kissane": (DL, "StandardTrainer", lambda: soft(standard.StandardTrainer, TIED, dict_class=AutoEncoder)),
    "gated": (DL, "GatedSAETrainer", lambda: soft(gdm.GatedSAETrainer, GATED, dict_class=GatedAutoEncoder)),
    "jumprelu": (
        SL, "JumpReLUTrainingSAE, step penalty",
        lambda: lens(
            JumpReLUTrainingSAE, JumpReLUTrainingSAEConfig, "l0", 0.1, jumprelu_sparsity_loss_mode="step", **JUMP_ARGS
        ),
    ),
    "jumprelu_tanh": (
        SL, "JumpReLUTrainingSAE, tanh penalty",
        lambda: lens(
            JumpReLUTrainingSAE, JumpReLUTrainingSAEConfig, "l0", 0.1, jumprelu_sparsity_loss_mode="tanh",
            **JUMP_ARGS,
        ),
    ),
}


def project(rows):
    """G - (G.d) d on the decoder's gradient; rows are a view of the parameter and of its gradient."""
    d, g = rows
    g -= (g * d).sum(1, keepdim=True) * d


def run_library(name, case, seed):
    """Losses per step and final parameters of the library's run."""
    model, names, loss_of = LIBRARIES[name][2]()
    model.double()
    params = {}
    for key, value in initial(case.get("kind"), case.get("norm")).items():
        p, flip = parameter(model, names[key])
        p.data = t.tensor(value.T.copy() if flip else value, dtype=t.float64)
        params[key] = (p, flip)
    c = {**RUN, **case.get("run", {})}
    used = [p for p, _ in params.values()]
    adam = t.optim.Adam(used, lr=1.0, betas=(c["beta1"], c["beta2"]), eps=c["eps"])
    dec, flip = params["W_dec"]
    factor, losses = 1.0, []
    for at, x in enumerate(batches(seed)):
        adam.zero_grad()
        loss = loss_of(t.tensor(x), at + 1)
        loss.backward()
        losses.append(loss.item())
        with t.no_grad():
            if c["unit_norm"]:
                project((dec.data.T, dec.grad.T) if flip else (dec.data, dec.grad))
            norm = float(t.sqrt(sum((p.grad**2).sum() for p in used)))
            for p in used:
                p.grad *= factor
            adam.param_groups[0]["lr"] = lr_at(at + 1, STEPS, c)
            adam.step()
            if c["unit_norm"]:
                dec.data /= dec.data.norm(dim=0 if flip else 1, keepdim=True)
        factor = c["clip"] / norm if c["clip"] > 0 and norm > c["clip"] else 1.0
    return losses, {k: (p.detach().T if flip else p.detach()).numpy() for k, (p, flip) in params.items()}
