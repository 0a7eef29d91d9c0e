// part[s, c] = sum over the features of segment s of g_b_enc[f] * W_enc[f, c]: what b_dec gets through the encoder's
// input x - b_dec. One invocation a (segment of SEGMENT features, vec4 of columns).

const D4: u32 = 16u;
const W_LEN: u32 = 4u;     // d_sae * D4
const SEGMENT: u32 = 64u;  // features

struct Params { d_sae: u32 }
@group(0) @binding(0) var<storage, read> g_b_enc: array<f32>;            // [d_sae]
@group(0) @binding(1) var<storage, read> W_enc: array<vec4f, W_LEN>;     // [d_sae, d_pad]
@group(0) @binding(2) var<storage, read_write> part: array<vec4f>;       // [segments, d_pad]
@group(1) @binding(0) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) count: vec3u) {
  let i = flat_id(gid, count);
  let c = i % D4;
  let begin = (i / D4) * SEGMENT;
  if (begin >= params.d_sae) { return; }
  let end = min(begin + SEGMENT, params.d_sae);
  var sum = vec4f();
  for (var f = begin; f < end; f++) { sum = fma(vec4f(g_b_enc[f]), W_enc[f * D4 + c], sum); }
  part[i] = sum;
}
