// reduceMax f32[128];
// reshape → stopGradient → broadcastInDim → sub → exp f32[128,1000];
// reduceSum f32[128];
// reshape → broadcastInDim → div f32[128,1000]
// 3 passes over rows of [1000] for each of [128]: a workgroup of 64 for each of 128 rows

@group(0) @binding(0) var<storage, read> in0: array<f32, 128000>;
@group(0) @binding(1) var<storage, read_write> inout1: array<f32, 128000>;

var<workgroup> partial0: array<f32, 64>;
var<workgroup> partial1: array<f32, 64>;

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

@compute @workgroup_size(64)
fn reduceMax_exp_reduceSum_div(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) id: vec3<u32>) {
  let i = i32(group.x);
  let lane = i32(id.x);
  // Pass 1 of 3: max.
  var greatest0: f32 = -infinity();
  let t0 = i * 1000;
  for (var r = lane; r < 1000; r += 64) {
    let t1 = t0 + r;
    let x2 = in0[t1];
    greatest0 = maximum(greatest0, x2);
  }
  partial0[lane] = greatest0;
  workgroupBarrier();
  for (var width = 32; width > 0; width /= 2) {
    if (lane < width) {
      partial0[lane] = maximum(partial0[lane], partial0[lane + width]);
    }
    workgroupBarrier();
  }
  // Pass 2 of 3: add, stores.
  var sum1: f32 = 0.0;
  for (var r = lane; r < 1000; r += 64) {
    let t3 = t0 + r;
    let x4 = in0[t3];
    let t5 = exponential(x4 - partial0[0]);
    sum1 += t5;
    inout1[t3] = t5;
  }
  partial1[lane] = sum1;
  workgroupBarrier();
  for (var width = 32; width > 0; width /= 2) {
    if (lane < width) {
      partial1[lane] += partial1[lane + width];
    }
    workgroupBarrier();
  }
  // Pass 3 of 3: stores.
  for (var r = lane; r < 1000; r += 64) {
    let t6 = t0 + r;
    inout1[t6] = inout1[t6] / partial1[0];
  }
}
