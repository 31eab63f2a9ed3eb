// conv f32[32,13,13,64] → add → max
// product over [3, 3, 32] for each of rows [32, 13, 13], columns [64]: 128 × 64 results a workgroup, 16 deep in workgroup memory, by 2 parts of the workgroup

@group(0) @binding(0) var<storage, read> in0: array<vec4<f32>, 43264>;
@group(0) @binding(1) var<storage, read> in1: array<vec4<f32>, 4608>;
@group(0) @binding(2) var<storage, read> in2: array<vec4<f32>, 16>;
@group(0) @binding(3) var<storage, read_write> out3: array<vec4<f32>, 86528>;

var<workgroup> lhs_tile: array<vec4<f32>, 512>; // 128 rows, four of 16 depths
var<workgroup> rhs_tile: array<vec4<f32>, 256>; // 16 depths, four of 64 columns
var<workgroup> part_sums: array<vec4<f32>, 128>; // of all parts but the first

fn is_nan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

// NaN if either is; +0 is greater than -0.
fn maximum(x: f32, y: f32) -> f32 {
  let greater = select(select(x, y, x < y), bitcast<f32>(bitcast<u32>(x) & bitcast<u32>(y)), x == y);
  return select(select(greater, y, is_nan(y)), x, is_nan(x));
}

// The first part's sum with those of the others added to it, in their order.
fn whole_sum(sum: vec4<f32>, lane: i32) -> vec4<f32> {
  if (lane >= 128) {
    part_sums[lane - 128] = sum;
  }
  workgroupBarrier();
  var whole = sum;
  if (lane < 128) {
    for (var i = lane; i < 128; i += 128) {
      whole += part_sums[i];
    }
  }
  workgroupBarrier();
  return whole;
}

fn store_at(m: i32, n: i32, sums: vec4<f32>) {
  if (m >= 5408) {
    return;
  }
  let v0 = in2[n];
  out3[m * 16 + n] = vec4(maximum(sums.x + v0.x, 0.0), maximum(sums.y + v0.y, 0.0), maximum(sums.z + v0.z, 0.0), maximum(sums.w + v0.w, 0.0));
}

