/**
 * Scalar functions in WGSL whose built-in forms are missing, too coarse, or wrong for NaN, infinities and zeros on
 * real implementations. They use plain arithmetic and the bits of floats only, and no step needs a fused multiply-add
 * or exact compensation, which drivers may reorder. Subnormal results may be flushed to zero.
 *
 * NaN is found by its bits alone: WGSL lets a driver assume that it does not occur, and `x != x` is false on some.
 * A shader includes the helpers that it needs and no others.
 */
const sources = {
  infinity: {
    needs: [],
    // Through a variable: a constant expression may not be infinite in WGSL.
    wgsl: `
fn infinity() -> f32 {
  let bits = 0x7f800000u;
  return bitcast<f32>(bits);
}`,
  },
  nan: {
    needs: [],
    wgsl: `
fn nan() -> f32 {
  let bits = 0x7fc00000u;
  return bitcast<f32>(bits);
}`,
  },
  is_nan: {
    needs: [],
    wgsl: `
fn is_nan(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u;
}`,
  },
  is_finite: {
    needs: [],
    wgsl: `
fn is_finite(x: f32) -> bool {
  return (bitcast<u32>(x) & 0x7f800000u) != 0x7f800000u;
}`,
  },
  negate: {
    needs: [],
    wgsl: `
fn negate(x: f32) -> f32 {
  return bitcast<f32>(bitcast<u32>(x) ^ 0x80000000u);
}`,
  },
  with_sign: {
    needs: [],
    wgsl: `
// The magnitude of x with the sign of y.
fn with_sign(x: f32, y: f32) -> f32 {
  return bitcast<f32>((bitcast<u32>(x) & 0x7fffffffu) | (bitcast<u32>(y) & 0x80000000u));
}`,
  },
  sign_of: {
    needs: ['is_nan', 'with_sign'],
    wgsl: `
// A subnormal x may count as zero, and then is one.
fn sign_of(x: f32) -> f32 {
  return select(with_sign(select(1.0, 0.0, x == 0.0), x), x, is_nan(x));
}`,
  },
  round_even: {
    needs: ['with_sign'],
    wgsl: `
fn round_even(x: f32) -> f32 {
  return with_sign(round(x), x);
}`,
  },
  round_half: {
    needs: [],
    wgsl: `
// The nearest number of half precision, ties to even: 11 digits, none below 2^-24, infinity from 65520 on.
fn round_half(x: f32) -> f32 {
  let bits = bitcast<u32>(x);
  let a = bits & 0x7fffffffu;
  let normal = (a + 0xfffu + ((a >> 13u) & 1u)) & 0xffffe000u;
  let dropped = min(126u - min(a >> 23u, 112u), 25u);
  let digits = (a & 0x7fffffu) | 0x800000u;
  let units = (digits + (1u << (dropped - 1u)) - 1u + ((digits >> dropped) & 1u)) >> dropped;
  let tiny = bitcast<u32>(f32(units) * 5.9604644775390625e-8);
  let finite = select(select(normal, tiny, a < 0x38800000u), 0x7f800000u, normal >= 0x47800000u);
  return bitcast<f32>(select(finite | (bits & 0x80000000u), bits, a >= 0x7f800000u));
}`,
  },
  floor_of: {
    needs: ['with_sign'],
    wgsl: `
fn floor_of(x: f32) -> f32 {
  return select(floor(x), with_sign(0.0, x), x == 0.0);
}`,
  },
  ceil_of: {
    needs: ['with_sign'],
    wgsl: `
fn ceil_of(x: f32) -> f32 {
  return with_sign(ceil(x), x);
}`,
  },
  square_root: {
    needs: ['nan', 'is_nan', 'with_sign'],
    wgsl: `
fn square_root(x: f32) -> f32 {
  let root = select(sqrt(x), with_sign(0.0, x), x == 0.0);
  return select(select(root, nan(), x < 0.0), x, is_nan(x));
}`,
  },
  maximum: {
    needs: ['is_nan'],
    wgsl: `
// NaN if either is; +0 is greater than -0.
fn maximum(x: f32, y: f32) -> f32 {
  let greater = select(select(x, y, x < y), bitcast<f32>(bitcast<u32>(x) & bitcast<u32>(y)), x == y);
  return select(select(greater, y, is_nan(y)), x, is_nan(x));
}`,
  },
  minimum: {
    needs: ['is_nan'],
    wgsl: `
// NaN if either is; -0 is less than +0.
fn minimum(x: f32, y: f32) -> f32 {
  let less = select(select(x, y, y < x), bitcast<f32>(bitcast<u32>(x) | bitcast<u32>(y)), x == y);
  return select(select(less, y, is_nan(y)), x, is_nan(x));
}`,
  },
  zero_times: {
    needs: ['is_finite', 'nan'],
    wgsl: `
// 0 * x, which drivers fold to 0 even where x is NaN or infinite.
fn zero_times(x: f32) -> f32 {
  return select(nan(), bitcast<f32>(bitcast<u32>(x) & 0x80000000u), is_finite(x));
}`,
  },
  self_difference: {
    needs: ['is_finite', 'nan'],
    wgsl: `
// x - x, which drivers fold to 0 even where x is NaN or infinite.
fn self_difference(x: f32) -> f32 {
  return select(nan(), 0.0, is_finite(x));
}`,
  },
  f32_to_i32: {
    needs: ['is_nan'],
    wgsl: `
fn f32_to_i32(x: f32) -> i32 {
  let inside = i32(clamp(x, -2147483648.0, 2147483520.0));
  return select(select(select(inside, 0x7fffffff, x >= 2147483648.0), i32(-2147483648), x <= -2147483648.0), 0, is_nan(x));
}`,
  },
  f32_to_u32: {
    needs: ['is_nan'],
    wgsl: `
fn f32_to_u32(x: f32) -> u32 {
  let inside = u32(clamp(x, 0.0, 4294967040.0));
  return select(select(select(inside, 0xffffffffu, x >= 4294967296.0), 0u, x <= 0.0), 0u, is_nan(x));
}`,
  },
  u32_to_f32: {
    needs: [],
    wgsl: `
// To the nearest, ties to even: the 24 leading bits are rounded by hand, as some drivers round twice.
fn u32_to_f32(x: u32) -> f32 {
  let shift = 8u - min(countLeadingZeros(x), 8u);
  let top = x >> shift;
  let rest = x - (top << shift);
  let half = (1u << shift) / 2u;
  let up = rest > half || (rest == half && half > 0u && (top & 1u) == 1u);
  return f32(top + select(0u, 1u, up)) * f32(1u << shift);
}`,
  },
  divide_i32: {
    needs: [],
    wgsl: `
// Towards zero; -1 for a zero divisor.
fn divide_i32(x: i32, y: i32) -> i32 {
  let overflows = x == i32(-2147483648) && y == -1;
  return select(select(x / select(y, 1, y == 0 || overflows), -1, y == 0), x, overflows);
}`,
  },
  divide_u32: {
    needs: [],
    wgsl: `
// All ones for a zero divisor.
fn divide_u32(x: u32, y: u32) -> u32 {
  return select(x / max(y, 1u), 0xffffffffu, y == 0u);
}`,
  },
  remainder_i32: {
    needs: [],
    wgsl: `
// With the sign of x; x for a zero divisor. GLSL, which some drivers are given, leaves % of negative numbers open.
fn remainder_i32(x: i32, y: i32) -> i32 {
  let divisor = select(y, 1, y == 0 || y == -1);
  return select(select(x - (x / divisor) * divisor, 0, y == -1), x, y == 0);
}`,
  },
  remainder_u32: {
    needs: [],
    wgsl: `
// x for a zero divisor.
fn remainder_u32(x: u32, y: u32) -> u32 {
  return select(x % max(y, 1u), x, y == 0u);
}`,
  },
  floor_div: {
    needs: [],
    wgsl: `
// Rounds down; y is positive.
fn floor_div(x: i32, y: i32) -> i32 {
  let q = x / y;
  return q - select(0, 1, x < q * y);
}`,
  },
  floor_mod: {
    needs: [],
    wgsl: `
// In [0, y); y is positive.
fn floor_mod(x: i32, y: i32) -> i32 {
  let r = x - (x / y) * y;
  return select(r, r + y, r < 0);
}`,
  },
  shift_left: {
    needs: [],
    wgsl: `
fn shift_left(x: u32, by: u32) -> u32 {
  return select(x << (by & 31u), 0u, by >= 32u);
}`,
  },
  shift_right: {
    needs: [],
    wgsl: `
fn shift_right(x: u32, by: u32) -> u32 {
  return select(x >> (by & 31u), 0u, by >= 32u);
}`,
  },
  shift_right_signed: {
    needs: [],
    wgsl: `
fn shift_right_signed(x: i32, by: u32) -> i32 {
  return x >> min(by, 31u);
}`,
  },
  float_mod: {
    needs: ['nan', 'is_nan', 'is_finite'],
    wgsl: `
// The exact remainder of x / y with the sign of x: long division of the significands, eight bits at a time.
fn float_mod(x: f32, y: f32) -> f32 {
  let a = bitcast<u32>(x) & 0x7fffffffu;
  let b = bitcast<u32>(y) & 0x7fffffffu;
  if (is_nan(y) || !is_finite(x) || b == 0u) {
    return nan();
  }
  if (a < b) {
    return x;
  }
  let divisor = select((b & 0x7fffffu) | 0x800000u, b, b < 0x800000u);
  var rest = select((a & 0x7fffffu) | 0x800000u, a, a < 0x800000u);
  let scale = max(b >> 23u, 1u);
  var steps = max(a >> 23u, 1u) - scale;
  rest = rest % divisor;
  while (steps > 0u) {
    let bits = min(steps, 8u);
    rest = (rest << bits) % divisor;
    steps = steps - bits;
  }
  // rest * 2^(scale - 150), normalized by hand so that no step is rounded.
  let shift = select(0u, countLeadingZeros(rest) - 8u, rest < 0x800000u);
  let lift = min(shift, scale - 1u);
  let significand = rest << lift;
  let exponent = select(0u, scale - lift, significand >= 0x800000u);
  return bitcast<f32>((bitcast<u32>(x) & 0x80000000u) | (exponent << 23u) | (significand & 0x7fffffu));
}`,
  },
  power_of_two: {
    needs: [],
    wgsl: `
// 2^n for n in [-126, 127].
fn power_of_two(n: i32) -> f32 {
  return bitcast<f32>(u32(clamp(n, -126, 127) + 127) << 23u);
}`,
  },
  exp_minus_one_core: {
    needs: [],
    wgsl: `
// e^r - 1 for |r| <= ln(2)/2.
fn exp_minus_one_core(r: f32) -> f32 {
  let p = 0.5 + r * (0.16666667 + r * (0.041666463 + r * (0.008333286 + r * (0.0013933732 + r * 0.00019907703))));
  return r + r * r * p;
}`,
  },
  exponential: {
    needs: ['infinity', 'is_nan', 'power_of_two', 'exp_minus_one_core'],
    wgsl: `
// e^x = 2^n e^r; ln 2 is split in two so that n ln 2 is exact, 2^n so that neither factor overflows.
fn exponential(x: f32) -> f32 {
  let c = clamp(x, -105.0, 89.0);
  let n = floor(c * 1.44269504 + 0.5);
  let r = (c - n * 0.693359375) + n * 2.12194440e-4;
  let k = i32(n);
  let half = k / 2;
  let y = (1.0 + exp_minus_one_core(r)) * power_of_two(half) * power_of_two(k - half);
  return select(select(select(y, infinity(), x > 88.72284), 0.0, x < -104.0), x, is_nan(x));
}`,
  },
  exponential_minus_one: {
    needs: ['infinity', 'is_nan', 'power_of_two', 'exp_minus_one_core'],
    wgsl: `
fn exponential_minus_one(x: f32) -> f32 {
  let c = clamp(x, -20.0, 89.0);
  let n = floor(c * 1.44269504 + 0.5);
  let r = (c - n * 0.693359375) + n * 2.12194440e-4;
  let k = i32(n);
  let scale = power_of_two(min(k, 127));
  let core = exp_minus_one_core(r);
  // No two constants are factors of one product: drivers multiply them, and theirs may overflow where the whole does not.
  let y = select(scale * core + (scale - 1.0), (core + 1.0) * power_of_two(k - 64) * power_of_two(64), k == 128);
  return select(select(y, infinity(), x > 88.72284), x, is_nan(x) || abs(x) < 1e-10);
}`,
  },
  log1p_core: {
    needs: [],
    wgsl: `
// (ln(1 + f) - f + f^2/2) / f^3 for sqrt(1/2) <= 1 + f <= sqrt(2).
fn log1p_core(f: f32) -> f32 {
  let high = 0.14218326 + f * (-0.123838 + f * (0.11875076 + f * (-0.11794091 + f * 0.06915595)));
  return 0.3333331 + f * (-0.24999987 + f * (0.20002243 + f * (-0.1666927 + f * high)));
}`,
  },
  logarithm: {
    needs: ['infinity', 'nan', 'log1p_core'],
    wgsl: `
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
}`,
  },
  logarithm_one_plus: {
    needs: ['logarithm', 'log1p_core'],
    wgsl: `
fn logarithm_one_plus(x: f32) -> f32 {
  let near = x + x * x * (x * log1p_core(x) - 0.5);
  return select(select(logarithm(1.0 + x), near, abs(x) < 0.2928), x, abs(x) < 1e-10);
}`,
  },
  hyperbolic_tangent: {
    needs: ['is_nan', 'with_sign', 'exponential_minus_one'],
    wgsl: `
fn hyperbolic_tangent(x: f32) -> f32 {
  let m = exponential_minus_one(2.0 * min(abs(x), 10.0));
  let t = select(m / (m + 2.0), 1.0 - 2.0 / (m + 2.0), abs(x) > 0.5);
  return select(with_sign(t, x), x, is_nan(x) || abs(x) < 1e-10);
}`,
  },
  multiply_wide: {
    needs: [],
    wgsl: `
// The 64-bit product of two 32-bit numbers: (low, high).
fn multiply_wide(a: u32, b: u32) -> vec2<u32> {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let middle = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let cross = (a & 0xffffu) * (b >> 16u) + (middle & 0xffffu);
  return vec2(a * b, (a >> 16u) * (b >> 16u) + (middle >> 16u) + (cross >> 16u));
}`,
  },
  reduce_large_angle: {
    needs: ['multiply_wide', 'power_of_two'],
    wgsl: `
// Payne and Hanek: |x| times those 96 bits of 2/pi that decide the quadrant and the fraction, in integers.
fn reduce_large_angle(x: f32) -> vec2<f32> {
  var two_over_pi = array<u32, 9>(
    0u, 0xa2f9836eu, 0x4e441529u, 0xfc2757d1u, 0xf534ddc0u, 0xdb629599u, 0x3c439041u, 0xfe5163abu, 0xdebbc561u);
  let bits = bitcast<u32>(x) & 0x7fffffffu;
  let significand = (bits & 0x7fffffu) | 0x800000u;
  // |x| = significand 2^exponent; the window starts at the bit of 2/pi whose product has weight 2.
  let start = min((bits >> 23u) - 120u, 159u);
  let word = start / 32u;
  let shift = start % 32u;
  let carry = 31u - shift;
  let w0 = (two_over_pi[word] << shift) | ((two_over_pi[word + 1u] >> 1u) >> carry);
  let w1 = (two_over_pi[word + 1u] << shift) | ((two_over_pi[word + 2u] >> 1u) >> carry);
  let w2 = (two_over_pi[word + 2u] << shift) | ((two_over_pi[word + 3u] >> 1u) >> carry);
  let p1 = multiply_wide(w1, significand);
  let p2 = multiply_wide(w2, significand);
  let low = p1.x + p2.y;
  let high = w0 * significand + p1.y + select(0u, 1u, low < p1.x);
  // Quarter turns with 30 + 32 bits of fraction, taken to the nearest: the rest is in [-1/2, 1/2).
  var quadrant = high >> 30u;
  var fraction = vec2((high << 2u) | (low >> 30u), low << 2u);
  let negative = fraction.x >= 0x80000000u;
  if (negative) {
    quadrant = quadrant + 1u;
    fraction = vec2(~fraction.x + select(0u, 1u, fraction.y == 0u), ~fraction.y + 1u);
  }
  let zeros = min(countLeadingZeros(fraction.x), 31u);
  let top = (fraction.x << zeros) | ((fraction.y >> 1u) >> (31u - zeros));
  let r = f32(top) * power_of_two(-32 - i32(zeros)) * 1.57079633;
  let turned = select(r, -r, negative);
  let x_negative = x < 0.0;
  return vec2(select(turned, -turned, x_negative), f32(select(quadrant, 4u - (quadrant & 3u), x_negative) & 3u));
}`,
  },
  reduce_angle: {
    needs: ['reduce_large_angle'],
    wgsl: `
// x = r + q pi/2 with |r| <= pi/4, as (r, q mod 4). pi/2 is split in four so that all products but the last are exact:
// r is good to one unit in its last place also where x is close to a multiple of pi/2.
fn reduce_angle(x: f32) -> vec2<f32> {
  if (abs(x) > 1000.0) {
    return reduce_large_angle(x);
  }
  let q = floor(x * 0.636619772 + 0.5);
  let r = ((x - q * 1.5703125) - q * 4.837512969970703e-4) - q * 7.549533620476723e-8;
  return vec2(r - q * 2.563344068257e-12, f32(i32(q) & 3));
}`,
  },
  sine_core: {
    needs: [],
    wgsl: `
fn sine_core(r: f32) -> f32 {
  let z = r * r;
  return r + r * z * (-0.16666664 + z * (0.008332747 - z * 0.00019587505));
}`,
  },
  cosine_core: {
    needs: [],
    wgsl: `
fn cosine_core(r: f32) -> f32 {
  let z = r * r;
  return 1.0 - 0.5 * z + z * z * (0.041666664 + z * (-0.0013888301 + z * 2.4547537e-5));
}`,
  },
  sine: {
    needs: ['nan', 'is_finite', 'reduce_angle', 'sine_core', 'cosine_core'],
    wgsl: `
fn sine(x: f32) -> f32 {
  let a = reduce_angle(x);
  let q = u32(a.y);
  let y = select(sine_core(a.x), cosine_core(a.x), (q & 1u) == 1u);
  let s = select(y, -y, (q & 2u) == 2u);
  return select(select(nan(), s, is_finite(x)), x, abs(x) < 1e-10);
}`,
  },
  cosine: {
    needs: ['nan', 'is_finite', 'reduce_angle', 'sine_core', 'cosine_core'],
    wgsl: `
fn cosine(x: f32) -> f32 {
  let a = reduce_angle(x);
  let q = u32(a.y) + 1u;
  let y = select(sine_core(a.x), cosine_core(a.x), (q & 1u) == 1u);
  let c = select(y, -y, (q & 2u) == 2u);
  return select(nan(), c, is_finite(x));
}`,
  },
  tangent: {
    needs: ['nan', 'is_finite', 'reduce_angle', 'sine_core', 'cosine_core'],
    wgsl: `
fn tangent(x: f32) -> f32 {
  let a = reduce_angle(x);
  let s = sine_core(a.x);
  let c = cosine_core(a.x);
  let t = select(s / c, -c / s, (u32(a.y) & 1u) == 1u);
  return select(select(nan(), t, is_finite(x)), x, abs(x) < 1e-10);
}`,
  },
  arctangent_core: {
    needs: [],
    wgsl: `
// atan t for 0 <= t <= 1: above tan(pi/8), pi/4 + atan((t - 1) / (t + 1)).
fn arctangent_core(t: f32) -> f32 {
  let far = t > 0.41421356;
  let u = select(t, (t - 1.0) / (t + 1.0), far);
  let z = u * u;
  let p = -0.333333164 + z * (0.199984789 + z * (-0.142436281 + z * (0.105942689 - z * 0.0607883967)));
  return select(0.0, 0.785398163, far) + (u + u * z * p);
}`,
  },
  arctangent: {
    needs: ['is_nan', 'with_sign', 'arctangent_core'],
    wgsl: `
fn arctangent(x: f32) -> f32 {
  let steep = abs(x) > 1.0;
  let a = arctangent_core(select(abs(x), 1.0 / clamp(abs(x), 1.0, 1e30), steep));
  let y = with_sign(select(a, 1.57079633 - a, steep), x);
  return select(y, x, is_nan(x) || abs(x) < 1e-10);
}`,
  },
  arctangent2: {
    needs: ['nan', 'is_nan', 'is_finite', 'with_sign', 'arctangent_core'],
    wgsl: `
// The angle of the point (x, y), with IEEE 754's results for zeros and infinities.
fn arctangent2(y: f32, x: f32) -> f32 {
  let ax = select(0.0, 1.0, !is_finite(x));
  let ay = select(0.0, 1.0, !is_finite(y));
  let any_infinite = ax + ay > 0.0;
  // Scaled down where the quotient could overflow on the way; infinities count as 1 against a finite 0.
  let scale = select(1.0, 0.25, max(abs(x), abs(y)) > 1e37);
  let px = select(abs(x) * scale, ax, any_infinite);
  let py = select(abs(y) * scale, ay, any_infinite);
  let steep = py > px;
  let large = max(px, py);
  let a = select(arctangent_core(min(px, py) / select(large, 1.0, large == 0.0)), 0.0, large == 0.0);
  let first = select(a, 1.57079633 - a, steep);
  let left = (bitcast<u32>(x) & 0x80000000u) != 0u;
  return select(with_sign(select(first, 3.14159265 - first, left), y), nan(), is_nan(x) || is_nan(y));
}`,
  },
  error_function: {
    needs: ['is_nan', 'with_sign', 'exponential'],
    wgsl: `
// x p(x^2) up to 1, then 1 - erfc(x) with erfc(x) = e^p(x - 2).
fn error_function(x: f32) -> f32 {
  let z = min(x * x, 1.0);
  let low = 0.112836003 + z * (-0.0268544443 + z * (0.00518953521 + z * (-0.000802083989 + z * 7.88911493e-5)));
  let near = x * (1.12837917 + z * (-0.37612626 + z * low));
  let u = clamp(abs(x), 1.0, 4.0) - 2.0;
  let high = -0.0164879039 + u * (0.00354423607 + u * (-0.000711103028 + u * 0.000186381207));
  let far = 1.0 - exponential(-5.36494112 + u * (-4.41815948 + u * (-0.9237535 + u * high)));
  return select(select(near, with_sign(far, x), abs(x) > 1.0), x, is_nan(x));
}`,
  },
  high_part: {
    needs: [],
    wgsl: `
// The twelve leading bits of x: the product of two such parts is exact.
fn high_part(x: f32) -> f32 {
  return bitcast<f32>(bitcast<u32>(x) & 0xfffff000u);
}`,
  },
  power_of_positive: {
    needs: ['infinity', 'high_part', 'log1p_core', 'exp_minus_one_core', 'power_of_two'],
    wgsl: `
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
}`,
  },
  power: {
    needs: ['infinity', 'nan', 'is_nan', 'is_finite', 'power_of_positive'],
    wgsl: `
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
}`,
  },
} as const satisfies Record<string, { readonly needs: readonly string[]; readonly wgsl: string }>;

/** The name of a WGSL function that shaders can include. */
export type Helper = keyof typeof sources;

/** All helper names, for keeping other names apart from them. */
export const helperNames: ReadonlySet<string> = new Set(Object.keys(sources));

/** The text of the helpers and of all that they need, each once, callees first. */
export function helperText(wanted: ReadonlySet<Helper>): string {
  const done = new Set<string>();
  const parts: string[] = [];
  const include = (name: Helper): void => {
    if (done.has(name)) return;
    done.add(name);
    const { needs, wgsl }: { readonly needs: readonly string[]; readonly wgsl: string } = sources[name];
    needs.forEach((n) => include(n as Helper));
    parts.push(wgsl);
  };
  [...wanted].sort().forEach(include);
  return parts.length === 0 ? '' : `${parts.join('\n')}\n`;
}
