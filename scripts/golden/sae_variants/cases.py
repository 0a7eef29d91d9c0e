"""The golden cases: one dict each. `config` holds our trainer's own field names and goes into the JSON as it is."""
import numpy as np

from densities import Densities
from draws import draw, f32, unit_rows
from reference import gated_step, hard_step, jumprelu_step, l1_step
from selection import by_batch, by_column, by_row, gradient_score, largest_remainder
from trainer import lambda_at, train

SIZES = {"n": 33, "d_in": 11, "d_sae": 48, "steps": 20}
N, D_IN, D_SAE, STEPS = SIZES.values()
K, K_AUX, AUX_WEIGHT = 3, D_IN // 2, 1 / 32
COMMON = {"lr": 2e-3, "warmup": 0.25, "decay": 0.2, "clip": 1, "scaleInput": False}
RUN = {
    **{"lr": 2e-3, "warmup": 0.25, "decay": 0.2, "clip": 1.0, "beta1": 0.9, "beta2": 0.999, "eps": 1e-8},
    **{"dead_steps": 1, "unit_norm": True, "lr_factor": lambda step: 1.0},
}


def initial(kind, norm=None):
    """Nothing trivial (decision 26): biases are drawn; rows are unit, or between half and one and a half of it."""
    norms = f32(1 + draw(5, D_SAE, 0.5))[:, None] if norm == "mixed" else 1.0
    W_dec = unit_rows(draw(1, D_SAE * D_IN), D_SAE, D_IN, norms)
    w = {
        "W_enc": unit_rows(draw(1, D_SAE * D_IN), D_SAE, D_IN).T.copy(),
        "b_enc": draw(2, D_SAE, 1 / 8),
        "W_dec": W_dec,
        "b_dec": draw(3, D_IN, 1 / 4),
    }
    if kind == "gated":
        del w["b_enc"]
        w.update({"b_gate": draw(2, D_SAE, 1 / 8), "b_mag": draw(6, D_SAE, 1 / 8), "r_mag": draw(7, D_SAE, 1 / 4)})
    if kind == "jumprelu":
        # Every sixth threshold is high, so that some features are dead for a while.
        w["theta"] = f32(draw(4, D_SAE, 1 / 8) + 0.25 + 2.5 * (np.arange(D_SAE) % 6 == 5))
    return w


def batches(seed):
    return [draw(seed + i, N * D_IN, 2).reshape(N, D_IN) for i in range(STEPS)]


def gradients(seed):
    return [draw(seed + 500 + i, N * D_IN, 1 / 4).reshape(N, D_IN) for i in range(STEPS)]


def whole(p=1.0):
    return {"p": p, "levels": [(D_SAE, 1.0)], "aux_weight": AUX_WEIGHT}


def auxk(dead):
    """The k_aux largest positive z of each token among dead features (6.3)."""
    return lambda z: by_row(np.where(dead, z, 0.0), K_AUX)


def topk(w, x, g, step, dead):
    return hard_step(w, x, whole(), lambda z: by_row(z, K), auxk(dead))


def batch_topk(w, x, g, step, dead):
    return hard_step(w, x, whole(), lambda z: by_batch(z, K), auxk(dead))


def mutual_choice(w, x, g, step, dead):
    return hard_step(w, x, whole(), lambda z: by_batch(z, K))


PREFIXES = [12, 24, 48]


def matryoshka(w, x, g, step, dead):
    c = {**whole(), "levels": [(end, 1 / len(PREFIXES)) for end in PREFIXES]}
    return hard_step(w, x, c, lambda z: by_batch(z, K), auxk(dead))


UNIFORM = largest_remainder([1.0] * D_SAE, K * N, 1, N)
ZIPF = largest_remainder([1 / (r + 1 + 2) ** 0.9 for r in range(D_SAE)], K * N, 1, N)


def feature_choice_uniform(w, x, g, step, dead):
    return hard_step(w, x, whole(), lambda z: by_column(z, UNIFORM), auxk(dead))


def feature_choice_zipf(w, x, g, step, dead):
    return hard_step(w, x, whole(), lambda z: by_column(z, ZIPF), auxk(dead))