@compute @workgroup_size(8, 32)
fn conv_add_max(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_id) id: vec3<u32>,
  @builtin(local_invocation_index) index: u32,
) {
  let block = i32(group.x);
  let row_block = block;
  let x = i32(id.x);
  let y = i32(id.y) % 16;
  let part = i32(id.y) / 16;
  let lane = i32(index);
  var sum0_0 = vec4<f32>();
  var sum0_1 = vec4<f32>();
  var sum1_0 = vec4<f32>();
  var sum1_1 = vec4<f32>();
  var sum2_0 = vec4<f32>();
  var sum2_1 = vec4<f32>();
  var sum3_0 = vec4<f32>();
  var sum3_1 = vec4<f32>();
  var sum4_0 = vec4<f32>();
  var sum4_1 = vec4<f32>();
  var sum5_0 = vec4<f32>();
  var sum5_1 = vec4<f32>();
  var sum6_0 = vec4<f32>();
  var sum6_1 = vec4<f32>();
  var sum7_0 = vec4<f32>();
  var sum7_1 = vec4<f32>();
  let t0 = row_block * 1024;
  let t3 = lane / 4;
  let t4 = t3 * 8;
  let t5 = lane % 4;
  let t6 = row_block * 128;
  let t7 = t6 + t3;
  let t8 = t7 / 13;
  let t9 = t8 % 13;
  let t11 = t7 % 13;
  let t14 = t7 + 64;
  let t15 = t14 / 169;
  let t16 = t15 * 1352;
  let t17 = t7 + 12;
  let t18 = t17 / 13;
  let t19 = t18 + 4;
  let t20 = t19 % 13;
  let t21 = t20 * 104;
  let t22 = t17 % 13;
  let t23 = t22 * 8;
  for (var slice = 0; slice < 18; slice++) {
    let t1 = slice / 6;
    let t2 = slice / 2 % 3;
    let t10 = t1 + t9 - 1;
    let t12 = t2 + t11 - 1;
    let t13 = 0 <= t10 && t10 < 13 && (0 <= t12 && t12 < 13);
    lhs_tile[lane] = select(vec4<f32>(), in0[t0 + t1 * 104 + t2 * 8 + t4 + slice % 2 * 4 + t5 - 112], t13);
    let t24 = t1 + t20 - 1;
    let t25 = t2 + t22 - 1;
    let t26 = 0 <= t24 && t24 < 13 && (0 <= t25 && t25 < 13);
    lhs_tile[lane + 256] = select(vec4<f32>(), in0[t16 + t1 * 104 + t21 + t2 * 8 + t23 + slice % 2 * 4 + t5 - 112], t26);
    rhs_tile[lane] = in1[slice * 256 + lane];
    workgroupBarrier();
    for (var k = part * 2; k < part * 2 + 2; k++) {
      let lhs0 = lhs_tile[k + y * 32];
      let lhs1 = lhs_tile[k + y * 32 + 4];
      let lhs2 = lhs_tile[k + y * 32 + 8];
      let lhs3 = lhs_tile[k + y * 32 + 12];
      let lhs4 = lhs_tile[k + y * 32 + 16];
      let lhs5 = lhs_tile[k + y * 32 + 20];
      let lhs6 = lhs_tile[k + y * 32 + 24];
      let lhs7 = lhs_tile[k + y * 32 + 28];
      let rhs0 = rhs_tile[k * 64 + x * 2];
      let rhs1 = rhs_tile[k * 64 + x * 2 + 1];
      let rhs0_1 = rhs_tile[k * 64 + x * 2 + 16];
      let rhs1_1 = rhs_tile[k * 64 + x * 2 + 17];
      let rhs0_2 = rhs_tile[k * 64 + x * 2 + 32];
      let rhs1_2 = rhs_tile[k * 64 + x * 2 + 33];
      let rhs0_3 = rhs_tile[k * 64 + x * 2 + 48];
      let rhs1_3 = rhs_tile[k * 64 + x * 2 + 49];
      sum0_0 += lhs0.x * rhs0;
      sum0_0 += lhs0.y * rhs0_1;
      sum0_0 += lhs0.z * rhs0_2;
      sum0_0 += lhs0.w * rhs0_3;
      sum0_1 += lhs0.x * rhs1;
      sum0_1 += lhs0.y * rhs1_1;
      sum0_1 += lhs0.z * rhs1_2;
      sum0_1 += lhs0.w * rhs1_3;
      sum1_0 += lhs1.x * rhs0;
      sum1_0 += lhs1.y * rhs0_1;
      sum1_0 += lhs1.z * rhs0_2;
      sum1_0 += lhs1.w * rhs0_3;
      sum1_1 += lhs1.x * rhs1;
      sum1_1 += lhs1.y * rhs1_1;
      sum1_1 += lhs1.z * rhs1_2;
      sum1_1 += lhs1.w * rhs1_3;
      sum2_0 += lhs2.x * rhs0;
      sum2_0 += lhs2.y * rhs0_1;
      sum2_0 += lhs2.z * rhs0_2;
      sum2_0 += lhs2.w * rhs0_3;
      sum2_1 += lhs2.x * rhs1;
      sum2_1 += lhs2.y * rhs1_1;
      sum2_1 += lhs2.z * rhs1_2;
      sum2_1 += lhs2.w * rhs1_3;
      sum3_0 += lhs3.x * rhs0;
      sum3_0 += lhs3.y * rhs0_1;
      sum3_0 += lhs3.z * rhs0_2;
      sum3_0 += lhs3.w * rhs0_3;
      sum3_1 += lhs3.x * rhs1;
      sum3_1 += lhs3.y * rhs1_1;
      sum3_1 += lhs3.z * rhs1_2;
      sum3_1 += lhs3.w * rhs1_3;
      sum4_0 += lhs4.x * rhs0;
      sum4_0 += lhs4.y * rhs0_1;
      sum4_0 += lhs4.z * rhs0_2;
      sum4_0 += lhs4.w * rhs0_3;
      sum4_1 += lhs4.x * rhs1;
      sum4_1 += lhs4.y * rhs1_1;
      sum4_1 += lhs4.z * rhs1_2;
      sum4_1 += lhs4.w * rhs1_3;
      sum5_0 += lhs5.x * rhs0;
      sum5_0 += lhs5.y * rhs0_1;
      sum5_0 += lhs5.z * rhs0_2;
      sum5_0 += lhs5.w * rhs0_3;
      sum5_1 += lhs5.x * rhs1;
      sum5_1 += lhs5.y * rhs1_1;
      sum5_1 += lhs5.z * rhs1_2;
      sum5_1 += lhs5.w * rhs1_3;
      sum6_0 += lhs6.x * rhs0;
      sum6_0 += lhs6.y * rhs0_1;
      sum6_0 += lhs6.z * rhs0_2;
      sum6_0 += lhs6.w * rhs0_3;
      sum6_1 += lhs6.x * rhs1;
      sum6_1 += lhs6.y * rhs1_1;
      sum6_1 += lhs6.z * rhs1_2;
      sum6_1 += lhs6.w * rhs1_3;
      sum7_0 += lhs7.x * rhs0;
      sum7_0 += lhs7.y * rhs0_1;
      sum7_0 += lhs7.z * rhs0_2;
      sum7_0 += lhs7.w * rhs0_3;
      sum7_1 += lhs7.x * rhs1;
      sum7_1 += lhs7.y * rhs1_1;
      sum7_1 += lhs7.z * rhs1_2;
      sum7_1 += lhs7.w * rhs1_3;
    }
    workgroupBarrier();
  }
  sum0_0 = whole_sum(sum0_0, lane);
  sum0_1 = whole_sum(sum0_1, lane);
  sum1_0 = whole_sum(sum1_0, lane);
  sum1_1 = whole_sum(sum1_1, lane);
  sum2_0 = whole_sum(sum2_0, lane);
  sum2_1 = whole_sum(sum2_1, lane);
  sum3_0 = whole_sum(sum3_0, lane);
  sum3_1 = whole_sum(sum3_1, lane);
  sum4_0 = whole_sum(sum4_0, lane);
  sum4_1 = whole_sum(sum4_1, lane);
  sum5_0 = whole_sum(sum5_0, lane);
  sum5_1 = whole_sum(sum5_1, lane);
  sum6_0 = whole_sum(sum6_0, lane);
  sum6_1 = whole_sum(sum6_1, lane);
  sum7_0 = whole_sum(sum7_0, lane);
  sum7_1 = whole_sum(sum7_1, lane);
  if (part == 0) {
    let t27 = t6 + y * 8;
    let t28 = x * 2;
    store_at(t27, t28, sum0_0);
    store_at(t27, t28 + 1, sum0_1);
    store_at(t27 + 1, t28, sum1_0);
    store_at(t27 + 1, t28 + 1, sum1_1);
    store_at(t27 + 2, t28, sum2_0);
    store_at(t27 + 2, t28 + 1, sum2_1);
    store_at(t27 + 3, t28, sum3_0);
    store_at(t27 + 3, t28 + 1, sum3_1);
    store_at(t27 + 4, t28, sum4_0);
    store_at(t27 + 4, t28 + 1, sum4_1);
    store_at(t27 + 5, t28, sum5_0);
    store_at(t27 + 5, t28 + 1, sum5_1);
    store_at(t27 + 6, t28, sum6_0);
    store_at(t27 + 6, t28 + 1, sum6_1);
    store_at(t27 + 7, t28, sum7_0);
    store_at(t27 + 7, t28 + 1, sum7_1);
  }
}
