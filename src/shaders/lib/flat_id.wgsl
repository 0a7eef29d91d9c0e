// Flat numbers in a grid that `foldGrid` (ops/grid.ts) folded into two dimensions, because one dimension ends at 65,535.
// `count` is @builtin(num_workgroups).

/// Number of the workgroup.
fn flat_workgroup(wid: vec3u, count: vec3u) -> u32 {
  return wid.y * count.x + wid.x;
}

/// Number of the invocation, for workgroups of 64 x 1 x 1; gid is @builtin(global_invocation_id).
fn flat_id(gid: vec3u, count: vec3u) -> u32 {
  return gid.y * (count.x * 64u) + gid.x;
}
