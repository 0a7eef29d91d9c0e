"""The draws that script and test share: a 32-bit generator whose numbers are exact in float32."""
import numpy as np


def draw(seed, count, scale=1.0):
    """`count` numbers m / 2^23 - 1 with 24-bit m, times scale."""
    state = seed
    out = np.empty(count)
    for i in range(count):
        state = (state * 1664525 + 1013904223) % 2**32
        out[i] = ((state >> 8) / 2**23 - 1) * scale
    return out


def unit_rows(values, rows, cols, norm=1.0):
    """Rows of the given norm, rounded to float32 as the test's parameters are."""
    out = np.reshape(values, (rows, cols))
    out = out / np.sqrt((out**2).sum(1, keepdims=True)) * norm
    return out.astype(np.float32).astype(np.float64)


def f32(values):
    return np.asarray(values).astype(np.float32).astype(np.float64)
