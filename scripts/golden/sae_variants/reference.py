"""Loss and gradients of every SAE variant by the written formulas of sae-training.md, NumPy, float64.

Nothing here was read off a kernel. Layout: W_enc [d_in, d_sae], W_dec [d_sae, d_in] as in the specification. Every
function takes parameters w, a batch x [B, d_in] and returns Step: losses by name, gradients by parameter (before
projection and clipping), `fired` [d_sae] and the margin of its closest discrete call.
"""
from dataclasses import dataclass

import numpy as np


@dataclass
class Step:
    losses: dict
    grads: dict
    fired: np.ndarray
    margin: float
    acts: np.ndarray


def relu(a):
    return np.where(a > 0, a, 0.0)


def zeros_like(w):
    return {name: np.zeros_like(value) for name, value in w.items()}


def hard_step(w, x, c, select, aux_select=None):
    """Any hard selection (1.1, 6.3, 6.4, 6.6): loss = sum_g weight_g * mse of prefix g + aux_weight * AuxK.

    select(z) and aux_select(z) give (mask, margin). c: p, levels [(end, weight)], aux_weight.
    """
    B = len(x)
    xc = x - c["p"] * w["b_dec"]
    a = xc @ w["W_enc"] + w["b_enc"]
    z = relu(a)
    S, margin = select(z)
    f = z * S
    g = zeros_like(w)
    dF = np.zeros_like(f)
    loss = 0.0
    recon = w["b_dec"] + np.zeros_like(x)
    for end, weight in c["levels"]:
        recon = f[:, :end] @ w["W_dec"][:end] + w["b_dec"]
        loss += weight * ((recon - x) ** 2).sum() / B
        R = 2 * weight / B * (recon - x)
        g["W_dec"][:end] += f[:, :end].T @ R
        dF[:, :end] += R @ w["W_dec"][:end].T
        g["b_dec"] += R.sum(0)
    mse = ((recon - x) ** 2).sum() / B
    dA = dF * S
    aux = 0.0
    if aux_select is not None:
        e = x - recon
        A, aux_margin = aux_select(z)
        margin = min(margin, aux_margin)
        if A.any():
            spread = ((e - e.mean(0)) ** 2).sum()
            fa = z * A
            miss = fa @ w["W_dec"] - e
            aux = (miss**2).sum() / spread
            R = 2 * c["aux_weight"] / spread * miss
            g["W_dec"] += fa.T @ R
            dA += (R @ w["W_dec"].T) * A
            loss += c["aux_weight"] * aux
    dA = np.where(a > 0, dA, 0.0)
    encoder_backward(w, g, xc, dA, c["p"])
    return Step({"loss": loss, "mse": mse, "aux": aux}, g, S.any(0), margin, f)


def encoder_backward(w, g, xc, dA, p):
    g["W_enc"] += xc.T @ dA
    g["b_enc"] += dA.sum(0)
    g["b_dec"] -= p * (w["W_enc"] @ dA.sum(0))


def l1_step(w, x, c, lam):
    """ReLU + lambda sum f ||d|| (6.1), or lambda sum f where c.norm_weighted is off (2.2)."""
    B = len(x)
    xc = x - c["p"] * w["b_dec"]
    a = xc @ w["W_enc"] + w["b_enc"]
    f = relu(a)
    recon = f @ w["W_dec"] + w["b_dec"]
    norms = np.sqrt((w["W_dec"] ** 2).sum(1))
    weight = norms if c["norm_weighted"] else np.ones_like(norms)
    penalty = (f * weight).sum() / B
    R = 2 / B * (recon - x)
    g = zeros_like(w)
    g["W_dec"] = f.T @ R
    if c["norm_weighted"]:
        g["W_dec"] += lam / B * f.sum(0)[:, None] * w["W_dec"] / norms[:, None]
    g["b_dec"] = R.sum(0)
    dA = (R @ w["W_dec"].T + lam / B * weight) * (a > 0)
    encoder_backward(w, g, xc, dA, c["p"])
    mse = ((recon - x) ** 2).sum() / B
    return Step(
        {"loss": mse + lam * penalty, "mse": mse, "penalty": penalty}, g, (f > 0).any(0), np.abs(a).min(), f
    )


