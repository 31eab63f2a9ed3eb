// convGeneralDilated f32[32,26,26,32] |
// min → add i32[];
// min → add → convertElementType → pow → neg → add f32[];
// min → add → convertElementType → pow → neg → add f32[];
// add i32[] |
// copy u32[2]
// product over [3, 3, 1] for each of rows [32, 26, 26], columns [32]: 128 × 32 results a workgroup, 12 deep in workgroup memory;
// map over []: one invocation for each of 1 points;
// map over [2]: one invocation for each of 2 points

@group(0) @binding(0) var<storage, read> in0: array<f32, 25088>;
@group(0) @binding(1) var<storage, read> in1: array<vec4<f32>, 72>;
@group(0) @binding(2) var<storage, read_write> out2: array<vec4<f32>, 173056>;
@group(0) @binding(3) var<storage, read_write> inout3: array<i32, 1>;
@group(0) @binding(4) var<storage, read_write> out4: array<f32, 8>;
@group(0) @binding(5) var<storage, read_write> inout5: array<i32, 1>;
@group(0) @binding(6) var<storage, read_write> inout6: array<u32, 2>;

var<workgroup> lhs_tile_0: array<vec4<f32>, 384>; // 12 depths, four of 128 rows
var<workgroup> rhs_tile_0: array<vec4<f32>, 96>; // 12 depths, four of 32 columns

fn infinity() -> f32 {
  let bits = 0x7f800000u;
  return bitcast<f32>(bits);
}

fn nan() -> f32 {
  let bits = 0x7fc00000u;
  return bitcast<f32>(bits);
}

fn is_nan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

fn is_finite(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u;
}

// The twelve leading bits of x: the product of two such parts is exact.
fn high_part(x: f32) -> f32 {
  return bitcast<f32>(bitcast<u32>(x) & 0xfffff000u);
}

// (ln(1 + f) - f + f^2/2) / f^3 for sqrt(1/2) <= 1 + f <= sqrt(2).
fn log1p_core(f: f32) -> f32 {
  let high = 0.14218326 + f * (-0.123838 + f * (0.11875076 + f * (-0.11794091 + f * 0.06915595)));
  return 0.3333331 + f * (-0.24999987 + f * (0.20002243 + f * (-0.1666927 + f * high)));
}

// e^r - 1 for |r| <= ln(2)/2.
fn exp_minus_one_core(r: f32) -> f32 {
  let p = 0.5 + r * (0.16666667 + r * (0.041666463 + r * (0.008333286 + r * (0.0013933732 + r * 0.00019907703))));
  return r + r * r * p;
}

// 2^n for n in [-126, 127].
fn power_of_two(n: i32) -> f32 {
  return bitcast<f32>(u32(clamp(n, -126, 127) + 127) << 23u);
}

// x^y = 2^(y log2 x) for finite x > 0, x != 1. log2 x is kept as a high and a low part, so that its product with y is
// good to 2^-25 where the result is finite.
fn power_of_positive(x: f32, y_any: f32) -> f32 {
  let x_bits = bitcast<u32>(x);
  let subnormal = x_bits < 0x800000u;
  let bits = select(x_bits, bitcast<u32>(f32(x_bits)), subnormal);
  let shifted = bits + (0x3f800000u - 0x3f3504f3u);
  let k = f32(i32(shifted >> 23u) - 127 - select(0, 149, subnormal));
  let f = bitcast<f32>((shifted & 0x7fffffu) + 0x3f3504f3u) - 1.0;
  // ln(1 + f) = f - f^2/2 + f^3 q, as ln_high + ln_low.
  let f_high = high_part(f);
  let square_high = 0.5 * f_high * f_high;
  let square_low = 0.5 * (f - f_high) * (f + f_high);
  let ln_high = high_part(f - square_high);
  let ln_low = (((f - ln_high) - square_high) - square_low) + f * f * (f * log1p_core(f));
  // log2 x = k + ln(1 + f) / ln 2, as log_high + log_low; 1 / ln 2 = 1.4423828125 + 3.12228389e-4.
  let product = ln_high * 1.4423828125;
  let rest = ln_high * 3.12228389e-4 + ln_low * 1.44269504;
  let log_high = high_part(k + (product + rest));
  let log_low = ((k - log_high) + product) + rest;
  // Any |y| beyond 1e12 overflows or underflows alike.
  let y = clamp(y_any, -1e12, 1e12);
  let y_high = high_part(y);
  let high = y_high * log_high;
  let low = (y - y_high) * log_high + y * log_low;
  let n = floor(clamp(high + low, -200.0, 200.0) + 0.5);
  let r = (high - n) + low;
  let m = i32(n);
  let half = m / 2;
  let result = (1.0 + exp_minus_one_core(clamp(r, -0.51, 0.51) * 0.693147181)) * power_of_two(half) * power_of_two(m - half);
  return select(select(result, infinity(), high + low >= 128.0), 0.0, high + low < -150.0);
}

// IEEE 754 pow.
fn power(x: f32, y: f32) -> f32 {
  if (x == 1.0 || y == 0.0) {
    return 1.0;
  }
  if (is_nan(x) || is_nan(y)) {
    return nan();
  }
  let whole = abs(y) >= 8388608.0 || floor(y) == y;
  let odd = abs(y) < 16777216.0 && whole && (i32(y) & 1) == 1;
  let negative = (bitcast<u32>(x) & 0x80000000u) != 0u;
  let magnitude = abs(x);
  if (magnitude == 1.0 && !is_finite(y)) {
    return 1.0;
  }
  var result = 1.0;
  if (magnitude == 0.0 || !is_finite(x)) {
    result = select(0.0, infinity(), (magnitude == 0.0) == (y < 0.0));
  } else if (negative && !whole) {
    return nan();
  } else if (magnitude != 1.0) {
    result = power_of_positive(magnitude, y);
  }
  return select(result, -result, negative && odd);
}

fn store_at_0(m: i32, n: i32, sums: vec4<f32>) {
  let t0 = m * 8 + n;
  out2[t0] = sums;
}

fn part_0(own_group: vec3<u32>, own_lane: u32) {
  let group = own_group;
  let id = vec3<u32>(own_lane % 8u, own_lane / 8u, 0u);
  let index = own_lane;
  let block = i32(group.x);
  let row_block = block;
  let x = i32(id.x);
  let y = i32(id.y);
  let lane = i32(index);
  var sum0 = vec4<f32>();
  var sum1 = vec4<f32>();
  var sum2 = vec4<f32>();
  var sum3 = vec4<f32>();
  var sum4 = vec4<f32>();
  var sum5 = vec4<f32>();
  var sum6 = vec4<f32>();
  var sum7 = vec4<f32>();
  let t0 = lane % 32;
  let t1 = (row_block * 32 + t0) / 169 * 784;
  let t2 = t1 + lane / 96 * 28;
  let t3 = row_block * 64 + t0 * 2;
  let t4 = t3 / 13 % 26 * 28;
  let t5 = t3 % 13 * 2;
  let t6 = lane / 32;
  let t7 = t6 % 3;
  let t8 = t2 + t4 + t5 + t7;
  let t9 = t3 + 1;
  let t10 = t9 / 13 % 26 * 28;
  let t11 = t9 % 13 * 2;
  let t12 = t2 + t10 + t11 + t7;
  lhs_tile_0[lane] = vec4(in0[t8], in0[t8 + 1], in0[t12], in0[t12 + 1]);
  let t13 = t1 + t4;
  let t14 = t6 + 1;
  let t15 = t14 / 3 * 28;
  let t16 = t14 % 3;
  let t17 = t13 + t15 + t5 + t16;
  let t18 = t1 + t10;
  let t19 = t18 + t15 + t11 + t16;
  lhs_tile_0[lane + 128] = vec4(in0[t17 + 28], in0[t17 + 29], in0[t19 + 28], in0[t19 + 29]);
  let t20 = t6 + 2;
  let t21 = t20 / 3 * 28;
  let t22 = t20 % 3;
  let t23 = t13 + t21 + t5 + t22;
  let t24 = t6 + 8 < 9;
  let t25 = t18 + t21 + t11 + t22;
  lhs_tile_0[lane + 256] = vec4(select(0.0, in0[t23 + 56], t24), select(0.0, in0[t23 + 57], t24), select(0.0, in0[t25 + 56], t24), select(0.0, in0[t25 + 57], t24));
  if (lane < 96) {
    let t26 = lane / 8 < 9;
    rhs_tile_0[lane] = select(vec4<f32>(), in1[lane], t26);
  }
  workgroupBarrier();
  for (var k = 0; k < 12; k++) {
    let lhs0 = lhs_tile_0[k * 32 + y * 2];
    let lhs1 = lhs_tile_0[k * 32 + y * 2 + 1];
    let rhs0 = rhs_tile_0[k * 8 + x];
    sum0 += lhs0.x * rhs0;
    sum1 += lhs0.y * rhs0;
    sum2 += lhs0.z * rhs0;
    sum3 += lhs0.w * rhs0;
    sum4 += lhs1.x * rhs0;
    sum5 += lhs1.y * rhs0;
    sum6 += lhs1.z * rhs0;
    sum7 += lhs1.w * rhs0;
  }
  let t27 = row_block * 128 + y * 8;
  store_at_0(t27, x, sum0);
  store_at_0(t27 + 1, x, sum1);
  store_at_0(t27 + 2, x, sum2);
  store_at_0(t27 + 3, x, sum3);
  store_at_0(t27 + 4, x, sum4);
  store_at_0(t27 + 5, x, sum5);
  store_at_0(t27 + 6, x, sum6);
  store_at_0(t27 + 7, x, sum7);
}

fn part_1(own_group: vec3<u32>, own_lane: u32) {
  if (own_lane >= 1u) {
    return;
  }
  let id = own_group * vec3<u32>(1u, 1u, 1u) + vec3<u32>(own_lane, 0u, 0u);
  let t0 = min(inout3[0], 2147483646) + 1;
  let t1 = f32(t0);
  let t2 = -power(0.9, t1) + 1.0;
  let t3 = -power(0.999, t1) + 1.0;
  let t4 = inout5[0] + 1;
  inout3[0] = t0;
  out4[0] = t2;
  out4[4] = t3;
  inout5[0] = t4;
}

fn part_2(own_group: vec3<u32>, own_lane: u32) {
  if (own_lane >= 2u) {
    return;
  }
  let id = own_group * vec3<u32>(2u, 1u, 1u) + vec3<u32>(own_lane, 0u, 0u);
  let i = i32(id.x);
  inout6[i] = inout6[i];
}

@compute @workgroup_size(128)
fn convGeneralDilated_and_min_add_pow_neg_and_copy(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let number = workgroup.x;
  if (number < 169u) {
    part_0(vec3<u32>(number, 0u, 0u), lane);
  } else if (number < 170u) {
    part_1(vec3<u32>(number - 169u, 0u, 0u), lane);
  } else if (number < 171u) {
    part_2(vec3<u32>(number - 170u, 0u, 0u), lane);
  }
}

// broadcastInDim → add → le → select → unfold → reduceMax f32[32,13,13,32];
// add → le → select → unfold → eq → iota → reshape → reduceMin i32[32,13,13,32]
// 2 passes over rows of [2, 2] for each of [32, 13, 13, 32]: one invocation for each of 173056 rows

@group(0) @binding(0) var<storage, read> in0: array<f32, 692224>;
@group(0) @binding(1) var<storage, read> in1: array<f32, 32>;
@group(0) @binding(2) var<storage, read_write> out2: array<f32, 173056>;
@group(0) @binding(3) var<storage, read_write> out3: array<i32, 173056>;

fn infinity() -> f32 {
  let bits = 0x7f800000u;
  return bitcast<f32>(bits);
}

