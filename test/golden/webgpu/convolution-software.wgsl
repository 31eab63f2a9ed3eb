// conv f32[32,13,13,64] → add → max
// product over [3, 3, 32] for each of rows [32, 13, 13], columns [64]: 8 × 64 results a workgroup

@group(0) @binding(0) var<storage, read> in0: array<f32, 173056>;
@group(0) @binding(1) var<storage, read> in1: array<f32, 18432>;
@group(0) @binding(2) var<storage, read> in2: array<f32, 64>;
@group(0) @binding(3) var<storage, read_write> out3: array<f32, 346112>;

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

@compute @workgroup_size(8, 1)
fn conv_add_max(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) id: vec3<u32>) {
  let block = i32(group.x);
  let b = 0;
  let m0 = block / 1 % 676 * 8;
  let n0 = block % 1 * 64;
  let m = m0;
  let n = n0 + i32(id.x) * 8;
  var acc0_0 = vec4<f32>();
  var acc0_1 = vec4<f32>();
  var acc1_0 = vec4<f32>();
  var acc1_1 = vec4<f32>();
  var acc2_0 = vec4<f32>();
  var acc2_1 = vec4<f32>();
  var acc3_0 = vec4<f32>();
  var acc3_1 = vec4<f32>();
  var acc4_0 = vec4<f32>();
  var acc4_1 = vec4<f32>();
  var acc5_0 = vec4<f32>();
  var acc5_1 = vec4<f32>();
  var acc6_0 = vec4<f32>();
  var acc6_1 = vec4<f32>();
  var acc7_0 = vec4<f32>();
  var acc7_1 = vec4<f32>();
  for (var k = 0; k < 288; k++) {
    let rhs0 = vec4(rhs_at(b, k, n), rhs_at(b, k, n + 1), rhs_at(b, k, n + 2), rhs_at(b, k, n + 3));
    let rhs1 = vec4(rhs_at(b, k, n + 4), rhs_at(b, k, n + 4 + 1), rhs_at(b, k, n + 4 + 2), rhs_at(b, k, n + 4 + 3));
    let lhs0 = lhs_at(b, m, k);
    acc0_0 += lhs0 * rhs0;
    acc0_1 += lhs0 * rhs1;
    let lhs1 = lhs_at(b, m + 1, k);
    acc1_0 += lhs1 * rhs0;
    acc1_1 += lhs1 * rhs1;
    let lhs2 = lhs_at(b, m + 2, k);
    acc2_0 += lhs2 * rhs0;
    acc2_1 += lhs2 * rhs1;
    let lhs3 = lhs_at(b, m + 3, k);
    acc3_0 += lhs3 * rhs0;
    acc3_1 += lhs3 * rhs1;
    let lhs4 = lhs_at(b, m + 4, k);
    acc4_0 += lhs4 * rhs0;
    acc4_1 += lhs4 * rhs1;
    let lhs5 = lhs_at(b, m + 5, k);
    acc5_0 += lhs5 * rhs0;
    acc5_1 += lhs5 * rhs1;
    let lhs6 = lhs_at(b, m + 6, k);
    acc6_0 += lhs6 * rhs0;
    acc6_1 += lhs6 * rhs1;
    let lhs7 = lhs_at(b, m + 7, k);
    acc7_0 += lhs7 * rhs0;
    acc7_1 += lhs7 * rhs1;
  }
  store_at(b, m, n, acc0_0.x);
  store_at(b, m, n + 1, acc0_0.y);
  store_at(b, m, n + 2, acc0_0.z);
  store_at(b, m, n + 3, acc0_0.w);
  store_at(b, m, n + 4, acc0_1.x);
  store_at(b, m, n + 5, acc0_1.y);
  store_at(b, m, n + 6, acc0_1.z);
  store_at(b, m, n + 7, acc0_1.w);
  store_at(b, m + 1, n, acc1_0.x);
  store_at(b, m + 1, n + 1, acc1_0.y);
  store_at(b, m + 1, n + 2, acc1_0.z);
  store_at(b, m + 1, n + 3, acc1_0.w);
  store_at(b, m + 1, n + 4, acc1_1.x);
  store_at(b, m + 1, n + 5, acc1_1.y);
  store_at(b, m + 1, n + 6, acc1_1.z);
  store_at(b, m + 1, n + 7, acc1_1.w);
  store_at(b, m + 2, n, acc2_0.x);
  store_at(b, m + 2, n + 1, acc2_0.y);
  store_at(b, m + 2, n + 2, acc2_0.z);
  store_at(b, m + 2, n + 3, acc2_0.w);
  store_at(b, m + 2, n + 4, acc2_1.x);
  store_at(b, m + 2, n + 5, acc2_1.y);
  store_at(b, m + 2, n + 6, acc2_1.z);
  store_at(b, m + 2, n + 7, acc2_1.w);
  store_at(b, m + 3, n, acc3_0.x);
  store_at(b, m + 3, n + 1, acc3_0.y);
  store_at(b, m + 3, n + 2, acc3_0.z);
  store_at(b, m + 3, n + 3, acc3_0.w);
  store_at(b, m + 3, n + 4, acc3_1.x);
  store_at(b, m + 3, n + 5, acc3_1.y);
  store_at(b, m + 3, n + 6, acc3_1.z);
  store_at(b, m + 3, n + 7, acc3_1.w);
  store_at(b, m + 4, n, acc4_0.x);
  store_at(b, m + 4, n + 1, acc4_0.y);
  store_at(b, m + 4, n + 2, acc4_0.z);
  store_at(b, m + 4, n + 3, acc4_0.w);
  store_at(b, m + 4, n + 4, acc4_1.x);
  store_at(b, m + 4, n + 5, acc4_1.y);
  store_at(b, m + 4, n + 6, acc4_1.z);
  store_at(b, m + 4, n + 7, acc4_1.w);
  store_at(b, m + 5, n, acc5_0.x);
  store_at(b, m + 5, n + 1, acc5_0.y);
  store_at(b, m + 5, n + 2, acc5_0.z);
  store_at(b, m + 5, n + 3, acc5_0.w);
  store_at(b, m + 5, n + 4, acc5_1.x);
  store_at(b, m + 5, n + 5, acc5_1.y);
  store_at(b, m + 5, n + 6, acc5_1.z);
  store_at(b, m + 5, n + 7, acc5_1.w);
  store_at(b, m + 6, n, acc6_0.x);
  store_at(b, m + 6, n + 1, acc6_0.y);
  store_at(b, m + 6, n + 2, acc6_0.z);
  store_at(b, m + 6, n + 3, acc6_0.w);
  store_at(b, m + 6, n + 4, acc6_1.x);
  store_at(b, m + 6, n + 5, acc6_1.y);
  store_at(b, m + 6, n + 6, acc6_1.z);
  store_at(b, m + 6, n + 7, acc6_1.w);
  store_at(b, m + 7, n, acc7_0.x);
  store_at(b, m + 7, n + 1, acc7_0.y);
  store_at(b, m + 7, n + 2, acc7_0.z);
  store_at(b, m + 7, n + 3, acc7_0.w);
  store_at(b, m + 7, n + 4, acc7_1.x);
  store_at(b, m + 7, n + 5, acc7_1.y);
  store_at(b, m + 7, n + 6, acc7_1.z);
  store_at(b, m + 7, n + 7, acc7_1.w);
}