def gated_step(w, x, c, lam):
    """Gated (6.2): the auxiliary path is detached from W_dec and from the output b_dec."""
    B = len(x)
    xc = x - w["b_dec"]
    P = xc @ w["W_enc"]
    scale = np.exp(w["r_mag"])
    gate, mag = P + w["b_gate"], P * scale + w["b_mag"]
    f = (gate > 0) * relu(mag)
    open_ = relu(gate)
    recon = f @ w["W_dec"] + w["b_dec"]
    shadow = open_ @ w["W_dec"] + w["b_dec"]
    R, R_aux = 2 / B * (recon - x), 2 / B * (shadow - x)
    d_mag = (R @ w["W_dec"].T) * (gate > 0) * (mag > 0)
    d_gate = (R_aux @ w["W_dec"].T + lam / B) * (gate > 0)
    dP = d_gate + scale * d_mag
    g = {
        "W_enc": xc.T @ dP,
        "b_gate": d_gate.sum(0),
        "b_mag": d_mag.sum(0),
        "r_mag": (scale * P * d_mag).sum(0),
        "W_dec": f.T @ R,
        "b_dec": R.sum(0) - w["W_enc"] @ dP.sum(0),
    }
    mse, gate_loss = ((recon - x) ** 2).sum() / B, ((shadow - x) ** 2).sum() / B
    penalty = open_.sum() / B
    margin = min(np.abs(gate).min(), np.abs(mag[gate > 0]).min())
    losses = {"loss": mse + lam * penalty + gate_loss, "mse": mse, "gate": gate_loss, "penalty": penalty}
    return Step(losses, g, (f > 0).any(0), margin, f)


def jumprelu_step(w, x, c, lam):
    """JumpReLU (6.5): threshold trained directly, straight-through window of width c.bandwidth on pre-activations."""
    B = len(x)
    xc = x - c["p"] * w["b_dec"]
    a = xc @ w["W_enc"] + w["b_enc"]
    theta = relu(w["theta"])
    on = a > theta
    f = a * on
    recon = f @ w["W_dec"] + w["b_dec"]
    norms = np.sqrt((w["W_dec"] ** 2).sum(1))
    u = (a - theta) / c["bandwidth"]
    K = (np.abs(u) < 0.5).astype(float)
    R = 2 / B * (recon - x)
    dF = R @ w["W_dec"].T
    d_norms = np.zeros_like(norms)
    d_theta = np.zeros_like(theta)
    if c["penalty"] == "step":
        penalty = on.sum() / B
        d_theta += lam / B * (-K / c["bandwidth"]).sum(0)
    else:
        t = np.tanh(c["tanh_scale"] * f * norms)
        penalty = t.sum() / B
        slope = lam / B * (1 - t**2) * c["tanh_scale"]
        dF = dF + slope * norms
        d_norms += (slope * f).sum(0)
    d_theta += (-(theta / c["bandwidth"]) * K * dF).sum(0)
    dA = dF * on
    g = zeros_like(w)
    encoder_backward(w, g, xc, dA, c["p"])
    g["theta"] = d_theta
    g["W_dec"] = f.T @ R + d_norms[:, None] * w["W_dec"] / norms[:, None]
    g["b_dec"] += R.sum(0)
    mse = ((recon - x) ** 2).sum() / B
    edges = np.minimum(np.abs(a - theta), np.abs(np.abs(a - theta) - c["bandwidth"] / 2))
    losses = {"loss": mse + lam * penalty, "mse": mse, "penalty": penalty}
    return Step(losses, g, on.any(0), edges.min(), f)