fn is_nan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

// NaN if either is; +0 is greater than -0.
fn maximum(x: f32, y: f32) -> f32 {
  let greater = select(select(x, y, x < y), bitcast<f32>(bitcast<u32>(x) & bitcast<u32>(y)), x == y);
  return select(select(greater, y, is_nan(y)), x, is_nan(x));
}

@compute @workgroup_size(256)
fn add_eq_iota_reduceMin(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = i32(id.x);
  // Pass 1 of 2: max.
  var greatest0: f32 = -infinity();
  let t0 = i / 416;
  let t1 = t0 * 1664;
  let t3 = i / 32;
  let t4 = t3 % 13;
  let t5 = t4 * 64;
  let t7 = i % 32;
  let x8 = in1[t7];
  for (var r = 0; r < 4; r++) {
    let t2 = r / 2;
    let t6 = r % 2;
    let t9 = in0[t1 + t2 * 832 + t5 + t6 * 32 + t7] + x8;
    let t10 = select(t9, 0.0, t9 <= 0.0);
    greatest0 = maximum(greatest0, t10);
  }
  // Pass 2 of 2: min.
  var least1: i32 = 2147483647;
  for (var r = 0; r < 4; r++) {
    let t11 = r / 2;
    let t12 = r % 2;
    let t13 = in0[t1 + t11 * 832 + t5 + t12 * 32 + t7] + x8;
    let t14 = select(t13, 0.0, t13 <= 0.0);
    least1 = min(least1, select(692224, t11 * 2 + t12, t14 == greatest0));
  }
  out2[i] = greatest0;
  out3[i] = least1;
}

// convGeneralDilated f32[32,11,11,64]
// product over [3, 3, 32] for each of rows [32, 11, 11], columns [64]: 128 × 64 results a workgroup, 16 deep in workgroup memory, by 2 parts of the workgroup

@group(0) @binding(0) var<storage, read> in0: array<vec4<f32>, 43264>;
@group(0) @binding(1) var<storage, read> in1: array<vec4<f32>, 4608>;
@group(0) @binding(2) var<storage, read_write> out2: array<vec4<f32>, 61952>;

var<workgroup> lhs_tile: array<vec4<f32>, 512>; // 128 rows, four of 16 depths
var<workgroup> rhs_tile: array<vec4<f32>, 256>; // 16 depths, four of 64 columns
var<workgroup> part_sums: array<vec4<f32>, 128>; // of all parts but the first

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
  if (m >= 3872) {
    return;
  }
  out2[m * 16 + n] = sums;
}

@compute @workgroup_size(8, 32)
fn convGeneralDilated_2(
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
  let t0 = row_block * 128;
  let t1 = lane / 4;
  let t2 = t0 + t1;
  let t3 = t2 / 121;
  let t4 = t3 * 1352;
  let t5 = t2 / 11;
  let t6 = t5 % 11;
  let t7 = t6 * 104;
  let t8 = t2 % 11;
  let t9 = t8 * 8;
  let t10 = lane % 4;
  let t11 = t2 + 64;
  let t12 = t11 / 121;
  let t13 = t12 * 1352;
  let t14 = t2 + 9;
  let t15 = t14 / 11;
  let t16 = t15 + 5;
  let t17 = t16 % 11;
  let t18 = t17 * 104;
  let t19 = t14 % 11;
  let t20 = t19 * 8;
  for (var slice = 0; slice < 18; slice++) {
    lhs_tile[lane] = in0[t4 + slice / 6 * 104 + t7 + slice / 2 % 3 * 8 + t9 + slice % 2 * 4 + t10];
    lhs_tile[lane + 256] = in0[t13 + slice / 6 * 104 + t18 + slice / 2 % 3 * 8 + t20 + slice % 2 * 4 + t10];
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
    let t21 = t0 + y * 8;
    let t22 = x * 2;
    store_at(t21, t22, sum0_0);
    store_at(t21, t22 + 1, sum0_1);
    store_at(t21 + 1, t22, sum1_0);
    store_at(t21 + 1, t22 + 1, sum1_1);
    store_at(t21 + 2, t22, sum2_0);
    store_at(t21 + 2, t22 + 1, sum2_1);
    store_at(t21 + 3, t22, sum3_0);
    store_at(t21 + 3, t22 + 1, sum3_1);
    store_at(t21 + 4, t22, sum4_0);
    store_at(t21 + 4, t22 + 1, sum4_1);
    store_at(t21 + 5, t22, sum5_0);
    store_at(t21 + 5, t22 + 1, sum5_1);
    store_at(t21 + 6, t22, sum6_0);
    store_at(t21 + 6, t22 + 1, sum6_1);
    store_at(t21 + 7, t22, sum7_0);
    store_at(t21 + 7, t22 + 1, sum7_1);
  }
}

// broadcastInDim → add → le → select → unfold → reduceMax f32[32,5,5,64];
// add → le → select → unfold → eq → iota → reshape → reduceMin i32[32,5,5,64]
// 2 passes over rows of [2, 2] for each of [32, 5, 5, 64]: one invocation for each of 51200 rows

@group(0) @binding(0) var<storage, read> in0: array<f32, 247808>;
@group(0) @binding(1) var<storage, read> in1: array<f32, 64>;
@group(0) @binding(2) var<storage, read_write> out2: array<f32, 51200>;
@group(0) @binding(3) var<storage, read_write> out3: array<i32, 51200>;

fn infinity() -> f32 {
  let bits = 0x7f800000u;
  return bitcast<f32>(bits);
}

fn is_nan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

// NaN if either is; +0 is greater than -0.
fn maximum(x: f32, y: f32) -> f32 {
  let greater = select(select(x, y, x < y), bitcast<f32>(bitcast<u32>(x) & bitcast<u32>(y)), x == y);
  return select(select(greater, y, is_nan(y)), x, is_nan(x));
}

@compute @workgroup_size(256)
fn add_eq_iota_reduceMin_2(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = i32(id.x);
  // Pass 1 of 2: max.
  var greatest0: f32 = -infinity();
  let t0 = i / 1600;
  let t1 = t0 * 7744;
  let t2 = i / 320;
  let t3 = t2 % 5;
  let t4 = t3 * 1408;
  let t5 = t1 + t4;
  let t7 = i / 64;
  let t8 = t7 % 5;
  let t9 = t8 * 128;
  let t11 = i % 64;
  let x12 = in1[t11];
  for (var r = 0; r < 4; r++) {
    let t6 = r / 2;
    let t10 = r % 2;
    let t13 = in0[t5 + t6 * 704 + t9 + t10 * 64 + t11] + x12;
    let t14 = select(t13, 0.0, t13 <= 0.0);
    greatest0 = maximum(greatest0, t14);
  }
  // Pass 2 of 2: min.
  var least1: i32 = 2147483647;
  for (var r = 0; r < 4; r++) {
    let t15 = r / 2;
    let t16 = r % 2;
    let t17 = in0[t5 + t15 * 704 + t9 + t16 * 64 + t11] + x12;
    let t18 = select(t17, 0.0, t17 <= 0.0);
    least1 = min(least1, select(204800, t15 * 2 + t16, t18 == greatest0));
  }
  out2[i] = greatest0;
  out3[i] = least1;
}

// reshape → dotGeneral f32[32,64]; broadcastInDim → add → le → select f32[32,64]
// product over [1600] for each of rows [32], columns [64]: 16 × 16 results a workgroup, 64 deep in workgroup memory, by 16 parts of the workgroup

@group(0) @binding(0) var<storage, read> in0: array<vec4<f32>, 12800>;
@group(0) @binding(1) var<storage, read> in1: array<vec4<f32>, 25600>;
@group(0) @binding(2) var<storage, read> in2: array<vec4<f32>, 16>;
@group(0) @binding(3) var<storage, read_write> out3: array<vec4<f32>, 1024>;

var<workgroup> lhs_tile: array<vec4<f32>, 256>; // 16 rows, four of 64 depths
var<workgroup> rhs_tile: array<vec4<f32>, 256>; // 64 depths, four of 16 columns
var<workgroup> part_sums: array<vec4<f32>, 240>; // of all parts but the first

// The first part's sum with those of the others added to it, in their order.
fn whole_sum(sum: vec4<f32>, lane: i32) -> vec4<f32> {
  if (lane >= 16) {
    part_sums[lane - 16] = sum;
  }
  workgroupBarrier();
  var whole = sum;
  if (lane < 16) {
    for (var i = lane; i < 240; i += 16) {
      whole += part_sums[i];
    }
  }
  workgroupBarrier();
  return whole;
}

fn store_at(m: i32, n: i32, sums: vec4<f32>) {
  let v0 = in2[n];
  let t1 = sums.x + v0.x;
  let t2 = sums.y + v0.y;
  let t3 = sums.z + v0.z;
  let t4 = sums.w + v0.w;
  out3[m * 16 + n] = sums;
  out3[m * 16 + n + 512] = vec4(select(t1, 0.0, t1 <= 0.0), select(t2, 0.0, t2 <= 0.0), select(t3, 0.0, t3 <= 0.0), select(t4, 0.0, t4 <= 0.0));
}

@compute @workgroup_size(4, 64)
fn dotGeneral_add_le(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_id) id: vec3<u32>,
  @builtin(local_invocation_index) index: u32,
) {
  let block = i32(group.x);
  let row_block = block / 4;
  let column_block = block % 4;
  let x = i32(id.x);
  let y = i32(id.y) % 4;
  let part = i32(id.y) / 4;
  let lane = i32(index);
  var sum0 = vec4<f32>();
  var sum1 = vec4<f32>();
  var sum2 = vec4<f32>();
  var sum3 = vec4<f32>();
  let t0 = row_block * 6400;
  let t1 = lane / 16;
  let t2 = t1 * 400;
  let t3 = t0 + t2;
  let t4 = lane % 16;
  let t5 = lane / 4;
  let t6 = t5 * 16;
  let t7 = column_block * 4;
  let t8 = lane % 4;
  for (var slice = 0; slice < 25; slice++) {
    lhs_tile[lane] = in0[t3 + slice * 16 + t4];
    rhs_tile[lane] = in1[slice * 1024 + t6 + t7 + t8];
    workgroupBarrier();
    for (var k = part * 1; k < part * 1 + 1; k++) {
      let lhs0 = lhs_tile[k + y * 64];
      let lhs1 = lhs_tile[k + y * 64 + 16];
      let lhs2 = lhs_tile[k + y * 64 + 32];
      let lhs3 = lhs_tile[k + y * 64 + 48];
      let rhs0 = rhs_tile[k * 16 + x];
      let rhs0_1 = rhs_tile[k * 16 + x + 4];
      let rhs0_2 = rhs_tile[k * 16 + x + 8];
      let rhs0_3 = rhs_tile[k * 16 + x + 12];
      sum0 += lhs0.x * rhs0;
      sum0 += lhs0.y * rhs0_1;
      sum0 += lhs0.z * rhs0_2;
      sum0 += lhs0.w * rhs0_3;
      sum1 += lhs1.x * rhs0;
      sum1 += lhs1.y * rhs0_1;
      sum1 += lhs1.z * rhs0_2;
      sum1 += lhs1.w * rhs0_3;
      sum2 += lhs2.x * rhs0;
      sum2 += lhs2.y * rhs0_1;
      sum2 += lhs2.z * rhs0_2;
      sum2 += lhs2.w * rhs0_3;
      sum3 += lhs3.x * rhs0;
      sum3 += lhs3.y * rhs0_1;
      sum3 += lhs3.z * rhs0_2;
      sum3 += lhs3.w * rhs0_3;
    }
    workgroupBarrier();
  }
  sum0 = whole_sum(sum0, lane);
  sum1 = whole_sum(sum1, lane);
  sum2 = whole_sum(sum2, lane);
  sum3 = whole_sum(sum3, lane);
  if (part == 0) {
    let t9 = row_block * 16 + y * 4;
    let t10 = t7 + x;
    store_at(t9, t10, sum0);
    store_at(t9 + 1, t10, sum1);
    store_at(t9 + 2, t10, sum2);
    store_at(t9 + 3, t10, sum3);
  }
}

