module @convolve {
  func.func public @main(%arg0: tensor<2x8x8x3xf32>, %arg1: tensor<3x3x3x4xf32>) -> tensor<2x4x4x4xf32> {
    %0 = stablehlo.convolution(%arg0, %arg1) dim_numbers = [b, 0, 1, f]x[0, 1, i, o]->[b, 0, 1, f], window = {stride = [1, 1], pad = [[1, 1], [1, 1]], lhs_dilate = [1, 1], rhs_dilate = [1, 1]} {batch_group_count = 1 : i64, feature_group_count = 1 : i64} : (tensor<2x8x8x3xf32>, tensor<3x3x3x4xf32>) -> tensor<2x8x8x4xf32>
    %1 = stablehlo.reshape %0 : (tensor<2x8x8x4xf32>) -> tensor<2x4x2x8x4xf32>
    %2 = stablehlo.transpose %1, dims = [0, 1, 3, 4, 2] : (tensor<2x4x2x8x4xf32>) -> tensor<2x4x8x4x2xf32>
    %3 = stablehlo.reshape %2 : (tensor<2x4x8x4x2xf32>) -> tensor<2x4x4x2x4x2xf32>
    %4 = stablehlo.transpose %3, dims = [0, 1, 2, 4, 5, 3] : (tensor<2x4x4x2x4x2xf32>) -> tensor<2x4x4x4x2x2xf32>
    %5 = stablehlo.constant dense<0xFF800000> : tensor<f32>
    %6 = stablehlo.reduce(%4 init: %5) applies stablehlo.maximum across dimensions = [4, 5] : (tensor<2x4x4x4x2x2xf32>, tensor<f32>) -> tensor<2x4x4x4xf32>
    return %6 : tensor<2x4x4x4xf32>
  }
}
