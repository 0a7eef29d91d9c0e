// positions: pos_embed[b, t, :] = W_pos[t, :].
// positions_backward: d_W_pos[t, :] = sum_b d_embed[b, t, :] (+ d_W_pos), 0 for t >= seq; b ascending.
// link: links[p] = the next position with the same token (n if none), with FIRST set if no earlier one has it.
// tokens_backward: d_W_E[tokens[p], :] += sum of d_embed along the list that starts at p, by the first position p only, so
// no two invocations write one row and the order is fixed.

struct Params { n: u32, seq: u32, d: u32, rows: u32, accumulate: u32, from_row: u32 }
@group(0) @binding(0) var<storage, read> W_pos: array<f32>;            // [n_ctx, d]
@group(0) @binding(1) var<storage, read_write> pos_embed: array<f32>;  // [batch·seq, d]
@group(0) @binding(2) var<storage, read> tokens: array<u32>;           // [n], n = batch·seq
@group(0) @binding(3) var<storage, read_write> links: array<u32>;      // [n]
@group(0) @binding(4) var<storage, read> saved_links: array<u32>;      // [n]
@group(0) @binding(5) var<storage, read> d_embed: array<f32>;          // [n, d]
@group(0) @binding(6) var<storage, read_write> d_W_E: array<f32>;      // [rows, d]: rows from_row.. of d_W_E
@group(0) @binding(7) var<storage, read_write> d_W_pos: array<f32>;    // [rows, d], rows = n_ctx
@group(1) @binding(0) var<uniform> params: Params;

const FIRST: u32 = 0x80000000u;

@compute @workgroup_size(64)
fn positions(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) count: vec3u) {
  let i = flat_id(gid, count);
  if (i < params.n * params.d) { pos_embed[i] = W_pos[i % (params.seq * params.d)]; }
}

@compute @workgroup_size(64)
fn positions_backward(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) count: vec3u) {
  let i = flat_id(gid, count);
  if (i >= params.rows * params.d) { return; }
  let step = params.seq * params.d;
  var sum = 0.0;
  if (i < step) {
    for (var at = i; at < params.n * params.d; at += step) { sum += d_embed[at]; }
  }
  if (params.accumulate != 0u) { sum += d_W_pos[i]; }
  d_W_pos[i] = sum;
}

@compute @workgroup_size(64)
fn link(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) count: vec3u) {
  let p = flat_id(gid, count);
  if (p >= params.n) { return; }
  let token = tokens[p];
  var next = p + 1u;
  while (next < params.n && tokens[next] != token) { next++; }
  var earlier = p;
  while (earlier > 0u && tokens[earlier - 1u] != token) { earlier--; }
  links[p] = next | select(0u, FIRST, earlier == 0u);
}

@compute @workgroup_size(64)
fn tokens_backward(@builtin(global_invocation_id) gid: vec3u, @builtin(num_workgroups) count: vec3u) {
  let i = flat_id(gid, count);
  if (i >= params.n * params.d) { return; }
  let token = tokens[i / params.d];
  if ((saved_links[i / params.d] & FIRST) == 0u) { return; }
  if (token < params.from_row || token - params.from_row >= params.rows) { return; }
  let col = i % params.d;
  var sum = 0.0;
  for (var p = i / params.d; p < params.n; p = saved_links[p] & ~FIRST) { sum += d_embed[p * params.d + col]; }
  d_W_E[(token - params.from_row) * params.d + col] += sum;
}
