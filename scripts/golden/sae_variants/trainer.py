"""The run around a variant's step, float64: lr and lambda schedules, projection, clipping by the norm of the step
before (decision 1), Adam, renormalisation; features that have not fired for a while are dead."""
import numpy as np


def lr_at(step, steps, c):
    """Linear rise over round(warmup * steps), linear fall over the last round(decay * steps); step from 1."""
    warm, cool = round(c["warmup"] * steps), round(c["decay"] * steps)
    rise = min(1.0, step / warm) if warm > 0 else 1.0
    fall = min(1.0, (steps - step + 1) / cool) if cool > 0 else 1.0
    return c["lr"] * rise * fall


def lambda_at(step, steps, lam, share):
    """lambda rises linearly from 0 over round(share * steps)."""
    warm = round(share * steps)
    return lam * min(1.0, step / warm) if warm > 0 else lam


class Adam:
    def __init__(self, w, c):
        self.c = c
        self.m = {n: np.zeros_like(v) for n, v in w.items()}
        self.v = {n: np.zeros_like(v) for n, v in w.items()}

    def update(self, w, g, lr, step):
        b1, b2 = self.c["beta1"], self.c["beta2"]
        for n in w:
            self.m[n] = b1 * self.m[n] + (1 - b1) * g[n]
            self.v[n] = b2 * self.v[n] + (1 - b2) * g[n] ** 2
            m, v = self.m[n] / (1 - b1**step), self.v[n] / (1 - b2**step)
            w[n] -= lr * m / (np.sqrt(v) + self.c["eps"])


class Thresholds:
    """Running means of the smallest kept act, of the batch and of each feature (6.4, 4.5): weights fall by 0.999 a
    step, corrected for the start, so they begin at the first value."""

    def __init__(self, features):
        self.shared, self.each = [], [[] for _ in range(features)]

    def add(self, acts):
        if (acts > 0).any():
            self.shared.append(acts[acts > 0].min())
        for f, own in enumerate(self.each):
            if (acts[:, f] > 0).any():
                own.append(acts[acts[:, f] > 0, f].min())

    def means(self):
        def mean(values):
            weights = [0.999 ** (len(values) - 1 - i) for i in range(len(values))]
            return sum(v * u for v, u in zip(values, weights)) / sum(weights) if values else 0.0

        return {"shared": float(mean(self.shared)), "each": [float(mean(own)) for own in self.each]}


def train(w, batches, c, step_of):
    """Trains w in place. step_of(w, x, step, dead) gives a reference.Step; c: common fields. Returns the record."""
    adam, factor = Adam(w, c), 1.0
    F = w["W_dec"].shape[0]
    last_fired = np.zeros(F, int)
    thresholds = Thresholds(F)
    record = {"norm": [], "margin": np.inf, "dead": []}
    for at, x in enumerate(batches):
        step = at + 1
        dead = last_fired < max(0, step - c["dead_steps"])
        out = step_of(w, x, step, dead)
        g = out.grads
        if c["unit_norm"]:
            d = w["W_dec"]
            g["W_dec"] = g["W_dec"] - (g["W_dec"] * d).sum(1, keepdims=True) * d
        norm = np.sqrt(sum((v**2).sum() for v in g.values()))
        lr = lr_at(step, len(batches), c) * c["lr_factor"](step)
        adam.update(w, {n: factor * v for n, v in g.items()}, lr, step)
        if c["unit_norm"]:
            w["W_dec"] /= np.sqrt((w["W_dec"] ** 2).sum(1, keepdims=True))
        factor = c["clip"] / norm if c["clip"] > 0 and norm > c["clip"] else 1.0
        last_fired[out.fired] = step
        record["norm"].append(norm)
        record["dead"].append(int(dead.sum()))
        record["margin"] = min(record["margin"], float(out.margin))
        thresholds.add(out.acts)
        for name, value in out.losses.items():
            record.setdefault(name, []).append(float(value))
        record.setdefault("l0", []).append(float((out.acts > 0).sum() / len(x)))
    record["theta"] = thresholds.means()
    return record