// dotGeneral f32[32,10]
// product over [64] for each of rows [32], columns [10]: 16 × 16 results a workgroup, 64 deep in workgroup memory, by 4 parts of the workgroup

@group(0) @binding(0) var<storage, read> in0: array<vec4<f32>, 1024>;
@group(0) @binding(1) var<storage, read> in1: array<f32, 640>;
@group(0) @binding(2) var<storage, read_write> out2: array<f32, 320>;

var<workgroup> lhs_tile: array<vec4<f32>, 256>; // 16 rows, four of 64 depths
var<workgroup> rhs_tile: array<vec4<f32>, 256>; // 64 depths, four of 16 columns
var<workgroup> part_sums: array<vec4<f32>, 48>; // of all parts but the first

// The first part's sum with those of the others added to it, in their order.
fn whole_sum(sum: vec4<f32>, lane: i32) -> vec4<f32> {
  if (lane >= 16) {
    part_sums[lane - 16] = sum;
  }
  workgroupBarrier();
  var whole = sum;
  if (lane < 16) {
    for (var i = lane; i < 48; i += 16) {
      whole += part_sums[i];
    }
  }
  workgroupBarrier();
  return whole;
}

fn store_at(m: i32, n: i32, sums: vec4<f32>) {
  let t0 = m * 10;
  for (var j = n * 4; j < min(n * 4 + 4, 10); j++) {
    out2[t0 + j] = sums[j - n * 4];
  }
}

@compute @workgroup_size(4, 16)
fn dotGeneral_kernel(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_id) id: vec3<u32>,
  @builtin(local_invocation_index) index: u32,
) {
  let block = i32(group.x);
  let row_block = block;
  let x = i32(id.x);
  let y = i32(id.y) % 4;
  let part = i32(id.y) / 4;
  let lane = i32(index);
  var sum0 = vec4<f32>();
  var sum1 = vec4<f32>();
  var sum2 = vec4<f32>();
  var sum3 = vec4<f32>();
  lhs_tile[lane] = in0[row_block * 256 + lane + 512];
  lhs_tile[lane + 64] = in0[row_block * 256 + lane + 576];
  lhs_tile[lane + 128] = in0[row_block * 256 + lane + 640];
  lhs_tile[lane + 192] = in0[row_block * 256 + lane + 704];
  let t0 = lane / 4 * 10 + lane % 4 * 4;
  rhs_tile[lane] = vec4(in1[t0], in1[t0 + 1], in1[t0 + 2], in1[t0 + 3]);
  rhs_tile[lane + 64] = vec4(in1[t0 + 160], in1[t0 + 161], in1[t0 + 162], in1[t0 + 163]);
  rhs_tile[lane + 128] = vec4(in1[t0 + 320], in1[t0 + 321], in1[t0 + 322], in1[t0 + 323]);
  rhs_tile[lane + 192] = vec4(in1[t0 + 480], in1[t0 + 481], in1[t0 + 482], in1[t0 + 483]);
  workgroupBarrier();
  for (var k = part * 4; k < part * 4 + 4; k++) {
    let lhs0 = lhs_tile[k + y * 64];
    let lhs1 = lhs_tile[k + y * 64 + 16];
    let lhs2 = lhs_tile[k + y * 64 + 32];
    let lhs3 = lhs_tile[k + y * 64 + 48];
    let rhs0 = rhs_tile[k * 16 + x];
    let rhs0_1 = rhs_tile[k * 16 + x + 4];
    let rhs0_2 = rhs_tile[k * 16 + x + 8];
    let rhs0_3 = rhs_tile[k * 16 + x + 12];
    sum0 += lhs0.x * rhs0;
    sum0 += lhs0.y * rhs0_1;
    sum0 += lhs0.z * rhs0_2;
    sum0 += lhs0.w * rhs0_3;
    sum1 += lhs1.x * rhs0;
    sum1 += lhs1.y * rhs0_1;
    sum1 += lhs1.z * rhs0_2;
    sum1 += lhs1.w * rhs0_3;
    sum2 += lhs2.x * rhs0;
    sum2 += lhs2.y * rhs0_1;
    sum2 += lhs2.z * rhs0_2;
    sum2 += lhs2.w * rhs0_3;
    sum3 += lhs3.x * rhs0;
    sum3 += lhs3.y * rhs0_1;
    sum3 += lhs3.z * rhs0_2;
    sum3 += lhs3.w * rhs0_3;
  }
  sum0 = whole_sum(sum0, lane);
  sum1 = whole_sum(sum1, lane);
  sum2 = whole_sum(sum2, lane);
  sum3 = whole_sum(sum3, lane);
  if (part == 0) {
    let t1 = row_block * 16 + y * 4;
    store_at(t1, x, sum0);
    store_at(t1 + 1, x, sum1);
    store_at(t1 + 2, x, sum2);
    store_at(t1 + 3, x, sum3);
  }
}

// broadcastInDim → add → reduceMax f32[32];
// stopGradient → isFinite → broadcastInDim → select f32[32];
// broadcastInDim → add → sub → exp f32[32,10];
// reduceSum f32[32];
// reshape → broadcastInDim → iota → eq → add → select → reduceSum f32[32];
// div → broadcastInDim → mul f32[32];
// broadcastInDim → iota → eq → div → neg → select → mul → add f32[32,10]
// 3 passes over rows of [10] for each of [32]: one invocation for each of 32 rows

@group(0) @binding(0) var<storage, read> in0: array<f32, 320>;
@group(0) @binding(1) var<storage, read> in1: array<f32, 10>;
@group(0) @binding(2) var<storage, read> in2: array<i32, 32>;
@group(0) @binding(3) var<storage, read_write> out3: array<f32, 416>;

fn infinity() -> f32 {
  let bits = 0x7f800000u;
  return bitcast<f32>(bits);
}

fn is_nan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

// 2^n for n in [-126, 127].
fn power_of_two(n: i32) -> f32 {
  return bitcast<f32>(u32(clamp(n, -126, 127) + 127) << 23u);
}

// e^r - 1 for |r| <= ln(2)/2.
fn exp_minus_one_core(r: f32) -> f32 {
  let p = 0.5 + r * (0.16666667 + r * (0.041666463 + r * (0.008333286 + r * (0.0013933732 + r * 0.00019907703))));
  return r + r * r * p;
}

// e^x = 2^n e^r; ln 2 is split in two so that n ln 2 is exact, 2^n so that neither factor overflows.
fn exponential(x: f32) -> f32 {
  let c = clamp(x, -105.0, 89.0);
  let n = floor(c * 1.44269504 + 0.5);
  let r = (c - n * 0.693359375) + n * 2.12194440e-4;
  let k = i32(n);
  let half = k / 2;
  let y = (1.0 + exp_minus_one_core(r)) * power_of_two(half) * power_of_two(k - half);
  return select(select(select(y, infinity(), x > 88.72284), 0.0, x < -104.0), x, is_nan(x));
}

// NaN if either is; +0 is greater than -0.
fn maximum(x: f32, y: f32) -> f32 {
  let greater = select(select(x, y, x < y), bitcast<f32>(bitcast<u32>(x) & bitcast<u32>(y)), x == y);
  return select(select(greater, y, is_nan(y)), x, is_nan(x));
}

@compute @workgroup_size(32)
fn add_div_mul_neg(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = i32(id.x);
  // Pass 1 of 3: max, add.
  var greatest0: f32 = -infinity();
  var sum1: f32 = 0.0;
  let t0 = i * 10;
  let x3 = in2[i];
  for (var r = 0; r < 10; r++) {
    let t1 = t0 + r;
    let t2 = in0[t1] + in1[r];
    greatest0 = maximum(greatest0, t2);
    let t4 = x3 == r;
    sum1 += select(0.0, t2, t4);
  }
  // Pass 2 of 3: add.
  var sum2: f32 = 0.0;
  let t7 = abs(greatest0);
  let t8 = t7 < infinity();
  let t9 = select(0.0, greatest0, t8);
  for (var r = 0; r < 10; r++) {
    let t5 = t0 + r;
    let t6 = in0[t5] + in1[r];
    let t10 = exponential(t6 - t9);
    sum2 += t10;
  }
  // Pass 3 of 3: stores.
  let t13 = 1.0 / sum2;
  let t14 = 0.03125 * t13;
  for (var r = 0; r < 10; r++) {
    let t11 = t0 + r;
    let t12 = x3 == r;
    let t15 = in0[t11] + in1[r];
    let t16 = exponential(t15 - t9);
    out3[t11 + 96] = select(0.0, -0.03125, t12) + t14 * t16;
  }
  out3[i] = t9;
  out3[i + 32] = sum2;
  out3[i + 64] = sum1;
}

// log → add → sub → reduceSum f32[]; div f32[] | dotGeneral f32[32,64]; broadcastInDim → add → le → select f32[32,64]
// add over [32] for each of []: one invocation for each of 1 results;
// product over [10] for each of rows [32], columns [64]: 16 × 16 results a workgroup, 12 deep in workgroup memory

@group(0) @binding(0) var<storage, read> in0: array<f32, 416>;
@group(0) @binding(1) var<storage, read_write> out1: array<f32, 1>;
@group(0) @binding(2) var<storage, read> in2: array<f32, 640>;
@group(0) @binding(3) var<storage, read> in3: array<vec4<f32>, 1024>;
@group(0) @binding(4) var<storage, read> in4: array<vec4<f32>, 16>;
@group(0) @binding(5) var<storage, read_write> out5: array<vec4<f32>, 512>;

var<workgroup> lhs_tile_1: array<vec4<f32>, 48>; // 12 depths, four of 16 rows
var<workgroup> rhs_tile_1: array<vec4<f32>, 48>; // 12 depths, four of 16 columns

fn infinity() -> f32 {
  let bits = 0x7f800000u;
  return bitcast<f32>(bits);
}

fn nan() -> f32 {
  let bits = 0x7fc00000u;
  return bitcast<f32>(bits);
}

// (ln(1 + f) - f + f^2/2) / f^3 for sqrt(1/2) <= 1 + f <= sqrt(2).
fn log1p_core(f: f32) -> f32 {
  let high = 0.14218326 + f * (-0.123838 + f * (0.11875076 + f * (-0.11794091 + f * 0.06915595)));
  return 0.3333331 + f * (-0.24999987 + f * (0.20002243 + f * (-0.1666927 + f * high)));
}

// ln x = k ln 2 + ln(1 + f), from the bits of x: x = 2^k (1 + f).
fn logarithm(x: f32) -> f32 {
  let x_bits = bitcast<u32>(x);
  let subnormal = (x_bits & 0x7f800000u) == 0u;
  let bits = select(x_bits, bitcast<u32>(f32(x_bits & 0x7fffffu)), subnormal);
  let shifted = bits + (0x3f800000u - 0x3f3504f3u);
  let k = f32(i32(shifted >> 23u) - 127 - select(0, 149, subnormal));
  let f = bitcast<f32>((shifted & 0x7fffffu) + 0x3f3504f3u) - 1.0;
  let y = (f * f * (f * log1p_core(f) - 0.5) - k * 2.12194440e-4) + f + k * 0.693359375;
  let zero = (x_bits & 0x7fffffffu) == 0u;
  let special = (x_bits & 0x7f800000u) == 0x7f800000u;
  return select(select(select(y, x, special), nan(), x_bits > 0x80000000u), -infinity(), zero);
}

