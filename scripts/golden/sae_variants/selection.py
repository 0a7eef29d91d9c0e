"""Which (token, feature) pairs a step keeps: plain sorts, ties to the lower index. sae-training.md 3.2, 4.2, 4.4.

Every function returns (mask, margin): margin is how far the closest call was from going the other way, so that the
script can refuse batches that float32 could decide otherwise.
"""
import numpy as np


def take(scores, count):
    """Indices of the `count` largest positive scores, and the margin of that choice."""
    order = sorted(range(len(scores)), key=lambda i: (-scores[i], i))
    positive = [i for i in order if scores[i] > 0]
    kept, left = positive[:count], positive[count:]
    margin = np.inf
    if kept and left:
        margin = scores[kept[-1]] - scores[left[0]]
    elif not left:
        # All that are positive stay: the sign decides.
        margin = min((abs(s) for s in scores if s != 0), default=np.inf)
    return kept, margin


def by_row(scores, k):
    mask, margin = np.zeros(scores.shape, bool), np.inf
    for row in range(len(scores)):
        kept, m = take(list(scores[row]), k)
        mask[row, kept] = True
        margin = min(margin, m)
    return mask, margin


def by_batch(scores, k):
    """min(k*B, positives) of the whole batch, ties to the lower row-major index (decision 23)."""
    kept, margin = take(list(scores.ravel()), k * len(scores))
    mask = np.zeros(scores.size, bool)
    mask[kept] = True
    return mask.reshape(scores.shape), margin


def by_column(scores, quotas):
    mask, margin = np.zeros(scores.shape, bool), np.inf
    for f in range(scores.shape[1]):
        kept, m = take(list(scores[:, f]), quotas[f])
        mask[kept, f] = True
        margin = min(margin, m)
    return mask, margin


def largest_remainder(shares, total, low, high):
    """Whole numbers in low..high summing to `total`, near total * shares / sum (decision 23).

    Real quotas are clamped to the bounds; what clamping leaves is spread over the free ones in proportion, until none
    moves. Then floors, and the largest fractions get one more; ties to the lower index.
    """
    shares = np.asarray(shares, float)
    assert low * len(shares) <= total <= high * len(shares)
    fixed = {}
    while True:
        free = [i for i in range(len(shares)) if i not in fixed]
        if not free:
            break
        rest = total - sum(fixed.values())
        real = {i: rest * shares[i] / sum(shares[j] for j in free) for i in free}
        over = {i: high for i in free if real[i] > high}
        under = {i: low for i in free if real[i] < low}
        if not over and not under:
            break
        # The side that is further out is settled first, or a clamp could be undone by the other side's rest.
        excess = sum(real[i] - high for i in over)
        lack = sum(low - real[i] for i in under)
        fixed.update(over if excess >= lack else under)
    out = [fixed.get(i, 0) for i in range(len(shares))]
    free = [i for i in range(len(shares)) if i not in fixed]
    for i in free:
        out[i] = int(np.floor(real[i]))
    for i in sorted(free, key=lambda i: (-(real[i] - np.floor(real[i])), i))[: total - sum(out)]:
        out[i] += 1
    assert sum(out) == total
    return out


def projected_gradient(W_dec, g):
    """q [B, F] = |d_i . g_t|, one sum for each token and feature."""
    return np.abs(g @ W_dec.T)


def gradient_score(z, W_dec, g, beta, reading):
    """s = z (1 + beta q / mean q), or z q for the product reading (3.2, 3.3)."""
    q = projected_gradient(W_dec, g)
    if reading == "product":
        return z * q
    return z * (1 + beta * q / q.mean())
