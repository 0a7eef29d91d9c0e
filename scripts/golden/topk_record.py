#!/usr/bin/env python3
"""Golden numbers of the TopK step of record: 20 steps of dictionary_learning's own TopKTrainer, in float64.

    python3 -m venv --system-site-packages /tmp/gold
    /tmp/gold/bin/pip install --no-deps dictionary_learning==0.1.0 einops   # torch==2.13.0 (CPU) is there already
    /tmp/gold/bin/python scripts/golden/topk_record.py > e2e/golden/sae_topk_record.json

dictionary_learning (Marks, Karvonen, Mueller) differs from decision 22 in three places, which are overridden here and
nowhere else:
  1. b_dec starts at a given value (there: geometric median of the first batch).
  2. Gradients are clipped by the global norm of the step before (there: of this step); decision 1.
  3. A feature is dead for AuxK by the firings before this step (there: this step's included), since pre_acts are seen
     one row chunk at a time.
The learning rate is constant. Initial values and batches come from the same 32-bit generator as in the test.
"""
import json
import sys
import types

# dictionary_learning imports its buffer of language-model activations, which wants nnsight; nothing here uses it.
for name in ("nnsight", "datasets", "zstandard", "wandb", "transformers"):
    sys.modules.setdefault(name, types.ModuleType(name))
sys.modules["nnsight"].LanguageModel = object
import torch as t  # noqa: E402

import importlib.util  # noqa: E402
import pathlib  # noqa: E402

spec = importlib.util.find_spec("dictionary_learning")
package = types.ModuleType("dictionary_learning")
package.__path__ = [str(pathlib.Path(spec.origin).parent)]
sys.modules["dictionary_learning"] = package
trainers = types.ModuleType("dictionary_learning.trainers")
trainers.__path__ = [package.__path__[0] + "/trainers"]
sys.modules["dictionary_learning.trainers"] = trainers
from dictionary_learning.trainers import top_k  # noqa: E402

N, D_IN, D_SAE, K, STEPS, LR, CLIP, DEAD_STEPS = 32, 10, 48, 3, 20, 2e-3, 1.0, 1


def stream(seed):
    """Numbers (m / 2^23) - 1 with 24-bit m: exact in float32."""
    state = seed
    while True:
        state = (state * 1664525 + 1013904223) % 2**32
        yield (state >> 8) / 2**23 - 1


def draw(seed, count):
    s = stream(seed)
    return [next(s) for _ in range(count)]


def unit_rows(values):
    rows = []
    for f in range(D_SAE):
        row = values[f * D_IN : (f + 1) * D_IN]
        norm = sum(v * v for v in row) ** 0.5
        rows.append([v / norm for v in row])
    # The test's parameters are float32.
    return t.tensor(rows, dtype=t.float32).double()


class Trainer(top_k.TopKTrainer):
    def update(self, step, x):
        self.before = self.num_tokens_since_fired.clone()
        return super().update(step, x)

    def get_auxiliary_loss(self, residual_BD, post_relu_acts_BF):
        after = self.num_tokens_since_fired
        self.num_tokens_since_fired = self.before
        self.aux = super().get_auxiliary_loss(residual_BD, post_relu_acts_BF)
        self.num_tokens_since_fired = after
        return self.aux


norms = []


def clip_by_last(parameters, max_norm):
    grads = [p.grad for p in parameters]
    norm = float(t.sqrt(sum((g**2).sum() for g in grads)))
    factor = CLIP / norms[-1] if norms and norms[-1] > CLIP else 1.0
    norms.append(norm)
    for g in grads:
        g.mul_(factor)


t.nn.utils.clip_grad_norm_ = clip_by_last
trainer = Trainer(
    steps=STEPS + 2, activation_dim=D_IN, dict_size=D_SAE, k=K, layer=0, lm_name="none", lr=LR, warmup_steps=0, device="cpu"
)
trainer.dead_feature_threshold = DEAD_STEPS * N
rows = unit_rows(draw(1, D_SAE * D_IN))
trainer.ae.double()
trainer.ae.encoder.weight.data = rows.clone()
trainer.ae.decoder.weight.data = rows.T.clone()
trainer.ae.encoder.bias.data = t.tensor(draw(2, D_SAE)).double() / 8
trainer.ae.b_dec.data = t.tensor(draw(3, D_IN)).double() / 4

mse, aux = [], []
for step in range(STEPS):
    x = t.tensor(draw(100 + step, N * D_IN)).double().reshape(N, D_IN) * 2
    # step > 0 keeps the trainer from setting b_dec.
    loss = trainer.update(step + 1, x)
    a = float(trainer.aux.detach())
    aux.append(a)
    mse.append(loss - a / 32)

def short(values):
    return [float(f"{v:.9g}") for v in values]


json.dump(
    {
        "made_by": "scripts/golden/topk_record.py, dictionary_learning 0.1.0, torch " + t.__version__,
        "n": N, "d_in": D_IN, "d_sae": D_SAE, "k": K, "k_aux": D_IN // 2, "steps": STEPS, "lr": LR, "clip": CLIP,
        "deadSteps": DEAD_STEPS,
        "mse": short(mse), "aux": short(aux), "norm": short(norms),
        "W_enc": short(trainer.ae.encoder.weight.detach().flatten().tolist()),
        "b_enc": short(trainer.ae.encoder.bias.detach().tolist()),
        "W_dec": short(trainer.ae.decoder.weight.detach().T.flatten().tolist()),
        "b_dec": short(trainer.ae.b_dec.detach().tolist()),
    },
    sys.stdout,
)
sys.stdout.write("\n")