fn part_0(own_group: vec3<u32>, own_lane: u32) {
  if (own_lane >= 1u) {
    return;
  }
  let id = own_group * vec3<u32>(1u, 1u, 1u) + vec3<u32>(own_lane, 0u, 0u);
  var sum0: f32 = 0.0;
  for (var r = 0; r < 32; r++) {
    sum0 += (logarithm(in0[r + 32]) + in0[r] - in0[r + 64]);
  }
  out1[0] = sum0 / 32.0;
}

fn store_at_1(m: i32, n: i32, sums: vec4<f32>) {
  let v0 = in3[m * 16 + n];
  let v1 = in4[n];
  out5[m * 16 + n] = vec4(select(sums.x, 0.0, v0.x + v1.x <= 0.0), select(sums.y, 0.0, v0.y + v1.y <= 0.0), select(sums.z, 0.0, v0.z + v1.z <= 0.0), select(sums.w, 0.0, v0.w + v1.w <= 0.0));
}

fn part_1(own_group: vec3<u32>, own_lane: u32) {
  let group = own_group;
  let id = vec3<u32>(own_lane % 4u, own_lane / 4u, 0u);
  let index = own_lane;
  let block = i32(group.x);
  let row_block = block / 4;
  let column_block = block % 4;
  let x = i32(id.x);
  let y = i32(id.y);
  let lane = i32(index);
  var sum0 = vec4<f32>();
  var sum1 = vec4<f32>();
  var sum2 = vec4<f32>();
  var sum3 = vec4<f32>();
  let t0 = lane % 4 * 40;
  let t1 = lane / 4;
  let t2 = row_block * 160 + t0 + t1;
  lhs_tile_1[lane] = vec4(in0[t2 + 96], in0[t2 + 106], in0[t2 + 116], in0[t2 + 126]);
  lhs_tile_1[lane + 16] = vec4(in0[t2 + 100], in0[t2 + 110], in0[t2 + 120], in0[t2 + 130]);
  let t3 = t1 + 8 < 10;
  lhs_tile_1[lane + 32] = vec4(select(0.0, in0[t2 + 104], t3), select(0.0, in0[t2 + 114], t3), select(0.0, in0[t2 + 124], t3), select(0.0, in0[t2 + 134], t3));
  let t4 = column_block * 160 + t0 + t1;
  rhs_tile_1[lane] = vec4(in2[t4], in2[t4 + 10], in2[t4 + 20], in2[t4 + 30]);
  rhs_tile_1[lane + 16] = vec4(in2[t4 + 4], in2[t4 + 14], in2[t4 + 24], in2[t4 + 34]);
  rhs_tile_1[lane + 32] = vec4(select(0.0, in2[t4 + 8], t3), select(0.0, in2[t4 + 18], t3), select(0.0, in2[t4 + 28], t3), select(0.0, in2[t4 + 38], t3));
  workgroupBarrier();
  for (var k = 0; k < 12; k++) {
    let lhs0 = lhs_tile_1[k * 4 + y];
    let rhs0 = rhs_tile_1[k * 4 + x];
    sum0 += lhs0.x * rhs0;
    sum1 += lhs0.y * rhs0;
    sum2 += lhs0.z * rhs0;
    sum3 += lhs0.w * rhs0;
  }
  let t5 = row_block * 16 + y * 4;
  let t6 = column_block * 4 + x;
  store_at_1(t5, t6, sum0);
  store_at_1(t5 + 1, t6, sum1);
  store_at_1(t5 + 2, t6, sum2);
  store_at_1(t5 + 3, t6, sum3);
}

@compute @workgroup_size(16)
fn log_sub_reduceSum_div_and_dotGeneral_add_le_2(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let number = workgroup.x;
  if (number < 1u) {
    part_0(vec3<u32>(number, 0u, 0u), lane);
  } else if (number < 9u) {
    part_1(vec3<u32>(number - 1u, 0u, 0u), lane);
  }
}

// reduceSum f32[10];
// broadcastInDim → mul → add f32[10];
// mul → broadcastInDim → add f32[10];
// broadcastInDim → mul → add → div → sqrt → add f32[10] |
// dotGeneral f32[32,1600]
// add over [32] for each of [10]: one invocation for each of 10 results;
// product over [64] for each of rows [32], columns [1600]: 32 × 64 results a workgroup, 16 deep in workgroup memory, by 4 parts of the workgroup

@group(0) @binding(0) var<storage, read> in0: array<f32, 416>;
@group(0) @binding(1) var<storage, read> in1: array<f32, 8>;
@group(0) @binding(2) var<storage, read_write> inout2: array<f32, 10>;
@group(0) @binding(3) var<storage, read_write> inout3: array<f32, 10>;
@group(0) @binding(4) var<storage, read_write> inout4: array<f32, 10>;
@group(0) @binding(5) var<storage, read> in5: array<vec4<f32>, 512>;
@group(0) @binding(6) var<storage, read> in6: array<vec4<f32>, 25600>;
@group(0) @binding(7) var<storage, read_write> out7: array<vec4<f32>, 12800>;

var<workgroup> lhs_tile_1: array<vec4<f32>, 128>; // 32 rows, four of 16 depths
var<workgroup> rhs_tile_1: array<vec4<f32>, 256>; // 64 columns, four of 16 depths
var<workgroup> part_sums_1: array<vec4<f32>, 192>; // of all parts but the first

fn nan() -> f32 {
  let bits = 0x7fc00000u;
  return bitcast<f32>(bits);
}

fn is_nan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

// The magnitude of x with the sign of y.
fn with_sign(x: f32, y: f32) -> f32 {
  return bitcast<f32>((bitcast<u32>(x) & 0x7fffffffu) | (bitcast<u32>(y) & 0x80000000u));
}

fn square_root(x: f32) -> f32 {
  let root = select(sqrt(x), with_sign(0.0, x), x == 0.0);
  return select(select(root, nan(), x < 0.0), x, is_nan(x));
}

fn part_0(own_group: vec3<u32>, own_lane: u32) {
  if (own_lane >= 10u) {
    return;
  }
  let id = own_group * vec3<u32>(10u, 1u, 1u) + vec3<u32>(own_lane, 0u, 0u);
  let i = i32(id.x);
  var sum0: f32 = 0.0;
  for (var r = 0; r < 32; r++) {
    sum0 += in0[r * 10 + i + 96];
  }
  let t0 = sum0 * 0.1 + inout2[i] * 0.9;
  let t1 = sum0 * sum0 * 0.001 + inout3[i] * 0.999;
  let t2 = inout4[i] + t0 / in1[0] / (square_root(t1 / in1[4]) + 1e-8) * -0.001;
  inout2[i] = t0;
  inout3[i] = t1;
  inout4[i] = t2;
}

// The first part's sum with those of the others added to it, in their order.
fn whole_sum_1(sum: vec4<f32>, lane: i32) -> vec4<f32> {
  if (lane >= 64) {
    part_sums_1[lane - 64] = sum;
  }
  workgroupBarrier();
  var whole = sum;
  if (lane < 64) {
    for (var i = lane; i < 192; i += 64) {
      whole += part_sums_1[i];
    }
  }
  workgroupBarrier();
  return whole;
}

fn store_at_1(m: i32, n: i32, sums: vec4<f32>) {
  let t0 = m * 400 + n;
  out7[t0] = sums;
}

fn part_1(own_group: vec3<u32>, own_lane: u32) {
  let group = own_group;
  let id = vec3<u32>(own_lane % 8u, own_lane / 8u, 0u);
  let index = own_lane;
  let block = i32(group.x);
  let column_block = block;
  let x = i32(id.x);
  let y = i32(id.y) % 8;
  let part = i32(id.y) / 8;
  let lane = i32(index);
  var sum0_0 = vec4<f32>();
  var sum0_1 = vec4<f32>();
  var sum1_0 = vec4<f32>();
  var sum1_1 = vec4<f32>();
  var sum2_0 = vec4<f32>();
  var sum2_1 = vec4<f32>();
  var sum3_0 = vec4<f32>();
  var sum3_1 = vec4<f32>();
  let t0 = lane / 4;
  let t1 = t0 * 16;
  let t2 = lane % 4;
  let t3 = column_block * 1024;
  let t4 = t3 + t1;
  for (var slice = 0; slice < 4; slice++) {
    if (lane < 128) {
      lhs_tile_1[lane] = in5[t1 + slice * 4 + t2];
    }
    rhs_tile_1[lane] = in6[t4 + slice * 4 + t2];
    workgroupBarrier();
    for (var k = part * 1; k < part * 1 + 1; k++) {
      let lhs0 = lhs_tile_1[k + y * 16];
      let lhs1 = lhs_tile_1[k + y * 16 + 4];
      let lhs2 = lhs_tile_1[k + y * 16 + 8];
      let lhs3 = lhs_tile_1[k + y * 16 + 12];
      let rhs0 = rhs_tile_1[k + x * 32];
      let rhs1 = rhs_tile_1[k + x * 32 + 4];
      let rhs2 = rhs_tile_1[k + x * 32 + 8];
      let rhs3 = rhs_tile_1[k + x * 32 + 12];
      let rhs4 = rhs_tile_1[k + x * 32 + 16];
      let rhs5 = rhs_tile_1[k + x * 32 + 20];
      let rhs6 = rhs_tile_1[k + x * 32 + 24];
      let rhs7 = rhs_tile_1[k + x * 32 + 28];
      sum0_0 += vec4(dot(lhs0, rhs0), dot(lhs0, rhs1), dot(lhs0, rhs2), dot(lhs0, rhs3));
      sum0_1 += vec4(dot(lhs0, rhs4), dot(lhs0, rhs5), dot(lhs0, rhs6), dot(lhs0, rhs7));
      sum1_0 += vec4(dot(lhs1, rhs0), dot(lhs1, rhs1), dot(lhs1, rhs2), dot(lhs1, rhs3));
      sum1_1 += vec4(dot(lhs1, rhs4), dot(lhs1, rhs5), dot(lhs1, rhs6), dot(lhs1, rhs7));
      sum2_0 += vec4(dot(lhs2, rhs0), dot(lhs2, rhs1), dot(lhs2, rhs2), dot(lhs2, rhs3));
      sum2_1 += vec4(dot(lhs2, rhs4), dot(lhs2, rhs5), dot(lhs2, rhs6), dot(lhs2, rhs7));
      sum3_0 += vec4(dot(lhs3, rhs0), dot(lhs3, rhs1), dot(lhs3, rhs2), dot(lhs3, rhs3));
      sum3_1 += vec4(dot(lhs3, rhs4), dot(lhs3, rhs5), dot(lhs3, rhs6), dot(lhs3, rhs7));
    }
    workgroupBarrier();
  }
  sum0_0 = whole_sum_1(sum0_0, lane);
  sum0_1 = whole_sum_1(sum0_1, lane);
  sum1_0 = whole_sum_1(sum1_0, lane);
  sum1_1 = whole_sum_1(sum1_1, lane);
  sum2_0 = whole_sum_1(sum2_0, lane);
  sum2_1 = whole_sum_1(sum2_1, lane);
  sum3_0 = whole_sum_1(sum3_0, lane);
  sum3_1 = whole_sum_1(sum3_1, lane);
  if (part == 0) {
    let t5 = y * 4;
    let t6 = column_block * 16 + x * 2;
    store_at_1(t5, t6, sum0_0);
    store_at_1(t5, t6 + 1, sum0_1);
    store_at_1(t5 + 1, t6, sum1_0);
    store_at_1(t5 + 1, t6 + 1, sum1_1);
    store_at_1(t5 + 2, t6, sum2_0);
    store_at_1(t5 + 2, t6 + 1, sum2_1);
    store_at_1(t5 + 3, t6, sum3_0);
    store_at_1(t5 + 3, t6 + 1, sum3_1);
  }
}

