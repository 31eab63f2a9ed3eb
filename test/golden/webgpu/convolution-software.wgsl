// conv f32[32,13,13,64] → add → max
// product over [3, 3, 32] for each of rows [32, 13, 13], columns [64]: 8 × 64 results a workgroup

@group(0) @binding(0) var<storage, read> in0: array<f32, 173056>;
@group(0) @binding(1) var<storage, read> in1: array<vec4<f32>, 4608>;
@group(0) @binding(2) var<storage, read> in2: array<vec4<f32>, 16>;
@group(0) @binding(3) var<storage, read_write> out3: array<vec4<f32>, 86528>;

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

@compute @workgroup_size(8, 1)
fn conv_add_max(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) id: vec3<u32>) {
  let block = i32(group.x);
  let row_block = block;
  let x = i32(id.x);
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
  let t1 = row_block * 256;
  let t5 = row_block * 8;
  let t6 = t5 / 13;
  let t7 = t6 % 13;
  let t13 = t5 % 13;
  let t20 = t5 + 1;
  let t21 = t20 / 13;
  let t22 = t21 * 416;
  let t25 = t20 % 13;
  let t26 = t25 * 32;
  let t28 = t21 % 13;
  let t40 = t5 + 2;
  let t41 = t40 / 13;
  let t42 = t41 * 416;
  let t45 = t40 % 13;
  let t46 = t45 * 32;
  let t48 = t41 % 13;
  let t60 = t5 + 3;
  let t61 = t60 / 13;
  let t62 = t61 * 416;
  let t65 = t60 % 13;
  let t66 = t65 * 32;
  let t68 = t61 % 13;
  let t80 = t5 + 4;
  let t81 = t80 / 13;
  let t82 = t81 * 416;
  let t85 = t80 % 13;
  let t86 = t85 * 32;
  let t88 = t81 % 13;
  let t100 = t5 + 5;
  let t101 = t100 / 13;
  let t102 = t101 * 416;
  let t105 = t100 % 13;
  let t106 = t105 * 32;
  let t108 = t101 % 13;
  let t120 = t5 + 6;
  let t121 = t120 / 13;
  let t122 = t121 * 416;
  let t125 = t120 % 13;
  let t126 = t125 * 32;
  let t128 = t121 % 13;
  let t140 = t5 + 7;
  let t141 = t140 / 13;
  let t142 = t141 * 416;
  let t145 = t140 % 13;
  let t146 = t145 * 32;
  let t148 = t141 % 13;
  let t163 = x * 2;
  for (var k0 = 0; k0 < 3; k0++) {
    let t0 = k0 * 416;
    let t2 = t0 + t1;
    let t8 = k0 + t7;
    let t9 = t8 - 1;
    let t10 = 0 <= t9;
    let t11 = t9 < 13;
    let t12 = t10 && t11;
    let t23 = t0 + t22;
    let t29 = k0 + t28;
    let t30 = t29 - 1;
    let t31 = 0 <= t30;
    let t32 = t30 < 13;
    let t33 = t31 && t32;
    let t43 = t0 + t42;
    let t49 = k0 + t48;
    let t50 = t49 - 1;
    let t51 = 0 <= t50;
    let t52 = t50 < 13;
    let t53 = t51 && t52;
    let t63 = t0 + t62;
    let t69 = k0 + t68;
    let t70 = t69 - 1;
    let t71 = 0 <= t70;
    let t72 = t70 < 13;
    let t73 = t71 && t72;
    let t83 = t0 + t82;
    let t89 = k0 + t88;
    let t90 = t89 - 1;
    let t91 = 0 <= t90;
    let t92 = t90 < 13;
    let t93 = t91 && t92;
    let t103 = t0 + t102;
    let t109 = k0 + t108;
    let t110 = t109 - 1;
    let t111 = 0 <= t110;
    let t112 = t110 < 13;
    let t113 = t111 && t112;
    let t123 = t0 + t122;
    let t129 = k0 + t128;
    let t130 = t129 - 1;
    let t131 = 0 <= t130;
    let t132 = t130 < 13;
    let t133 = t131 && t132;
    let t143 = t0 + t142;
    let t149 = k0 + t148;
    let t150 = t149 - 1;
    let t151 = 0 <= t150;
    let t152 = t150 < 13;
    let t153 = t151 && t152;
    let t160 = k0 * 1536;
    for (var k1 = 0; k1 < 3; k1++) {
      let t3 = k1 * 32;
      let t4 = t2 + t3;
      let t14 = k1 + t13;
      let t15 = t14 - 1;
      let t16 = 0 <= t15;
      let t17 = t15 < 13;
      let t18 = t16 && t17;
      let t19 = t12 && t18;
      let t24 = t23 + t3;
      let t27 = t24 + t26;
      let t34 = k1 + t25;
      let t35 = t34 - 1;
      let t36 = 0 <= t35;
      let t37 = t35 < 13;
      let t38 = t36 && t37;
      let t39 = t33 && t38;
      let t44 = t43 + t3;
      let t47 = t44 + t46;
      let t54 = k1 + t45;
      let t55 = t54 - 1;
      let t56 = 0 <= t55;
      let t57 = t55 < 13;
      let t58 = t56 && t57;
      let t59 = t53 && t58;
      let t64 = t63 + t3;
      let t67 = t64 + t66;
      let t74 = k1 + t65;
      let t75 = t74 - 1;
      let t76 = 0 <= t75;
      let t77 = t75 < 13;
      let t78 = t76 && t77;
      let t79 = t73 && t78;
      let t84 = t83 + t3;
      let t87 = t84 + t86;
      let t94 = k1 + t85;
      let t95 = t94 - 1;
      let t96 = 0 <= t95;
      let t97 = t95 < 13;
      let t98 = t96 && t97;
      let t99 = t93 && t98;
      let t104 = t103 + t3;
      let t107 = t104 + t106;
      let t114 = k1 + t105;
      let t115 = t114 - 1;
      let t116 = 0 <= t115;
      let t117 = t115 < 13;
      let t118 = t116 && t117;
      let t119 = t113 && t118;
      let t124 = t123 + t3;
      let t127 = t124 + t126;
      let t134 = k1 + t125;
      let t135 = t134 - 1;
      let t136 = 0 <= t135;
      let t137 = t135 < 13;
      let t138 = t136 && t137;
      let t139 = t133 && t138;
      let t144 = t143 + t3;
      let t147 = t144 + t146;
      let t154 = k1 + t145;
      let t155 = t154 - 1;
      let t156 = 0 <= t155;
      let t157 = t155 < 13;
      let t158 = t156 && t157;
      let t159 = t153 && t158;
      let t161 = k1 * 512;
      let t162 = t160 + t161;
      for (var k2 = 0; k2 < 32; k2++) {
        let lhs0 = vec4(select(0.0, in0[t4 + k2 - 448], t19), select(0.0, in0[t27 + k2 - 448], t39), select(0.0, in0[t47 + k2 - 448], t59), select(0.0, in0[t67 + k2 - 448], t79));
        let lhs1 = vec4(select(0.0, in0[t87 + k2 - 448], t99), select(0.0, in0[t107 + k2 - 448], t119), select(0.0, in0[t127 + k2 - 448], t139), select(0.0, in0[t147 + k2 - 448], t159));
        let rhs0 = in1[t162 + k2 * 16 + t163];
        let rhs1 = in1[t162 + k2 * 16 + t163 + 1];
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
    }
  }
  let first = t5 * 2;
  var sums = array<vec4<f32>, 16>(sum0_0, sum0_1, sum1_0, sum1_1, sum2_0, sum2_1, sum3_0, sum3_1, sum4_0, sum4_1, sum5_0, sum5_1, sum6_0, sum6_1, sum7_0, sum7_1);
  for (var i = first; i < min(first + 16, 10816); i++) {
    store_at(i / 2, t163 + i % 2, sums[i - first]);
  }
}
