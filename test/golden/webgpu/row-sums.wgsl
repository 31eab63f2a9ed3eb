// exp f32[128,1000] → where → sum, max
// add, max over [1000] for each of [128]: a workgroup of 64 for each of 128 results

@group(0) @binding(0) var<storage, read> in0: array<f32, 128000>;
@group(0) @binding(1) var<storage, read> in1: array<u32, 1000>;
@group(0) @binding(2) var<storage, read_write> out2: array<f32, 128>;
@group(0) @binding(3) var<storage, read_write> out3: array<u32, 128>;

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

// NaN if either is; +0 is greater than -0.
fn maximum(x: f32, y: f32) -> f32 {
  let greater = select(select(x, y, x < y), bitcast<f32>(bitcast<u32>(x) & bitcast<u32>(y)), x == y);
  return select(select(greater, y, is_nan(y)), x, is_nan(x));
}

@compute @workgroup_size(64)
fn row_sums(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) id: vec3<u32>) {
  let i = i32(group.x);
  let lane = i32(id.x);
  var sum0: f32 = 0.0;
  var greatest1: f32 = -infinity();
  let t0 = i * 1000;
  for (var r = lane; r < 1000; r += 64) {
    let t1 = select(0.0, exponential(in0[t0 + r]), in1[r] != 0u);
    sum0 += t1;
    greatest1 = maximum(greatest1, t1);
  }
  partial0[lane] = sum0;
  partial1[lane] = greatest1;
  workgroupBarrier();
  for (var width = 32; width > 0; width /= 2) {
    if (lane < width) {
      partial0[lane] += partial0[lane + width];
      partial1[lane] = maximum(partial1[lane], partial1[lane + width]);
    }
    workgroupBarrier();
  }
  if (lane == 0) {
    out2[i] = logarithm(partial0[0]);
    out3[i] = u32(1.0 < partial1[0]);
  }
}