@compute @workgroup_size(256)
fn reduceSum_add_div_sqrt_and_dotGeneral_2(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let number = workgroup.x;
  if (number < 1u) {
    part_0(vec3<u32>(number, 0u, 0u), lane);
  } else if (number < 26u) {
    part_1(vec3<u32>(number - 1u, 0u, 0u), lane);
  }
}

// dotGeneral f32[64,10];
// broadcastInDim → mul → add f32[64,10];
// mul → broadcastInDim → add f32[64,10];
// broadcastInDim → mul → add → div → sqrt → add f32[64,10]
// product over [32] for each of rows [64], columns [10]: 16 × 16 results a workgroup, 32 deep in workgroup memory, by 2 parts of the workgroup

@group(0) @binding(0) var<storage, read> in0: array<vec4<f32>, 1024>;
@group(0) @binding(1) var<storage, read> in1: array<f32, 416>;
@group(0) @binding(2) var<storage, read> in2: array<f32, 8>;
@group(0) @binding(3) var<storage, read_write> inout3: array<f32, 640>;
@group(0) @binding(4) var<storage, read_write> inout4: array<f32, 640>;
@group(0) @binding(5) var<storage, read_write> inout5: array<f32, 640>;

var<workgroup> lhs_tile: array<vec4<f32>, 128>; // 32 depths, four of 16 rows
var<workgroup> rhs_tile: array<vec4<f32>, 128>; // 32 depths, four of 16 columns
var<workgroup> part_sums: array<vec4<f32>, 16>; // of all parts but the first

fn nan() -> f32 {
  let bits = 0x7fc00000u;
  return bitcast<f32>(bits);
}

fn is_nan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

// The magnitude of x with the sign of y.
fn with_sign(x: f32, y: f32) -> f32 {
  return bitcast<f32>((bitcast<u32>(x) & 0x7fffffffu) | (bitcast<u32>(y) & 0x80000000u));
}

fn square_root(x: f32) -> f32 {
  let root = select(sqrt(x), with_sign(0.0, x), x == 0.0);
  return select(select(root, nan(), x < 0.0), x, is_nan(x));
}

// The first part's sum with those of the others added to it, in their order.
fn whole_sum(sum: vec4<f32>, lane: i32) -> vec4<f32> {
  if (lane >= 16) {
    part_sums[lane - 16] = sum;
  }
  workgroupBarrier();
  var whole = sum;
  if (lane < 16) {
    for (var i = lane; i < 16; i += 16) {
      whole += part_sums[i];
    }
  }
  workgroupBarrier();
  return whole;
}

fn store_at(m: i32, n: i32, sums: vec4<f32>) {
  let t0 = m * 10;
  let x4 = in2[0];
  let x5 = in2[4];
  for (var j = n * 4; j < min(n * 4 + 4, 10); j++) {
    let t1 = t0 + j;
    let t2 = sums[j - n * 4] * 0.1 + inout3[t1] * 0.9;
    let t3 = sums[j - n * 4] * sums[j - n * 4] * 0.001 + inout4[t1] * 0.999;
    let t6 = inout5[t1] + t2 / x4 / (square_root(t3 / x5) + 1e-8) * -0.001;
    inout3[t1] = t2;
    inout4[t1] = t3;
    inout5[t1] = t6;
  }
}

@compute @workgroup_size(4, 8)
fn dotGeneral_add_div_sqrt(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_id) id: vec3<u32>,
  @builtin(local_invocation_index) index: u32,
) {
  let block = i32(group.x);
  let row_block = block;
  let x = i32(id.x);
  let y = i32(id.y) % 4;
  let part = i32(id.y) / 4;
  let lane = i32(index);
  var sum0 = vec4<f32>();
  var sum1 = vec4<f32>();
  var sum2 = vec4<f32>();
  var sum3 = vec4<f32>();
  let t0 = lane / 4;
  lhs_tile[lane] = in0[t0 * 16 + row_block * 4 + lane % 4 + 512];
  lhs_tile[lane + 32] = in0[t0 * 16 + row_block * 4 + lane % 4 + 640];
  lhs_tile[lane + 64] = in0[t0 * 16 + row_block * 4 + lane % 4 + 768];
  lhs_tile[lane + 96] = in0[t0 * 16 + row_block * 4 + lane % 4 + 896];
  let t1 = lane % 4 * 4;
  let t2 = t0 * 10 + t1;
  rhs_tile[lane] = vec4(in1[t2 + 96], in1[t2 + 97], in1[t2 + 98], in1[t2 + 99]);
  rhs_tile[lane + 32] = vec4(in1[t2 + 176], in1[t2 + 177], in1[t2 + 178], in1[t2 + 179]);
  rhs_tile[lane + 64] = vec4(in1[t2 + 256], in1[t2 + 257], in1[t2 + 258], in1[t2 + 259]);
  rhs_tile[lane + 96] = vec4(in1[t2 + 336], in1[t2 + 337], in1[t2 + 338], in1[t2 + 339]);
  workgroupBarrier();
  for (var k = part * 16; k < part * 16 + 16; k++) {
    let lhs0 = lhs_tile[k * 4 + y];
    let rhs0 = rhs_tile[k * 4 + x];
    sum0 += lhs0.x * rhs0;
    sum1 += lhs0.y * rhs0;
    sum2 += lhs0.z * rhs0;
    sum3 += lhs0.w * rhs0;
  }
  sum0 = whole_sum(sum0, lane);
  sum1 = whole_sum(sum1, lane);
  sum2 = whole_sum(sum2, lane);
  sum3 = whole_sum(sum3, lane);
  if (part == 0) {
    let t3 = row_block * 16 + y * 4;
    store_at(t3, x, sum0);
    store_at(t3 + 1, x, sum1);
    store_at(t3 + 2, x, sum2);
    store_at(t3 + 3, x, sum3);
  }
}

// reshape → dotGeneral f32[1600,64];
// broadcastInDim → mul → add f32[1600,64];
// mul → broadcastInDim → add f32[1600,64];
// broadcastInDim → mul → add → div → sqrt → add f32[1600,64]
// product over [32] for each of rows [1600], columns [64]: 64 × 64 results a workgroup, 16 deep in workgroup memory, by 2 parts of the workgroup

@group(0) @binding(0) var<storage, read> in0: array<vec4<f32>, 12800>;
@group(0) @binding(1) var<storage, read> in1: array<vec4<f32>, 512>;
@group(0) @binding(2) var<storage, read> in2: array<f32, 8>;
@group(0) @binding(3) var<storage, read_write> inout3: array<vec4<f32>, 25600>;
@group(0) @binding(4) var<storage, read_write> inout4: array<vec4<f32>, 25600>;
@group(0) @binding(5) var<storage, read_write> inout5: array<vec4<f32>, 25600>;

var<workgroup> lhs_tile: array<vec4<f32>, 256>; // 16 depths, four of 64 rows
var<workgroup> rhs_tile: array<vec4<f32>, 256>; // 16 depths, four of 64 columns
var<workgroup> part_sums: array<vec4<f32>, 64>; // of all parts but the first

fn nan() -> f32 {
  let bits = 0x7fc00000u;
  return bitcast<f32>(bits);
}

fn is_nan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

// The magnitude of x with the sign of y.
fn with_sign(x: f32, y: f32) -> f32 {
  return bitcast<f32>((bitcast<u32>(x) & 0x7fffffffu) | (bitcast<u32>(y) & 0x80000000u));
}

fn square_root(x: f32) -> f32 {
  let root = select(sqrt(x), with_sign(0.0, x), x == 0.0);
  return select(select(root, nan(), x < 0.0), x, is_nan(x));
}

// The first part's sum with those of the others added to it, in their order.
fn whole_sum(sum: vec4<f32>, lane: i32) -> vec4<f32> {
  if (lane >= 64) {
    part_sums[lane - 64] = sum;
  }
  workgroupBarrier();
  var whole = sum;
  if (lane < 64) {
    for (var i = lane; i < 64; i += 64) {
      whole += part_sums[i];
    }
  }
  workgroupBarrier();
  return whole;
}

fn store_at(m: i32, n: i32, sums: vec4<f32>) {
  let v0 = inout3[m * 16 + n];
  let t1 = sums.x * 0.1 + v0.x * 0.9;
  let t2 = sums.y * 0.1 + v0.y * 0.9;
  let t3 = sums.z * 0.1 + v0.z * 0.9;
  let t4 = sums.w * 0.1 + v0.w * 0.9;
  let t5 = m * 16 + n;
  let v6 = inout4[t5];
  let t7 = sums.x * sums.x * 0.001 + v6.x * 0.999;
  let t8 = sums.y * sums.y * 0.001 + v6.y * 0.999;
  let t9 = sums.z * sums.z * 0.001 + v6.z * 0.999;
  let t10 = sums.w * sums.w * 0.001 + v6.w * 0.999;
  let v11 = inout5[t5];
  let x12 = in2[0];
  let x13 = in2[4];
  let t14 = v11.x + t1 / x12 / (square_root(t7 / x13) + 1e-8) * -0.001;
  let t15 = v11.y + t2 / x12 / (square_root(t8 / x13) + 1e-8) * -0.001;
  let t16 = v11.z + t3 / x12 / (square_root(t9 / x13) + 1e-8) * -0.001;
  let t17 = v11.w + t4 / x12 / (square_root(t10 / x13) + 1e-8) * -0.001;
  inout3[t5] = vec4(t1, t2, t3, t4);
  inout4[t5] = vec4(t7, t8, t9, t10);
  inout5[t5] = vec4(t14, t15, t16, t17);
}

