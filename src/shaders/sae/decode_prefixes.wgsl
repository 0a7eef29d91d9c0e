// Matryoshka (Bussmann 2025, arXiv 2503.17547): recon_h[r] decodes only the entries of row r below the end of prefix h.
// err[r] = 2 / n * (recon - x) by the whole dictionary; err[rows + h n + r] = sum over g >= h of
// 2 weight / n * (recon_g - x), the gradient of the loss by what a feature of prefix h adds; row_loss[r] =
// sum over h of weight * ||recon_h - x||^2. One workgroup a row, features ascending; weight = 1 / LEVELS.

const WX: u32 = 32u;    // invocations of a row
const D4: u32 = 16u;    // d_pad / 4
const W_LEN: u32 = 4u;  // d_sae * D4

struct Params { n: u32, rows: u32 }
@group(0) @binding(0) var<storage, read> W_dec: array<vec4f, W_LEN>;     // [d_sae, d_pad]
@group(0) @binding(1) var<storage, read> b_dec: array<vec4f>;            // [d_pad]
@group(0) @binding(2) var<storage, read> x: array<vec4f>;                // [n, d_pad]
@group(0) @binding(3) var<storage, read> row_start: array<u32>;          // [rows + 1]
@group(0) @binding(4) var<storage, read> idx: array<u32>;                // [cap]
@group(0) @binding(5) var<storage, read> val: array<f32>;                // [cap]
@group(0) @binding(6) var<storage, read_write> err: array<vec4f>;        // [rows + LEVELS n, d_pad]
@group(0) @binding(7) var<storage, read_write> row_loss: array<f32>;     // [n]
@group(1) @binding(0) var<uniform> params: Params;

var<workgroup> losses: array<f32, WX>;

@compute @workgroup_size(WX)
fn main(@builtin(workgroup_id) wid: vec3u, @builtin(local_invocation_index) t: u32) {
  let row = wid.x;
  let end = row_start[row + 1u];
  let scale = 2f / f32(params.n);
  let weight = 1f / f32(LEVELS);
  var loss = 0f;
  for (var c = t; c < D4; c += WX) {
    let target_x = x[row * D4 + c];
    var recon = b_dec[c];
    var miss = vec4f();
    var j = row_start[row];
    for (var h = 0u; h < LEVELS; h++) {
      let stop = prefix_end(h);
      while (j < end) {
        let v = val[j];
        if (v > 0f) {
          if (idx[j] >= stop) { break; }
          recon += v * W_dec[idx[j] * D4 + c];
        }
        j++;
      }
      miss = recon - target_x;
      loss += weight * dot(miss, miss);
      err[(params.rows + h * params.n + row) * D4 + c] = weight * scale * miss;
    }
    err[row * D4 + c] = scale * miss;
    var sum = vec4f();
    for (var g = LEVELS; g > 0u; g--) {
      let at = (params.rows + (g - 1u) * params.n + row) * D4 + c;
      sum += err[at];
      err[at] = sum;
    }
  }
  losses[t] = loss;
  workgroupBarrier();
  if (t == 0u) {
    var all = 0f;
    for (var i = 0u; i < WX; i++) { all += losses[i]; }
    row_loss[row] = all;
  }
}