class MutualChoiceZipf:
    """Mutual Choice with aux_zipf (4.4). Expected densities pi are set after steps 1, 17, ... from the ranks so far,
    with sum k before the cap at 1; they act once the first dead window is over."""

    def __init__(self):
        self.densities, self.pi, self.margin = Densities(D_SAE), None, np.inf

    def __call__(self, w, x, g, step, dead):
        if step > RUN["dead_steps"]:
            under = np.clip((self.pi - self.densities.now()) / self.pi, 0, 1)
            out = hard_step(w, x, whole(), lambda z: by_batch(z, K), lambda z: by_row(z * under, K_AUX))
        else:
            out = hard_step(w, x, whole(), lambda z: by_batch(z, K))
        self.densities.add(out.acts)
        if step % 16 == 1:
            law = np.array([(r + 1 + 2) ** -0.9 for r in range(D_SAE)])
            self.pi = np.empty(D_SAE)
            self.pi[self.densities.order()] = np.minimum(1, K * law / law.sum())
            self.margin = min(self.margin, self.densities.gap(range(1, D_SAE)))
        out.margin = min(out.margin, self.margin)
        return out


class MutualThenFeatureChoice:
    """Ten steps of Mutual Choice, then Feature Choice; what does not divide goes to the densest features (4.3)."""

    def __init__(self):
        self.densities, self.quotas, self.margin = Densities(D_SAE), None, np.inf

    def __call__(self, w, x, g, step, dead):
        if step == STEPS // 2 + 1:
            order = self.densities.order()
            self.quotas = [0] * D_SAE
            for r, f in enumerate(order):
                self.quotas[f] = UNIFORM[r]
            self.margin = self.densities.gap([sum(m > min(UNIFORM) for m in UNIFORM)])
        select = (lambda z: by_column(z, self.quotas)) if self.quotas else (lambda z: by_batch(z, K))
        out = hard_step(w, x, whole(), select, auxk(dead))
        self.densities.add(out.acts)
        out.margin = min(out.margin, self.margin)
        return out