@compute @workgroup_size(8, 16)
fn dotGeneral_add_div_sqrt_2(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_id) id: vec3<u32>,
  @builtin(local_invocation_index) index: u32,
) {
  let block = i32(group.x);
  let row_block = block;
  let x = i32(id.x);
  let y = i32(id.y) % 8;
  let part = i32(id.y) / 8;
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
  let t0 = lane / 16;
  let t1 = t0 * 400;
  let t2 = row_block * 16;
  let t3 = lane % 16;
  for (var slice = 0; slice < 2; slice++) {
    lhs_tile[lane] = in0[slice * 6400 + t1 + t2 + t3];
    lhs_tile[lane + 128] = in0[slice * 6400 + t1 + t2 + t3 + 3200];
    rhs_tile[lane] = in1[slice * 256 + lane];
    rhs_tile[lane + 128] = in1[slice * 256 + lane + 128];
    workgroupBarrier();
    for (var k = part * 8; k < part * 8 + 8; k++) {
      let lhs0 = lhs_tile[k * 16 + y * 2];
      let lhs1 = lhs_tile[k * 16 + y * 2 + 1];
      let rhs0 = rhs_tile[k * 16 + x * 2];
      let rhs1 = rhs_tile[k * 16 + x * 2 + 1];
      sum0_0 += lhs0.x * rhs0;
      sum0_1 += lhs0.x * rhs1;
      sum1_0 += lhs0.y * rhs0;
      sum1_1 += lhs0.y * rhs1;
      sum2_0 += lhs0.z * rhs0;
      sum2_1 += lhs0.z * rhs1;
      sum3_0 += lhs0.w * rhs0;
      sum3_1 += lhs0.w * rhs1;
      sum4_0 += lhs1.x * rhs0;
      sum4_1 += lhs1.x * rhs1;
      sum5_0 += lhs1.y * rhs0;
      sum5_1 += lhs1.y * rhs1;
      sum6_0 += lhs1.z * rhs0;
      sum6_1 += lhs1.z * rhs1;
      sum7_0 += lhs1.w * rhs0;
      sum7_1 += lhs1.w * rhs1;
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
    let t4 = row_block * 64 + y * 8;
    let t5 = x * 2;
    store_at(t4, t5, sum0_0);
    store_at(t4, t5 + 1, sum0_1);
    store_at(t4 + 1, t5, sum1_0);
    store_at(t4 + 1, t5 + 1, sum1_1);
    store_at(t4 + 2, t5, sum2_0);
    store_at(t4 + 2, t5 + 1, sum2_1);
    store_at(t4 + 3, t5, sum3_0);
    store_at(t4 + 3, t5 + 1, sum3_1);
    store_at(t4 + 4, t5, sum4_0);
    store_at(t4 + 4, t5 + 1, sum4_1);
    store_at(t4 + 5, t5, sum5_0);
    store_at(t4 + 5, t5 + 1, sum5_1);
    store_at(t4 + 6, t5, sum6_0);
    store_at(t4 + 6, t5 + 1, sum6_1);
    store_at(t4 + 7, t5, sum7_0);
    store_at(t4 + 7, t5 + 1, sum7_1);
  }
}

// add → le → iota → reshape → eq → select → fold → select f32[32,11,11,64]
// map over [32, 11, 11, 64]: one invocation for each four of 247808 points

@group(0) @binding(0) var<storage, read> in0: array<vec4<f32>, 61952>;
@group(0) @binding(1) var<storage, read> in1: array<vec4<f32>, 16>;
@group(0) @binding(2) var<storage, read> in2: array<vec4<i32>, 12800>;
@group(0) @binding(3) var<storage, read> in3: array<vec4<f32>, 12800>;
@group(0) @binding(4) var<storage, read_write> out4: array<vec4<f32>, 61952>;

@compute @workgroup_size(256)
fn add_iota_eq_fold(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = i32(id.x);
  let v0 = in0[i];
  let v1 = in1[i % 16];
  let t2 = i / 176 % 11;
  let t3 = t2 / 2;
  let t4 = i / 16 % 11;
  let t5 = t4 / 2;
  let t6 = t3 < 5 && t5 < 5;
  let t7 = t2 % 2 * 2 + t4 % 2;
  let v8 = in2[i / 1936 * 400 + t3 * 80 + t5 * 16 + i % 16];
  let v9 = in3[i / 1936 * 400 + t3 * 80 + t5 * 16 + i % 16];
  let t10 = select(select(0.0, select(0.0, select(0.0, v9.x, t6), t7 == select(0, v8.x, t6)), t6), 0.0, v0.x + v1.x <= 0.0);
  let t11 = select(select(0.0, select(0.0, select(0.0, v9.y, t6), t7 == select(0, v8.y, t6)), t6), 0.0, v0.y + v1.y <= 0.0);
  let t12 = select(select(0.0, select(0.0, select(0.0, v9.z, t6), t7 == select(0, v8.z, t6)), t6), 0.0, v0.z + v1.z <= 0.0);
  let t13 = select(select(0.0, select(0.0, select(0.0, v9.w, t6), t7 == select(0, v8.w, t6)), t6), 0.0, v0.w + v1.w <= 0.0);
  out4[i] = vec4(t10, t11, t12, t13);
}

// reduceSum f32[64];
// broadcastInDim → mul → add f32[64];
// mul → broadcastInDim → add f32[64];
// broadcastInDim → mul → add → div → sqrt → add f32[64] |
// convGeneralDilated f32[16,3,3,32,64]
// add over [32] for each of [64]: one invocation for each of 64 results;
// product over [2, 11, 11] for each of batch [16], rows [3, 3, 32], columns [64]: 128 × 64 results a workgroup, 16 deep in workgroup memory, by 2 parts of the workgroup

@group(0) @binding(0) var<storage, read> in0: array<f32, 2048>;
@group(0) @binding(1) var<storage, read> in1: array<f32, 8>;
@group(0) @binding(2) var<storage, read_write> inout2: array<f32, 64>;
@group(0) @binding(3) var<storage, read_write> inout3: array<f32, 64>;
@group(0) @binding(4) var<storage, read_write> inout4: array<f32, 64>;
@group(0) @binding(5) var<storage, read> in5: array<vec4<f32>, 43264>;
@group(0) @binding(6) var<storage, read> in6: array<vec4<f32>, 61952>;
@group(0) @binding(7) var<storage, read_write> out7: array<vec4<f32>, 73728>;

var<workgroup> lhs_tile_1: array<vec4<f32>, 512>; // 16 depths, four of 128 rows
var<workgroup> rhs_tile_1: array<vec4<f32>, 256>; // 16 depths, four of 64 columns
var<workgroup> part_sums_1: array<vec4<f32>, 128>; // of all parts but the first

fn nan() -> f32 {
  let bits = 0x7fc00000u;
  return bitcast<f32>(bits);
}

fn is_nan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

// The magnitude of x with the sign of y.
fn with_sign(x: f32, y: f32) -> f32 {
  return bitcast<f32>((bitcast<u32>(x) & 0x7fffffffu) | (bitcast<u32>(y) & 0x80000000u));
}

fn square_root(x: f32) -> f32 {
  let root = select(sqrt(x), with_sign(0.0, x), x == 0.0);
  return select(select(root, nan(), x < 0.0), x, is_nan(x));
}

fn part_0(own_group: vec3<u32>, own_lane: u32) {
  if (own_lane >= 64u) {
    return;
  }
  let id = own_group * vec3<u32>(64u, 1u, 1u) + vec3<u32>(own_lane, 0u, 0u);
  let i = i32(id.x);
  var sum0: f32 = 0.0;
  for (var r = 0; r < 32; r++) {
    sum0 += in0[r * 64 + i];
  }
  let t0 = sum0 * 0.1 + inout2[i] * 0.9;
  let t1 = sum0 * sum0 * 0.001 + inout3[i] * 0.999;
  let t2 = inout4[i] + t0 / in1[0] / (square_root(t1 / in1[4]) + 1e-8) * -0.001;
  inout2[i] = t0;
  inout3[i] = t1;
  inout4[i] = t2;
}

// The first part's sum with those of the others added to it, in their order.
fn whole_sum_1(sum: vec4<f32>, lane: i32) -> vec4<f32> {
  if (lane >= 128) {
    part_sums_1[lane - 128] = sum;
  }
  workgroupBarrier();
  var whole = sum;
  if (lane < 128) {
    for (var i = lane; i < 128; i += 128) {
      whole += part_sums_1[i];
    }
  }
  workgroupBarrier();
  return whole;
}

fn store_at_1(b: i32, m: i32, n: i32, sums: vec4<f32>) {
  if (m >= 288) {
    return;
  }
  let t0 = b * 4608 + m * 16 + n;
  out7[t0] = sums;
}

fn part_1(own_group: vec3<u32>, own_lane: u32) {
  let group = own_group;
  let id = vec3<u32>(own_lane % 8u, own_lane / 8u, 0u);
  let index = own_lane;
  let block = i32(group.x);
  let b = block / 3;
  let row_block = block % 3;
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
  let t0 = b * 2704;
  let t2 = lane / 32;
  let t4 = row_block * 32;
  let t5 = lane % 32;
  let t6 = t4 + t5;
  let t7 = t6 / 24;
  let t8 = t7 * 104;
  let t9 = row_block * 4;
  let t10 = t5 / 8;
  let t11 = t9 + t10;
  let t12 = t11 % 3;
  let t13 = t12 * 8;
  let t14 = t5 % 8;
  let t18 = b * 3872;
  let t19 = lane / 16;
  for (var slice = 0; slice < 16; slice++) {
    let t1 = slice * 16;
    let t3 = t1 + t2;
    let t15 = t3 < 242;
    lhs_tile_1[lane] = select(vec4<f32>(), in5[t0 + t3 / 121 * 1352 + t3 / 11 % 11 * 104 + t8 + t3 % 11 * 8 + t13 + t14], t15);
    let t16 = t3 + 8;
    let t17 = t16 < 242;
    lhs_tile_1[lane + 256] = select(vec4<f32>(), in5[t0 + t16 / 121 * 1352 + t8 + t16 / 11 % 11 * 104 + t13 + t16 % 11 * 8 + t14], t17);
    let t20 = t1 + t19 < 242;
    rhs_tile_1[lane] = select(vec4<f32>(), in6[t18 + slice * 256 + lane], t20);
    workgroupBarrier();
    for (var k = part * 8; k < part * 8 + 8; k++) {
      let lhs0 = lhs_tile_1[k * 32 + y * 2];
      let lhs1 = lhs_tile_1[k * 32 + y * 2 + 1];
      let rhs0 = rhs_tile_1[k * 16 + x * 2];
      let rhs1 = rhs_tile_1[k * 16 + x * 2 + 1];
      sum0_0 += lhs0.x * rhs0;
      sum0_1 += lhs0.x * rhs1;
      sum1_0 += lhs0.y * rhs0;
      sum1_1 += lhs0.y * rhs1;
      sum2_0 += lhs0.z * rhs0;
      sum2_1 += lhs0.z * rhs1;
      sum3_0 += lhs0.w * rhs0;
      sum3_1 += lhs0.w * rhs1;
      sum4_0 += lhs1.x * rhs0;
      sum4_1 += lhs1.x * rhs1;
      sum5_0 += lhs1.y * rhs0;
      sum5_1 += lhs1.y * rhs1;
      sum6_0 += lhs1.z * rhs0;
      sum6_1 += lhs1.z * rhs1;
      sum7_0 += lhs1.w * rhs0;
      sum7_1 += lhs1.w * rhs1;
    }
    workgroupBarrier();
  }
  sum0_0 = whole_sum_1(sum0_0, lane);
  sum0_1 = whole_sum_1(sum0_1, lane);
  sum1_0 = whole_sum_1(sum1_0, lane);
  sum1_1 = whole_sum_1(sum1_1, lane);
  sum2_0 = whole_sum_1(sum2_0, lane);
  sum2_1 = whole_sum_1(sum2_1, lane);
  sum3_0 = whole_sum_1(sum3_0, lane);
  sum3_1 = whole_sum_1(sum3_1, lane);
  sum4_0 = whole_sum_1(sum4_0, lane);
  sum4_1 = whole_sum_1(sum4_1, lane);
  sum5_0 = whole_sum_1(sum5_0, lane);
  sum5_1 = whole_sum_1(sum5_1, lane);
  sum6_0 = whole_sum_1(sum6_0, lane);
  sum6_1 = whole_sum_1(sum6_1, lane);
  sum7_0 = whole_sum_1(sum7_0, lane);
  sum7_1 = whole_sum_1(sum7_1, lane);
  if (part == 0) {
    let t21 = row_block * 128 + y * 8;
    let t22 = x * 2;
    store_at_1(b, t21, t22, sum0_0);
    store_at_1(b, t21, t22 + 1, sum0_1);
    store_at_1(b, t21 + 1, t22, sum1_0);
    store_at_1(b, t21 + 1, t22 + 1, sum1_1);
    store_at_1(b, t21 + 2, t22, sum2_0);
    store_at_1(b, t21 + 2, t22 + 1, sum2_1);
    store_at_1(b, t21 + 3, t22, sum3_0);
    store_at_1(b, t21 + 3, t22 + 1, sum3_1);
    store_at_1(b, t21 + 4, t22, sum4_0);
    store_at_1(b, t21 + 4, t22 + 1, sum4_1);
    store_at_1(b, t21 + 5, t22, sum5_0);
    store_at_1(b, t21 + 5, t22 + 1, sum5_1);
    store_at_1(b, t21 + 6, t22, sum6_0);
    store_at_1(b, t21 + 6, t22 + 1, sum6_1);
    store_at_1(b, t21 + 7, t22, sum7_0);
    store_at_1(b, t21 + 7, t22 + 1, sum7_1);
  }
}

@compute @workgroup_size(256)
fn reduceSum_add_div_sqrt_2_and_convGeneralDilated_3(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let number = workgroup.x;
  if (number < 1u) {
    part_0(vec3<u32>(number, 0u, 0u), lane);
  } else if (number < 49u) {
    part_1(vec3<u32>(number - 1u, 0u, 0u), lane);
  }
}

// reduceSum f32[64];
// broadcastInDim → mul → add f32[64];
// mul → broadcastInDim → add f32[64];
// broadcastInDim → mul → add → div → sqrt → add f32[64] |
// rev → convGeneralDilated f32[32,13,13,32]
// add over [32, 11, 11] for each of [64]: a workgroup of 256 for each of 64 results;
// product over [3, 3, 64] for each of rows [32, 13, 13], columns [32]: 128 × 32 results a workgroup, 16 deep in workgroup memory, by 2 parts of the workgroup

@group(0) @binding(0) var<storage, read> in0: array<f32, 247808>;
@group(0) @binding(1) var<storage, read> in1: array<f32, 8>;
@group(0) @binding(2) var<storage, read_write> inout2: array<f32, 64>;
@group(0) @binding(3) var<storage, read_write> inout3: array<f32, 64>;
@group(0) @binding(4) var<storage, read_write> inout4: array<f32, 64>;
@group(0) @binding(5) var<storage, read> in5: array<vec4<f32>, 4608>;
@group(0) @binding(6) var<storage, read_write> out6: array<vec4<f32>, 43264>;

var<workgroup> partial0_0: array<f32, 256>;
var<workgroup> lhs_tile_1: array<vec4<f32>, 512>; // 128 rows, four of 16 depths
var<workgroup> rhs_tile_1: array<vec4<f32>, 128>; // 32 columns, four of 16 depths
var<workgroup> part_sums_1: array<vec4<f32>, 128>; // of all parts but the first

fn nan() -> f32 {
  let bits = 0x7fc00000u;
  return bitcast<f32>(bits);
}

fn is_nan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

// The magnitude of x with the sign of y.
fn with_sign(x: f32, y: f32) -> f32 {
  return bitcast<f32>((bitcast<u32>(x) & 0x7fffffffu) | (bitcast<u32>(y) & 0x80000000u));
}

fn square_root(x: f32) -> f32 {
  let root = select(sqrt(x), with_sign(0.0, x), x == 0.0);
  return select(select(root, nan(), x < 0.0), x, is_nan(x));
}

fn part_0(own_group: vec3<u32>, own_lane: u32) {
  let group = own_group;
  let id = vec3<u32>(own_lane, 0u, 0u);
  let i = i32(group.x);
  let lane = i32(id.x);
  var sum0: f32 = 0.0;
  for (var r = lane; r < 3872; r += 256) {
    sum0 += in0[r * 64 + i];
  }
  partial0_0[lane] = sum0;
  workgroupBarrier();
  for (var width = 128; width > 0; width /= 2) {
    if (lane < width) {
      partial0_0[lane] += partial0_0[lane + width];
    }
    workgroupBarrier();
  }
  if (lane == 0) {
    let t0 = partial0_0[0] * 0.1 + inout2[i] * 0.9;
    let t1 = partial0_0[0] * partial0_0[0] * 0.001 + inout3[i] * 0.999;
    let t2 = inout4[i] + t0 / in1[0] / (square_root(t1 / in1[4]) + 1e-8) * -0.001;
    inout2[i] = t0;
    inout3[i] = t1;
    inout4[i] = t2;
  }
}

// The first part's sum with those of the others added to it, in their order.
fn whole_sum_1(sum: vec4<f32>, lane: i32) -> vec4<f32> {
  if (lane >= 128) {
    part_sums_1[lane - 128] = sum;
  }
  workgroupBarrier();
  var whole = sum;
  if (lane < 128) {
    for (var i = lane; i < 128; i += 128) {
      whole += part_sums_1[i];
    }
  }
  workgroupBarrier();
  return whole;
}

fn store_at_1(m: i32, n: i32, sums: vec4<f32>) {
  if (m >= 5408) {
    return;
  }
  let t0 = m * 8 + n;
  out6[t0] = sums;
}

fn part_1(own_group: vec3<u32>, own_lane: u32) {
  let group = own_group;
  let id = vec3<u32>(own_lane % 8u, own_lane / 8u, 0u);
  let index = own_lane;
  let block = i32(group.x);
  let row_block = block;
  let x = i32(id.x);
  let y = i32(id.y) % 16;
  let part = i32(id.y) / 16;
  let lane = i32(index);
  var sum0 = vec4<f32>();
  var sum1 = vec4<f32>();
  var sum2 = vec4<f32>();
  var sum3 = vec4<f32>();
  var sum4 = vec4<f32>();
  var sum5 = vec4<f32>();
  var sum6 = vec4<f32>();
  var sum7 = vec4<f32>();
  let t0 = row_block * 128;
  let t1 = lane / 4;
  let t2 = t0 + t1;
  let t3 = t2 / 169;
  let t4 = t3 * 7744;
  let t5 = t2 / 13;
  let t6 = t5 % 13;
  let t7 = t6 * 704;
  let t8 = t4 + t7;
  let t11 = t2 % 13;
  let t12 = t11 * 64;
  let t17 = lane % 4;
  let t18 = t17 * 4;
  let t23 = t2 + 64;
  let t24 = t23 / 169;
  let t25 = t24 * 7744;
  let t26 = t2 + 12;
  let t27 = t26 / 13;
  let t28 = t27 + 4;
  let t29 = t28 % 13;
  let t30 = t29 * 704;
  let t31 = t25 + t30;
  let t32 = t26 % 13;
  let t33 = t32 * 64;
  let t38 = t1 * 16;
  for (var slice = 0; slice < 36; slice++) {
    let t9 = slice / 12;
    let t10 = t9 * 704;
    let t13 = slice / 4;
    let t14 = t13 % 3;
    let t15 = t14 * 64;
    let t16 = slice % 4 * 16;
    let t19 = t8 + t10 + t12 + t15 + t16 + t18;
    let t20 = t6 + t9 - 2;
    let t21 = t11 + t14 - 2;
    let t22 = 0 <= t20 && t20 < 11 && (0 <= t21 && t21 < 11);
    lhs_tile_1[lane] = vec4(select(0.0, in0[t19 - 1536], t22), select(0.0, in0[t19 - 1535], t22), select(0.0, in0[t19 - 1534], t22), select(0.0, in0[t19 - 1533], t22));
    let t34 = t31 + t10 + t33 + t15 + t16 + t18;
    let t35 = t29 + t9 - 2;
    let t36 = t32 + t14 - 2;
    let t37 = 0 <= t35 && t35 < 11 && (0 <= t36 && t36 < 11);
    lhs_tile_1[lane + 256] = vec4(select(0.0, in0[t34 - 1536], t37), select(0.0, in0[t34 - 1535], t37), select(0.0, in0[t34 - 1534], t37), select(0.0, in0[t34 - 1533], t37));
    if (lane < 128) {
      rhs_tile_1[lane] = in5[t38 + slice % 4 * 4 + t17 + t13 * -512 + 4096];
    }
    workgroupBarrier();
    for (var k = part * 2; k < part * 2 + 2; k++) {
      let lhs0 = lhs_tile_1[k + y * 32];
      let lhs1 = lhs_tile_1[k + y * 32 + 4];
      let lhs2 = lhs_tile_1[k + y * 32 + 8];
      let lhs3 = lhs_tile_1[k + y * 32 + 12];
      let lhs4 = lhs_tile_1[k + y * 32 + 16];
      let lhs5 = lhs_tile_1[k + y * 32 + 20];
      let lhs6 = lhs_tile_1[k + y * 32 + 24];
      let lhs7 = lhs_tile_1[k + y * 32 + 28];
      let rhs0 = rhs_tile_1[k + x * 16];
      let rhs1 = rhs_tile_1[k + x * 16 + 4];
      let rhs2 = rhs_tile_1[k + x * 16 + 8];
      let rhs3 = rhs_tile_1[k + x * 16 + 12];
      sum0 += vec4(dot(lhs0, rhs0), dot(lhs0, rhs1), dot(lhs0, rhs2), dot(lhs0, rhs3));
      sum1 += vec4(dot(lhs1, rhs0), dot(lhs1, rhs1), dot(lhs1, rhs2), dot(lhs1, rhs3));
      sum2 += vec4(dot(lhs2, rhs0), dot(lhs2, rhs1), dot(lhs2, rhs2), dot(lhs2, rhs3));
      sum3 += vec4(dot(lhs3, rhs0), dot(lhs3, rhs1), dot(lhs3, rhs2), dot(lhs3, rhs3));
      sum4 += vec4(dot(lhs4, rhs0), dot(lhs4, rhs1), dot(lhs4, rhs2), dot(lhs4, rhs3));
      sum5 += vec4(dot(lhs5, rhs0), dot(lhs5, rhs1), dot(lhs5, rhs2), dot(lhs5, rhs3));
      sum6 += vec4(dot(lhs6, rhs0), dot(lhs6, rhs1), dot(lhs6, rhs2), dot(lhs6, rhs3));
      sum7 += vec4(dot(lhs7, rhs0), dot(lhs7, rhs1), dot(lhs7, rhs2), dot(lhs7, rhs3));
    }
    workgroupBarrier();
  }
  sum0 = whole_sum_1(sum0, lane);
  sum1 = whole_sum_1(sum1, lane);
  sum2 = whole_sum_1(sum2, lane);
  sum3 = whole_sum_1(sum3, lane);
  sum4 = whole_sum_1(sum4, lane);
  sum5 = whole_sum_1(sum5, lane);
  sum6 = whole_sum_1(sum6, lane);
  sum7 = whole_sum_1(sum7, lane);
  if (part == 0) {
    let t39 = t0 + y * 8;
    store_at_1(t39, x, sum0);
    store_at_1(t39 + 1, x, sum1);
    store_at_1(t39 + 2, x, sum2);
    store_at_1(t39 + 3, x, sum3);
    store_at_1(t39 + 4, x, sum4);
    store_at_1(t39 + 5, x, sum5);
    store_at_1(t39 + 6, x, sum6);
    store_at_1(t39 + 7, x, sum7);
  }
}

@compute @workgroup_size(256)
fn reduceSum_add_div_sqrt_3_and_rev_convGeneralDilated(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let number = workgroup.x;
  if (number < 64u) {
    part_0(vec3<u32>(number, 0u, 0u), lane);
  } else if (number < 107u) {
    part_1(vec3<u32>(number - 64u, 0u, 0u), lane);
  }
}

// convGeneralDilated f32[3,3,32,64];
// broadcastInDim → mul → add f32[3,3,32,64];
// mul → broadcastInDim → add f32[3,3,32,64];
// broadcastInDim → mul → add → div → sqrt → add f32[3,3,32,64]
// add over [16] for each of [3, 3, 32, 64]: one invocation for each of 18432 results

@group(0) @binding(0) var<storage, read> in0: array<f32, 294912>;
@group(0) @binding(1) var<storage, read> in1: array<f32, 8>;
@group(0) @binding(2) var<storage, read_write> inout2: array<f32, 18432>;
@group(0) @binding(3) var<storage, read_write> inout3: array<f32, 18432>;
@group(0) @binding(4) var<storage, read_write> inout4: array<f32, 18432>;

fn nan() -> f32 {
  let bits = 0x7fc00000u;
  return bitcast<f32>(bits);
}

fn is_nan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

// The magnitude of x with the sign of y.
fn with_sign(x: f32, y: f32) -> f32 {
  return bitcast<f32>((bitcast<u32>(x) & 0x7fffffffu) | (bitcast<u32>(y) & 0x80000000u));
}

fn square_root(x: f32) -> f32 {
  let root = select(sqrt(x), with_sign(0.0, x), x == 0.0);
  return select(select(root, nan(), x < 0.0), x, is_nan(x));
}

@compute @workgroup_size(256)
fn convGeneralDilated_add_div_sqrt(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = i32(id.x);
  var sum0: f32 = 0.0;
  for (var r = 0; r < 16; r++) {
    sum0 += in0[r * 18432 + i];
  }
  let t0 = sum0 * 0.1 + inout2[i] * 0.9;
  let t1 = sum0 * sum0 * 0.001 + inout3[i] * 0.999;
  let t2 = inout4[i] + t0 / in1[0] / (square_root(t1 / in1[4]) + 1e-8) * -0.001;
  inout2[i] = t0;
  inout3[i] = t1;
  inout4[i] = t2;
}

// add → le → iota → reshape → eq → select → fold → select f32[32,26,26,32]
// map over [32, 26, 26, 32]: one invocation for each four of 692224 points

@group(0) @binding(0) var<storage, read> in0: array<vec4<f32>, 173056>;
@group(0) @binding(1) var<storage, read> in1: array<vec4<f32>, 8>;
@group(0) @binding(2) var<storage, read> in2: array<vec4<i32>, 43264>;
@group(0) @binding(3) var<storage, read> in3: array<vec4<f32>, 43264>;
@group(0) @binding(4) var<storage, read_write> out4: array<vec4<f32>, 173056>;

@compute @workgroup_size(256)
fn add_iota_eq_fold_2(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = i32(id.x);
  let v0 = in0[i];
  let v1 = in1[i % 8];
  let t2 = i / 208 % 26;
  let t3 = i / 8 % 26;
  let t4 = t2 % 2 * 2 + t3 % 2;
  let v5 = in2[i / 5408 * 1352 + t2 / 2 * 104 + t3 / 2 * 8 + i % 8];
  let v6 = in3[i / 5408 * 1352 + t2 / 2 * 104 + t3 / 2 * 8 + i % 8];
  out4[i] = vec4(select(select(0.0, v6.x, t4 == v5.x), 0.0, v0.x + v1.x <= 0.0), select(select(0.0, v6.y, t4 == v5.y), 0.0, v0.y + v1.y <= 0.0), select(select(0.0, v6.z, t4 == v5.z), 0.0, v0.z + v1.z <= 0.0), select(select(0.0, v6.w, t4 == v5.w), 0.0, v0.w + v1.w <= 0.0));
}

// reduceSum f32[32];
// broadcastInDim → mul → add f32[32];
// mul → broadcastInDim → add f32[32];
// broadcastInDim → mul → add → div → sqrt → add f32[32] |
// convGeneralDilated f32[32,3,3,1,32]
// add over [32, 26, 26] for each of [32]: a workgroup of 256 for each of 32 results;
// product over [1, 26, 26] for each of batch [32], rows [3, 3, 1], columns [32]: 16 × 16 results a workgroup, 64 deep in workgroup memory, by 16 parts of the workgroup

@group(0) @binding(0) var<storage, read> in0: array<f32, 692224>;
@group(0) @binding(1) var<storage, read> in1: array<f32, 8>;
@group(0) @binding(2) var<storage, read_write> inout2: array<f32, 32>;
@group(0) @binding(3) var<storage, read_write> inout3: array<f32, 32>;
@group(0) @binding(4) var<storage, read_write> inout4: array<f32, 32>;
@group(0) @binding(5) var<storage, read> in5: array<f32, 25088>;
@group(0) @binding(6) var<storage, read_write> out6: array<vec4<f32>, 2304>;

var<workgroup> partial0_0: array<f32, 256>;
var<workgroup> lhs_tile_1: array<vec4<f32>, 256>; // 64 depths, four of 16 rows
var<workgroup> rhs_tile_1: array<vec4<f32>, 256>; // 64 depths, four of 16 columns
var<workgroup> part_sums_1: array<vec4<f32>, 240>; // of all parts but the first

fn nan() -> f32 {
  let bits = 0x7fc00000u;
  return bitcast<f32>(bits);
}

fn is_nan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

// The magnitude of x with the sign of y.
fn with_sign(x: f32, y: f32) -> f32 {
  return bitcast<f32>((bitcast<u32>(x) & 0x7fffffffu) | (bitcast<u32>(y) & 0x80000000u));
}

fn square_root(x: f32) -> f32 {
  let root = select(sqrt(x), with_sign(0.0, x), x == 0.0);
  return select(select(root, nan(), x < 0.0), x, is_nan(x));
}

fn part_0(own_group: vec3<u32>, own_lane: u32) {
  let group = own_group;
  let id = vec3<u32>(own_lane, 0u, 0u);
  let i = i32(group.x);
  let lane = i32(id.x);
  var sum0: f32 = 0.0;
  for (var r = lane; r < 21632; r += 256) {
    sum0 += in0[r * 32 + i];
  }
  partial0_0[lane] = sum0;
  workgroupBarrier();
  for (var width = 128; width > 0; width /= 2) {
    if (lane < width) {
      partial0_0[lane] += partial0_0[lane + width];
    }
    workgroupBarrier();
  }
  if (lane == 0) {
    let t0 = partial0_0[0] * 0.1 + inout2[i] * 0.9;
    let t1 = partial0_0[0] * partial0_0[0] * 0.001 + inout3[i] * 0.999;
    let t2 = inout4[i] + t0 / in1[0] / (square_root(t1 / in1[4]) + 1e-8) * -0.001;
    inout2[i] = t0;
    inout3[i] = t1;
    inout4[i] = t2;
  }
}

// The first part's sum with those of the others added to it, in their order.
fn whole_sum_1(sum: vec4<f32>, lane: i32) -> vec4<f32> {
  if (lane >= 16) {
    part_sums_1[lane - 16] = sum;
  }
  workgroupBarrier();
  var whole = sum;
  if (lane < 16) {
    for (var i = lane; i < 240; i += 16) {
      whole += part_sums_1[i];
    }
  }
  workgroupBarrier();
  return whole;
}

fn store_at_1(b: i32, m: i32, n: i32, sums: vec4<f32>) {
  if (m >= 9) {
    return;
  }
  let t0 = b * 72 + m * 8 + n;
  out6[t0] = sums;
}

fn part_1(own_group: vec3<u32>, own_lane: u32) {
  let group = own_group;
  let id = vec3<u32>(own_lane % 4u, own_lane / 4u, 0u);
  let index = own_lane;
  let block = i32(group.x);
  let b = block / 2;
  let column_block = block % 2;
  let x = i32(id.x);
  let y = i32(id.y) % 4;
  let part = i32(id.y) / 4;
  let lane = i32(index);
  var sum0 = vec4<f32>();
  var sum1 = vec4<f32>();
  var sum2 = vec4<f32>();
  var sum3 = vec4<f32>();
  let t0 = b * 784;
  let t1 = lane / 4;
  let t5 = lane % 4;
  let t6 = t5 * 4;
  let t7 = t6 / 3;
  let t8 = t7 * 28;
  let t10 = t6 % 3;
  let t13 = t6 + 1;
  let t14 = t13 / 3;
  let t15 = t14 * 28;
  let t16 = t13 % 3;
  let t17 = t6 + 2;
  let t18 = t17 / 3;
  let t19 = t18 * 28;
  let t20 = t17 % 3;
  let t21 = b * 21632;
  let t22 = column_block * 16;
  for (var slice = 0; slice < 11; slice++) {
    let t2 = slice * 64 + t1;
    let t3 = t2 / 26 % 26;
    let t4 = t0 + t3 * 28;
    let t9 = t2 % 26;
    let t11 = t4 + t8 + t9 + t10;
    let t12 = t2 < 676;
    lhs_tile_1[lane] = vec4(select(0.0, in5[t11], t12), select(0.0, in5[t4 + t15 + t9 + t16], t12), select(0.0, in5[t4 + t19 + t9 + t20], t12), select(0.0, in5[t11 + 28], t12));
    let t23 = t21 + t3 * 832 + t9 * 32 + t22 + t6;
    rhs_tile_1[lane] = vec4(select(0.0, in0[t23], t12), select(0.0, in0[t23 + 1], t12), select(0.0, in0[t23 + 2], t12), select(0.0, in0[t23 + 3], t12));
    workgroupBarrier();
    for (var k = part * 4; k < part * 4 + 4; k++) {
      let lhs0 = lhs_tile_1[k * 4 + y];
      let rhs0 = rhs_tile_1[k * 4 + x];
      sum0 += lhs0.x * rhs0;
      sum1 += lhs0.y * rhs0;
      sum2 += lhs0.z * rhs0;
      sum3 += lhs0.w * rhs0;
    }
    workgroupBarrier();
  }
  sum0 = whole_sum_1(sum0, lane);
  sum1 = whole_sum_1(sum1, lane);
  sum2 = whole_sum_1(sum2, lane);
  sum3 = whole_sum_1(sum3, lane);
  if (part == 0) {
    let t24 = y * 4;
    let t25 = column_block * 4 + x;
    store_at_1(b, t24, t25, sum0);
    store_at_1(b, t24 + 1, t25, sum1);
    store_at_1(b, t24 + 2, t25, sum2);
    store_at_1(b, t24 + 3, t25, sum3);
  }
}

@compute @workgroup_size(256)
fn reduceSum_add_div_sqrt_4_and_convGeneralDilated_4(
  @builtin(workgroup_id) workgroup: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let number = workgroup.x;
  if (number < 32u) {
    part_0(vec3<u32>(number, 0u, 0u), lane);
  } else if (number < 96u) {
    part_1(vec3<u32>(number - 32u, 0u, 0u), lane);
  }
}

// convGeneralDilated f32[3,3,1,32];
// broadcastInDim → mul → add f32[3,3,1,32];
// mul → broadcastInDim → add f32[3,3,1,32];
// broadcastInDim → mul → add → div → sqrt → add f32[3,3,1,32]
// add over [32] for each of [3, 3, 1, 32]: one invocation for each of 288 results

@group(0) @binding(0) var<storage, read> in0: array<f32, 9216>;
@group(0) @binding(1) var<storage, read> in1: array<f32, 8>;
@group(0) @binding(2) var<storage, read_write> inout2: array<f32, 288>;
@group(0) @binding(3) var<storage, read_write> inout3: array<f32, 288>;
@group(0) @binding(4) var<storage, read_write> inout4: array<f32, 288>;

fn nan() -> f32 {
  let bits = 0x7fc00000u;
  return bitcast<f32>(bits);
}

fn is_nan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

// The magnitude of x with the sign of y.
fn with_sign(x: f32, y: f32) -> f32 {
  return bitcast<f32>((bitcast<u32>(x) & 0x7fffffffu) | (bitcast<u32>(y) & 0x80000000u));
}

fn square_root(x: f32) -> f32 {
  let root = select(sqrt(x), with_sign(0.0, x), x == 0.0);
  return select(select(root, nan(), x < 0.0), x, is_nan(x));
}

@compute @workgroup_size(64)
fn convGeneralDilated_add_div_sqrt_2(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = i32(id.x);
  if (i >= 288) {
    return;
  }
  var sum0: f32 = 0.0;
  for (var r = 0; r < 32; r++) {
    sum0 += in0[r * 288 + i];
  }
  let t0 = sum0 * 0.1 + inout2[i] * 0.9;
  let t1 = sum0 * sum0 * 0.001 + inout3[i] * 0.999;
  let t2 = inout4[i] + t0 / in1[0] / (square_root(t1 / in1[4]) + 1e-8) * -0.001;
  inout2[i] = t0;
  inout3[i] = t1;
  inout4[i] = t2;
}
