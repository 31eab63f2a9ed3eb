// sort rows
// procedure for each of [128]: one invocation for each of 128 points

@group(0) @binding(0) var<storage, read_write> inout0: array<f32, 12800>;

fn is_nan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

@compute @workgroup_size(8)
fn sort_rows(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = i32(id.x);
  let t0 = i * 100;
  for (var v0 = 1; v0 < 100; v0++) {
    let v1: f32 = inout0[t0 + v0];
    var v2: i32 = v0;
    let t3 = is_nan(v1);
    let t4 = !t3;
    loop {
      let t1 = v2 - 1;
      let x2 = select(0.0, inout0[t0 + v2 - 1], 0 <= t1 && t1 < 100);
      if (!(0 < v2 && (v1 < x2 || (is_nan(x2) && t4)))) {
        break;
      }
      let t5 = t0 + v2;
      let t6 = v2 - 1;
      inout0[t5] = select(0.0, inout0[t5 - 1], 0 <= t6 && t6 < 100);
      v2 = v2 - 1;
    }
    inout0[t0 + v2] = v1;
  }
}
