module @f {
  func.func public @main(%arg0: tensor<3xui8>, %arg1: tensor<3xui8>) -> tensor<f16> {
    %0 = stablehlo.shift_left %arg0, %arg1 : tensor<3xui8>
    %1 = stablehlo.remainder %0, %arg1 : tensor<3xui8>
    %2 = stablehlo.convert %1 : (tensor<3xui8>) -> tensor<3xf16>
    %3 = stablehlo.convert %2 : (tensor<3xf16>) -> tensor<3xf32>
    %4 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %5 = stablehlo.reduce(%3 init: %4) applies stablehlo.maximum across dimensions = [0] : (tensor<3xf32>, tensor<f32>) -> tensor<f32>
    %6 = stablehlo.convert %5 : (tensor<f32>) -> tensor<f16>
    return %6 : tensor<f16>
  }
}