def warm_again(step):
    """lr rises once more over the first quarter's length when the phase changes."""
    return min(1.0, (step - STEPS // 2) / round(RUN["warmup"] * STEPS)) if step > STEPS // 2 else 1.0


BETA = 2.0


def gradient_step(w, x, g, dead, reading, choose):
    """Selection by the gradient's score; off_topk: share of the selected that plain TopK would not have taken."""
    seen = {}

    def select(z):
        s = gradient_score(z, w["W_dec"], g, BETA, reading)
        mask, margin = choose(s)
        seen["off"] = (mask & ~by_row(z, K)[0]).sum() / max(1, mask.sum())
        # A margin counts relative to the largest score.
        return mask, margin / s.max()

    out = hard_step(w, x, whole(), select, auxk(dead))
    out.losses["off_topk"] = seen["off"]
    return out


def gradient_topk(w, x, g, step, dead):
    return gradient_step(w, x, g, dead, "augmented", lambda s: by_row(s, K))


def gradient_topk_product(w, x, g, step, dead):
    return gradient_step(w, x, g, dead, "product", lambda s: by_row(s, K))


def gradient_mutual_choice(w, x, g, step, dead):
    return gradient_step(w, x, g, dead, "augmented", lambda s: by_batch(s, K))


def gradient_feature_choice(w, x, g, step, dead):
    return gradient_step(w, x, g, dead, "augmented", lambda s: by_column(s, UNIFORM))


LAMBDA, LAMBDA_WARMUP = 0.25, 0.25


def lam(step, value=LAMBDA):
    return lambda_at(step, STEPS, value, LAMBDA_WARMUP)


def l1(w, x, g, step, dead):
    return l1_step(w, x, {"p": 0.0, "norm_weighted": True}, lam(step))


def l1_tied(w, x, g, step, dead):
    return l1_step(w, x, {"p": 1.0, "norm_weighted": True}, lam(step))


def l1_kissane(w, x, g, step, dead):
    return l1_step(w, x, {"p": 1.0, "norm_weighted": False}, lam(step))


def gated(w, x, g, step, dead):
    return gated_step(w, x, None, lam(step))


JUMP = {"p": 1.0, "bandwidth": 0.2, "penalty": "step", "tanh_scale": 4.0}


def jumprelu(w, x, g, step, dead):
    return jumprelu_step(w, x, JUMP, lam(step, 0.1))


def jumprelu_tanh(w, x, g, step, dead):
    return jumprelu_step(w, x, {**JUMP, "penalty": "tanh"}, lam(step, 0.1))


HARD = {**COMMON, "k": K, "deadTokens": N, "dead": "auxk"}
SCORED = {**HARD, "beta": BETA}
SOFT = {**COMMON, "dead": "none", "lambda": LAMBDA, "lambdaWarmup": LAMBDA_WARMUP}
JUMP_CONFIG = {**SOFT, "lambda": 0.1, "bandwidth": JUMP["bandwidth"], "applyBDecToInput": True}
CASES = {
    "topk": {"variant": "topk", "step": topk, "config": HARD},
    "batch_topk": {"variant": "batch_topk", "step": batch_topk, "config": HARD},
    "mutual_choice": {"variant": "mutual_choice", "step": mutual_choice, "config": {**HARD, "dead": "none"}},
    "matryoshka": {"variant": "matryoshka", "step": matryoshka, "config": {**HARD, "groups": len(PREFIXES)}},
    "mutual_choice_aux_zipf": {
        "variant": "mutual_choice", "step": MutualChoiceZipf,
        "config": {**HARD, "dead": "aux_zipf", "zipfS": 0.9, "zipfQ": 2},
    },
    "feature_choice_uniform": {
        "variant": "feature_choice", "step": feature_choice_uniform, "quotas": UNIFORM,
        "config": {**HARD, "law": "uniform", "mutual": 0},
    },
    "feature_choice_zipf": {
        "variant": "feature_choice", "step": feature_choice_zipf, "quotas": ZIPF,
        "config": {**HARD, "law": "zipf", "mutual": 0, "zipfS": 0.9, "zipfQ": 2},
    },
    "feature_choice_phases": {
        "variant": "feature_choice", "step": MutualThenFeatureChoice, "run": {"lr_factor": warm_again},
        "config": {**HARD, "law": "uniform", "mutual": 0.5},
    },
    "gradient_topk": {"variant": "gradient_topk", "step": gradient_topk, "config": SCORED, "gradient": True},
    "gradient_topk_product": {
        "variant": "gradient_topk", "step": gradient_topk_product, "gradient": True,
        "config": {**SCORED, "reading": "product"},
    },
    "gradient_mutual_choice": {
        "variant": "gradient_mutual_choice", "step": gradient_mutual_choice, "config": SCORED, "gradient": True,
    },
    "gradient_feature_choice": {
        "variant": "gradient_feature_choice", "step": gradient_feature_choice, "gradient": True, "quotas": UNIFORM,
        "config": {**SCORED, "law": "uniform", "mutual": 0},
    },
    "l1": {
        "variant": "l1", "step": l1, "norm": "mixed", "run": {"unit_norm": False},
        "config": {**SOFT, "applyBDecToInput": False, "unitNorm": False},
    },
    "l1_tied": {
        "variant": "l1", "step": l1_tied, "norm": "mixed", "run": {"unit_norm": False},
        "config": {**SOFT, "applyBDecToInput": True, "unitNorm": False},
    },
    "l1_kissane": {
        "variant": "l1", "step": l1_kissane,
        "config": {**SOFT, "applyBDecToInput": True, "unitNorm": True, "normWeighted": False},
    },
    "gated": {"variant": "gated", "step": gated, "config": {**SOFT, "beta1": 0.9}, "kind": "gated"},
    "jumprelu": {
        "variant": "jumprelu", "step": jumprelu, "kind": "jumprelu",
        "config": {**JUMP_CONFIG, "penalty": "step", "unitNorm": True},
    },
    "jumprelu_tanh": {
        "variant": "jumprelu", "step": jumprelu_tanh, "kind": "jumprelu", "norm": "mixed", "run": {"unit_norm": False},
        "config": {**JUMP_CONFIG, "penalty": "tanh", "tanhScale": JUMP["tanh_scale"], "unitNorm": False},
    },
}


def run_case(case, seed):
    """Record and final parameters of one case."""
    w = initial(case.get("kind"), case.get("norm"))
    gs = iter(gradients(seed))
    # A class keeps something from step to step.
    own = case["step"]() if isinstance(case["step"], type) else case["step"]

    def step_of(w, x, step, dead):
        return own(w, x, next(gs), step, dead)

    record = train(w, batches(seed), {**RUN, **case.get("run", {})}, step_of)
    return record, w
