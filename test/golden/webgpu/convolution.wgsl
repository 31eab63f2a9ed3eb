// conv f32[32,13,13,64] → add → max
// product over [3, 3, 32] for each of rows [32, 13, 13], columns [64]: 32 × 32 results a workgroup

@group(0) @binding(0) var<storage, read> in0: array<f32, 173056>;
@group(0) @binding(1) var<storage, read> in1: array<f32, 18432>;
@group(0) @binding(2) var<storage, read> in2: array<f32, 64>;
@group(0) @binding(3) var<storage, read_write> out3: array<f32, 346112>;

var<workgroup> lhs_tile: array<vec4<f32>, 128>; // 16 deep, 32 rows
var<workgroup> rhs_tile: array<vec4<f32>, 128>; // 16 deep, 32 columns

fn is_nan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

// NaN if either is; +0 is greater than -0.
fn maximum(x: f32, y: f32) -> f32 {
  let greater = select(select(x, y, x < y), bitcast<f32>(bitcast<u32>(x) & bitcast<u32>(y)), x == y);
  return select(select(greater, y, is_nan(y)), x, is_nan(x));
}

fn lhs_at(b: i32, m: i32, k: i32) -> f32 {
  let t0 = k / 96;
  let t1 = k / 32 % 3;
  let t2 = m / 13 % 13 + t0 - 1;
  let t3 = m % 13 + t1 - 1;
  return select(0.0, in0[t0 * 416 + m * 32 + t1 * 32 + k % 32 - 448], 0 <= t2 && t2 < 13 && (0 <= t3 && t3 < 13));
}

fn rhs_at(b: i32, k: i32, n: i32) -> f32 {
  return in1[k * 64 + n];
}

fn store_at(b: i32, m: i32, n: i32, acc0: f32) {
  out3[m * 64 + n] = maximum(acc0 + in2[n], 0.0);
}

@compute @workgroup_size(8, 8)
fn conv_add_max(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_id) id: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let block = i32(group.x);
  let b = 0;
  let m0 = block / 2 % 169 * 32;
  let n0 = block % 2 * 32;
  let m = m0 + i32(id.y) * 4;
  let n = n0 + i32(id.x) * 4;
  var acc0 = vec4<f32>();
  var acc1 = vec4<f32>();
  var acc2 = vec4<f32>();
  var acc3 = vec4<f32>();
  for (var k0 = 0; k0 < 288; k0 += 16) {
    for (var s = i32(lane); s < 128; s += 64) {
      let k = k0 + s / 8;
      let row = m0 + s % 8 * 4;
      lhs_tile[s] = vec4(lhs_at(b, row, k), lhs_at(b, row + 1, k), lhs_at(b, row + 2, k), lhs_at(b, row + 3, k));
    }
    for (var s = i32(lane); s < 128; s += 64) {
      let k = k0 + s / 8;
      let column = n0 + s % 8 * 4;
      rhs_tile[s] = vec4(rhs_at(b, k, column), rhs_at(b, k, column + 1), rhs_at(b, k, column + 2), rhs_at(b, k, column + 3));
    }
    workgroupBarrier();
    for (var k = 0; k < 16; k++) {
      let lhs0 = lhs_tile[k * 8 + i32(id.y)];
      let rhs0 = rhs_tile[k * 8 + i32(id.x)];
      acc0 += lhs0.x * rhs0;
      acc1 += lhs0.y * rhs0;
      acc2 += lhs0.z * rhs0;
      acc3 += lhs0.w * rhs0;
    }
    workgroupBarrier();
  }
  store_at(b, m, n, acc0.x);
  store_at(b, m, n + 1, acc0.y);
  store_at(b, m, n + 2, acc0.z);
  store_at(b, m, n + 3, acc0.w);
  store_at(b, m + 1, n, acc1.x);
  store_at(b, m + 1, n + 1, acc1.y);
  store_at(b, m + 1, n + 2, acc1.z);
  store_at(b, m + 1, n + 3, acc1.w);
  store_at(b, m + 2, n, acc2.x);
  store_at(b, m + 2, n + 1, acc2.y);
  store_at(b, m + 2, n + 2, acc2.z);
  store_at(b, m + 2, n + 3, acc2.w);
  store_at(b, m + 3, n, acc3.x);
  store_at(b, m + 3, n + 1, acc3.y);
  store_at(b, m + 3, n + 2, acc3.z);
  store_at(b, m + 3, n + 3, acc3.w);
}
