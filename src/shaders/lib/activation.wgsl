// Activation functions and their derivatives, safe at any finite x: arguments of exp stay above −80 and below 80, of
// tanh within ±15 (tanh(15) rounds to 1), because WGSL promises nothing about overflow.

const GELU: u32 = 0u;
const GELU_NEW: u32 = 1u;
const RELU: u32 = 2u;
const SILU: u32 = 3u;
const TANH: u32 = 4u;
const QUICK_GELU: u32 = 5u;

/// erf(z) = 2/√π · sum_n (−1)^n z^(2n+1) / (n!·(2n+1)) for |z| < 1: 11 terms, remainder below 1.1e-9·2/√π.
fn erf_small(z: f32) -> f32 {
  let s = z * z;
  var p = 1.0 / 76204800.0;
  p = p * s - 1.0 / 6894720.0;
  p = p * s + 1.0 / 685440.0;
  p = p * s - 1.0 / 75600.0;
  p = p * s + 1.0 / 9360.0;
  p = p * s - 1.0 / 1320.0;
  p = p * s + 1.0 / 216.0;
  p = p * s - 1.0 / 42.0;
  p = p * s + 1.0 / 10.0;
  p = p * s - 1.0 / 3.0;
  p = p * s + 1.0;
  return 1.1283791671 * z * p;
}

/// erfc(z) for z >= 0, fractional error 1.2e-7 before rounding: Chebyshev fit of Press et al., Numerical Recipes 6.2.
fn erfc_positive(z: f32) -> f32 {
  let t = 1.0 / (1.0 + 0.5 * z);
  var p = 0.17087277;
  p = p * t - 0.82215223;
  p = p * t + 1.48851587;
  p = p * t - 1.13520398;
  p = p * t + 0.27886807;
  p = p * t - 0.18628806;
  p = p * t + 0.09678418;
  p = p * t + 0.37409196;
  p = p * t + 1.00002368;
  p = p * t - 1.26551223;
  return t * exp(max(p - z * z, -80.0));
}

/// Φ(x) = (1 + erf(x/√2)) / 2, absolute error below 2e-7; relative accuracy is kept in the negative tail.
fn normal_cdf(x: f32) -> f32 {
  let z = min(abs(x), 30.0) * 0.70710678;
  if (z < 1.0) { return 0.5 + 0.5 * erf_small(select(z, -z, x < 0.0)); }
  let tail = 0.5 * erfc_positive(z);
  return select(1.0 - tail, tail, x < 0.0);
}

fn sigmoid(x: f32) -> f32 {
  return 1.0 / (1.0 + exp(clamp(-x, -80.0, 80.0)));
}

/// tanh(x) from exp: some drivers overflow in the built-in. Near 0 the series keeps the relative accuracy.
fn tanh_safe(x: f32) -> f32 {
  if (abs(x) < 0.125) {
    let s = x * x;
    return x * (1.0 + s * (-1.0 / 3.0 + s * (2.0 / 15.0 + s * (-17.0 / 315.0))));
  }
  let e = exp(2.0 * clamp(x, -15.0, 15.0));
  return (e - 1.0) / (e + 1.0);
}

/// √(2/π)·(x + 0.044715·x³), the inner part of GPT-2's GELU.
fn gelu_new_inner(x: f32) -> f32 {
  return 0.7978845608 * x * (1.0 + 0.044715 * x * x);
}

fn activation(kind: u32, x: f32) -> f32 {
  switch (kind) {
    case GELU: { return x * normal_cdf(x); }
    case GELU_NEW: { return 0.5 * x * (1.0 + tanh_safe(gelu_new_inner(x))); }
    case RELU: { return max(x, 0.0); }
    case SILU: { return x * sigmoid(x); }
    case TANH: { return tanh_safe(x); }
    case QUICK_GELU: { return x * sigmoid(1.702 * x); }
    default: { return x; }
  }
}

/// d activation / dx. The derivative of relu at 0 is 0.
fn activation_slope(kind: u32, x: f32) -> f32 {
  switch (kind) {
    case GELU: { return normal_cdf(x) + x * 0.3989422804 * exp(max(-0.5 * x * x, -80.0)); }
    case GELU_NEW: {
      let t = tanh_safe(gelu_new_inner(x));
      return 0.5 * (1.0 + t) + 0.5 * x * (1.0 - t * t) * 0.7978845608 * (1.0 + 0.134145 * x * x);
    }
    case RELU: { return select(0.0, 1.0, x > 0.0); }
    case SILU: {
      let s = sigmoid(x);
      return s * (1.0 + x * (1.0 - s));
    }
    case TANH: {
      let t = tanh_safe(x);
      return 1.0 - t * t;
    }
    case QUICK_GELU: {
      let s = sigmoid(1.702 * x);
      return s * (1.0 + 1.702 * x * (1.0 - s));
    }
    default: { return 1.0; }
  }
}
