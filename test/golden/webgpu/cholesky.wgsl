// cholesky
// procedure for each of [32]: one invocation for each of 32 points

@group(0) @binding(0) var<storage, read> in0: array<f32, 8192>;
@group(0) @binding(1) var<storage, read_write> inout1: array<f32, 8192>;

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

@compute @workgroup_size(8)
fn cholesky_kernel(@builtin(global_invocation_id) id: vec3<u32>) {
  let i = i32(id.x);
  let t0 = i * 256;
  for (var v0 = 0; v0 < 16; v0++) {
    let t5 = v0 * 16;
    let t6 = t0 + t5;
    let t7 = v0 * 17;
    let t8 = t0 + t7;
    for (var v1 = 0; v1 < 16; v1++) {
      if (v1 < v0) {
        let t1 = t0 + v1 * 16;
        let t2 = t1 + v0;
        inout1[t2] = 0.0;
      } else {
        let t3 = t0 + v1 * 16;
        let t4 = t3 + v0;
        var v2: f32 = in0[t4];
        for (var v3 = 0; v3 < v0; v3++) {
          v2 = v2 - inout1[t3 + v3] * inout1[t6 + v3];
        }
        if (v1 == v0) {
          inout1[t4] = square_root(v2);
        } else {
          inout1[t4] = v2 / inout1[t8];
        }
      }
    }
  }
}
