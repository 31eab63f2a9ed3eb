module @the_function {
  func.func public @main(%arg0: tensor<4x4xf32>, %arg1: tensor<4x4xf32>, %arg2: tensor<8x4xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32>) {
    %0:2 = func.call @layer(%arg0, %arg2) : (tensor<4x4xf32>, tensor<8x4xf32>) -> (tensor<8x4xf32>, tensor<8x4xf32>)
    %1 = func.call @layer_0(%arg1, %0#0) : (tensor<4x4xf32>, tensor<8x4xf32>) -> tensor<8x4xf32>
    %2 = stablehlo.constant dense<1.0> : tensor<f32>
    %3 = stablehlo.broadcast_in_dim %2, dims = [] : (tensor<f32>) -> tensor<8x4xf32>
    %4:2 = func.call @transpose_linear_layer(%arg1, %0#0, %1, %3) : (tensor<4x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>) -> (tensor<4x4xf32>, tensor<8x4xf32>)
    %5 = func.call @transpose_linear_layer_0(%arg2, %0#1, %4#1) : (tensor<8x4xf32>, tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<4x4xf32>
    return %5, %4#0 : tensor<4x4xf32>, tensor<4x4xf32>
  }
  func.func private @layer(%arg0: tensor<4x4xf32>, %arg1: tensor<8x4xf32>) -> (tensor<8x4xf32>, tensor<8x4xf32>) {
    %0 = stablehlo.dot_general %arg1, %arg0, contracting_dims = [1] x [0] : (tensor<8x4xf32>, tensor<4x4xf32>) -> tensor<8x4xf32>
    %1 = stablehlo.tanh %0 : tensor<8x4xf32>
    %2 = stablehlo.constant dense<1.0> : tensor<f32>
    %3 = stablehlo.broadcast_in_dim %2, dims = [] : (tensor<f32>) -> tensor<8x4xf32>
    %4 = stablehlo.multiply %1, %1 : tensor<8x4xf32>
    %5 = stablehlo.subtract %3, %4 : tensor<8x4xf32>
    return %1, %5 : tensor<8x4xf32>, tensor<8x4xf32>
  }
  func.func private @layer_0(%arg0: tensor<4x4xf32>, %arg1: tensor<8x4xf32>) -> tensor<8x4xf32> {
    %0 = stablehlo.dot_general %arg1, %arg0, contracting_dims = [1] x [0] : (tensor<8x4xf32>, tensor<4x4xf32>) -> tensor<8x4xf32>
    %1 = stablehlo.tanh %0 : tensor<8x4xf32>
    %2 = stablehlo.constant dense<1.0> : tensor<f32>
    %3 = stablehlo.broadcast_in_dim %2, dims = [] : (tensor<f32>) -> tensor<8x4xf32>
    %4 = stablehlo.multiply %1, %1 : tensor<8x4xf32>
    %5 = stablehlo.subtract %3, %4 : tensor<8x4xf32>
    return %5 : tensor<8x4xf32>
  }
  func.func private @transpose_linear_layer(%arg0: tensor<4x4xf32>, %arg1: tensor<8x4xf32>, %arg2: tensor<8x4xf32>, %arg3: tensor<8x4xf32>) -> (tensor<4x4xf32>, tensor<8x4xf32>) {
    %0 = stablehlo.multiply %arg3, %arg2 : tensor<8x4xf32>
    %1 = stablehlo.dot_general %arg1, %0, contracting_dims = [0] x [0] : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<4x4xf32>
    %2 = stablehlo.dot_general %0, %arg0, contracting_dims = [1] x [1] : (tensor<8x4xf32>, tensor<4x4xf32>) -> tensor<8x4xf32>
    return %1, %2 : tensor<4x4xf32>, tensor<8x4xf32>
  }
  func.func private @transpose_linear_layer_0(%arg0: tensor<8x4xf32>, %arg1: tensor<8x4xf32>, %arg2: tensor<8x4xf32>) -> tensor<4x4xf32> {
    %0 = stablehlo.multiply %arg2, %arg1 : tensor<8x4xf32>
    %1 = stablehlo.dot_general %arg0, %0, contracting_dims = [0] x [0] : (tensor<8x4xf32>, tensor<8x4xf32>) -> tensor<4x4xf32>
    return %1 : tensor<4x4xf32>
  }
}
