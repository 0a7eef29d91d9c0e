// xs[r, c] = scale * x[from_row + r, c];  xc = xs - p * b_dec.  Columns d_in .. d_pad are 0, and stay 0 in every
// parameter: their gradients are 0, so padding to whole vec4s changes no number.
// One invocation an element of [n, d_pad].

const D_IN: u32 = 64u;
const D_PAD: u32 = 64u;

struct Params {
  n: u32,
  from_row: u32,
  scale: f32,
  p: f32,  // 1: the encoder sees x - b_dec; 0: x
}
@group(0) @binding(0) var<storage, read> x: array<f32>;             // [rows, d_in]
@group(0) @binding(1) var<storage, read> b_dec: array<f32>;         // [d_pad]
@group(0) @binding(2) var<storage, read_write> xs: array<f32>;      // [n, d_pad]
@group(0) @binding(3) var<storage, read_write> xc: array<f32>;      // [n, d_pad]
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) count: vec3u) {
  let i = flat_id(gid, count);
  if (i >= params.n * D_PAD) { return; }
  let row = i / D_PAD;
  let c = i % D_PAD;
  var value = 0f;
  if (c < D_IN) { value = params.scale * x[(params.from_row + row) * D_IN + c]; }
  xs[i] = value;
  xc[i] = value - params.p * b_dec[c];
}
