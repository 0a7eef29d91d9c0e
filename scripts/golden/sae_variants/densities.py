"""Running firing densities, for aux_zipf and for the quotas of Feature Choice. sae-training.md 4.2 to 4.4."""
import numpy as np

RATE = 1e-3


class Densities:
    """Running share of tokens on which each feature fires; weights fall by 0.999 a step, corrected for the start."""

    def __init__(self, features):
        self.sum, self.steps = np.zeros(features), 0

    def add(self, acts):
        self.sum = (1 - RATE) * self.sum + RATE * (acts > 0).sum(0) / len(acts)
        self.steps += 1

    def now(self):
        return self.sum / (1 - (1 - RATE) ** self.steps) if self.steps else self.sum

    def order(self):
        """Features by falling density, ties to the lower one."""
        return sorted(range(len(self.sum)), key=lambda f: (-self.sum[f], f))

    def gap(self, ranks):
        """Whether float32 ranks as float64 does between these ranks: 0 when two densities are too close."""
        ordered = self.sum[self.order()]
        for r in ranks:
            if 0 < ordered[r - 1] - ordered[r] < 1e-6 * ordered[r - 1]:
                return 0.0
        return np.inf
