// Adam of dense f32[1600,64]
// map over [1600, 64]: one invocation for each four of 102400 points

@group(0) @binding(0) var<storage, read_write> inout0: array<vec4<f32>, 25600>;
@group(0) @binding(1) var<storage, read_write> inout1: array<vec4<f32>, 25600>;
@group(0) @binding(2) var<storage, read_write> inout2: array<vec4<f32>, 25600>;
@group(0) @binding(3) var<storage, read> in3: array<vec4<f32>, 25600>;
@group(0) @binding(4) var<storage, read> in4: array<i32, 1>;

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

// The magnitude of x with the sign of y.
fn with_sign(x: f32, y: f32) -> f32 {
  return bitcast<f32>((bitcast<u32>(x) & 0x7fffffffu) | (bitcast<u32>(y) & 0x80000000u));
}

fn square_root(x: f32) -> f32 {
  let root = select(sqrt(x), with_sign(0.0, x), x == 0.0);
  return select(select(root, nan(), x < 0.0), x, is_nan(x));
}

@compute @workgroup_size(256)
fn adam_dense(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = i32(id.x);
  let v0 = inout0[i];
  let v1 = inout1[i];
  let v2 = in3[i];
  let t3 = 0.9 * v1.x + 0.1 * v2.x;
  let t4 = 1.0 - power(0.9, f32(in4[0]));
  let v5 = inout2[i];
  let t6 = 0.999 * v5.x + 0.001 * (v2.x * v2.x);
  let t7 = v0.x - 0.001 * (t3 / t4 / (square_root(t6) + 1e-7));
  let t8 = 0.9 * v1.y + 0.1 * v2.y;
  let t9 = 0.999 * v5.y + 0.001 * (v2.y * v2.y);
  let t10 = v0.y - 0.001 * (t8 / t4 / (square_root(t9) + 1e-7));
  let t11 = 0.9 * v1.z + 0.1 * v2.z;
  let t12 = 0.999 * v5.z + 0.001 * (v2.z * v2.z);
  let t13 = v0.z - 0.001 * (t11 / t4 / (square_root(t12) + 1e-7));
  let t14 = 0.9 * v1.w + 0.1 * v2.w;
  let t15 = 0.999 * v5.w + 0.001 * (v2.w * v2.w);
  let t16 = v0.w - 0.001 * (t14 / t4 / (square_root(t15) + 1e-7));
  inout0[i] = vec4(t7, t10, t13, t16);
  inout1[i] = vec4(t3, t8, t11, t14);
  inout2[i] = vec4(t6, t9, t12, t15);
}
