// conv f32[32,13,13,64] → add → max
// product over [3, 3, 32] for each of rows [32, 13, 13], columns [64]: 32 × 32 results a workgroup, 16 deep in workgroup memory

@group(0) @binding(0) var<storage, read> in0: array<vec4<f32>, 43264>;
@group(0) @binding(1) var<storage, read> in1: array<vec4<f32>, 4608>;
@group(0) @binding(2) var<storage, read> in2: array<vec4<f32>, 16>;
@group(0) @binding(3) var<storage, read_write> out3: array<vec4<f32>, 86528>;

var<workgroup> lhs_tile: array<vec4<f32>, 128>; // 32 rows, four of 16 depths
var<workgroup> rhs_tile: array<vec4<f32>, 128>; // 16 depths, four of 32 columns

fn is_nan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}

// NaN if either is; +0 is greater than -0.
fn maximum(x: f32, y: f32) -> f32 {
  let greater = select(select(x, y, x < y), bitcast<f32>(bitcast<u32>(x) & bitcast<u32>(y)), x == y);
  return select(select(greater, y, is_nan(y)), x, is_nan(x));
}

fn store_at(m: i32, n: i32, sums: vec4<f32>) {
  let v0 = in2[n];
  out3[m * 16 + n] = vec4(maximum(sums.x + v0.x, 0.0), maximum(sums.y + v0.y, 0.0), maximum(sums.z + v0.z, 0.0), maximum(sums.w + v0.w, 0.0));
}

@compute @workgroup_size(8, 8)
fn conv_add_max(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_id) id: vec3<u32>,
  @builtin(local_invocation_index) index: u32,
) {
  let block = i32(group.x);
  let row_block = block / 2;
  let column_block = block % 2;
  let x = i32(id.x);
  let y = i32(id.y);
  let lane = i32(index);
  var sum0 = vec4<f32>();
  var sum1 = vec4<f32>();
  var sum2 = vec4<f32>();
  var sum3 = vec4<f32>();
  let t0 = row_block * 256;
  let t3 = lane / 4;
  let t4 = t3 * 8;
  let t5 = lane % 4;
  let t6 = row_block * 32;
  let t7 = t6 + t3;
  let t8 = t7 / 13;
  let t9 = t8 % 13;
  let t11 = t7 % 13;
  let t14 = t7 + 16;
  let t15 = t14 / 169;
  let t16 = t15 * 1352;
  let t17 = t7 + 3;
  let t18 = t17 / 13;
  let t19 = t18 + 1;
  let t20 = t19 % 13;
  let t21 = t20 * 104;
  let t22 = t17 % 13;
  let t23 = t22 * 8;
  let t27 = lane / 8;
  let t28 = t27 * 16;
  let t29 = column_block * 8;
  let t30 = lane % 8;
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
    lhs_tile[lane + 64] = select(vec4<f32>(), in0[t16 + t1 * 104 + t21 + t2 * 8 + t23 + slice % 2 * 4 + t5 - 112], t26);
    rhs_tile[lane] = in1[slice * 256 + t28 + t29 + t30];
    rhs_tile[lane + 64] = in1[slice * 256 + t28 + t29 + t30 + 128];
    workgroupBarrier();
    for (var k = 0; k < 4; k++) {
      let lhs0 = lhs_tile[k + y * 16];
      let lhs1 = lhs_tile[k + y * 16 + 4];
      let lhs2 = lhs_tile[k + y * 16 + 8];
      let lhs3 = lhs_tile[k + y * 16 + 12];
      let rhs0 = rhs_tile[k * 32 + x];
      let rhs0_1 = rhs_tile[k * 32 + x + 8];
      let rhs0_2 = rhs_tile[k * 32 + x + 16];
      let rhs0_3 = rhs_tile[k * 32 + x + 24];
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
  let t31 = t6 + y * 4;
  let t32 = t29 + x;
  store_at(t31, t32, sum0);
  store_at(t31 + 1, t32, sum1);
  store_at(t31 + 2, t32, sum2);
  store_at(t31 + 3, t32, sum3);
}
