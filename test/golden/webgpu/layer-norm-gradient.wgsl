// reduceSum f32[128];
// broadcastInDim → div → reshape f32[128,1];
// broadcastInDim → sub → mul → reduceSum f32[128];
// broadcastInDim → div → reshape → add → sqrt f32[128,1];
// broadcastInDim → sub → div f32[128,512];
// broadcastInDim → mul → neg → div → reduceSum f32[128];
// reshape → broadcastInDim → div → mul → div f32[128];
// broadcastInDim → sub → mul f32[128,512];
// broadcastInDim → mul → div → add → add f32[128,512];
// neg → reduceSum f32[128];
// reshape → broadcastInDim → div f32[128];
// broadcastInDim → add f32[128,512]
// 5 passes over rows of [512] for each of [128]: a workgroup of 64 for each of 128 rows

@group(0) @binding(0) var<storage, read> in0: array<f32, 65536>;
@group(0) @binding(1) var<storage, read> in1: array<f32, 65536>;
@group(0) @binding(2) var<storage, read> in2: array<f32, 512>;
@group(0) @binding(3) var<storage, read_write> out3: array<f32, 65536>;
@group(0) @binding(4) var<storage, read_write> out4: array<f32, 65536>;

var<workgroup> partial0: array<f32, 64>;
var<workgroup> partial1: array<f32, 64>;
var<workgroup> partial2: array<f32, 64>;
var<workgroup> partial3: array<f32, 64>;

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
fn reduceSum_add_sqrt_neg(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) id: vec3<u32>) {
  let i = i32(group.x);
  let lane = i32(id.x);
  // Pass 1 of 5: add.
  var sum0: f32 = 0.0;
  let t0 = i * 512;
  for (var r = lane; r < 512; r += 64) {
    let t1 = t0 + r;
    let x2 = in0[t1];
    sum0 += x2;
  }
  partial0[lane] = sum0;
  workgroupBarrier();
  for (var width = 32; width > 0; width /= 2) {
    if (lane < width) {
      partial0[lane] += partial0[lane + width];
    }
    workgroupBarrier();
  }
  // Pass 2 of 5: add.
  var sum1: f32 = 0.0;
  let t5 = partial0[0] / 512.0;
  for (var r = lane; r < 512; r += 64) {
    let t3 = t0 + r;
    let x4 = in0[t3];
    let t6 = x4 - t5;
    sum1 += t6 * t6;
  }
  partial1[lane] = sum1;
  workgroupBarrier();
  for (var width = 32; width > 0; width /= 2) {
    if (lane < width) {
      partial1[lane] += partial1[lane + width];
    }
    workgroupBarrier();
  }
  // Pass 3 of 5: add, stores.
  var sum2: f32 = 0.0;
  let t11 = partial1[0] / 512.0;
  let t12 = t11 + 0.00001;
  let t13 = square_root(t12);
  for (var r = lane; r < 512; r += 64) {
    let t7 = t0 + r;
    let t8 = in1[t7] * in2[r];
    let x9 = in0[t7];
    let t10 = x9 - t5;
    let t14 = t10 / t13;
    sum2 += t8 * (-t14 / t13);
    out3[t7] = t14;
  }
  partial2[lane] = sum2;
  workgroupBarrier();
  for (var width = 32; width > 0; width /= 2) {
    if (lane < width) {
      partial2[lane] += partial2[lane + width];
    }
    workgroupBarrier();
  }
  // Pass 4 of 5: add.
  var sum3: f32 = 0.0;
  let t17 = 0.5 / t13;
  let t18 = partial2[0] * t17;
  let t19 = t18 / 512.0;
  for (var r = lane; r < 512; r += 64) {
    let t15 = t0 + r;
    let t16 = in1[t15] * in2[r];
    let x20 = in0[t15];
    let t21 = x20 - t5;
    let t22 = t19 * t21;
    let t23 = t16 / t13 + t22 + t22;
    sum3 += -t23;
  }
  partial3[lane] = sum3;
  workgroupBarrier();
  for (var width = 32; width > 0; width /= 2) {
    if (lane < width) {
      partial3[lane] += partial3[lane + width];
    }
    workgroupBarrier();
  }
  // Pass 5 of 5: stores.
  let t30 = partial3[0] / 512.0;
  for (var r = lane; r < 512; r += 64) {
    let t24 = t0 + r;
    let t25 = in1[t24] * in2[r];
    let x26 = in0[t24];
    let t27 = x26 - t5;
    let t28 = t19 * t27;
    let t29 = t25 / t13 + t28 + t28;
    out4[t24] = t29 + t30;
  }
}

// broadcastInDim → mul → reduceSum f32[512]; broadcastInDim → mul → reduceSum f32[512]
// add, add over [128] for each of [512]: one invocation for each of 512 results

@group(0) @binding(0) var<storage, read> in0: array<f32, 65536>;
@group(0) @binding(1) var<storage, read> in1: array<f32, 65536>;
@group(0) @binding(2) var<storage, read_write> out2: array<f32, 512>;
@group(0) @binding(3) var<storage, read_write> out3: array<f32, 512>;

@compute @workgroup_size(64)
fn mul_reduceSum(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = i32(id.x);
  var sum0: f32 = 0.0;
  var sum1: f32 = 0.0;
  for (var r = 0; r < 128; r++) {
    let t0 = r * 512 + i;
    let x1 = in0[t0];
    sum0 += x1;
    sum1 += x1 * in1[t0];
  }
  out2[i] = sum0;
  out3[i] = sum1;
}
