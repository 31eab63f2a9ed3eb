module @f {
  func.func public @main(%arg0: tensor<i32>, %arg1: tensor<3xf32>) -> tensor<3xf32> {
    %16 = stablehlo.while(%0 = %arg1) : tensor<3xf32>
    cond {
      %1 = stablehlo.constant dense<0.0> : tensor<f32>
      %2 = stablehlo.reduce(%0 init: %1) applies stablehlo.add across dimensions = [0] : (tensor<3xf32>, tensor<f32>) -> tensor<f32>
      %3 = stablehlo.constant dense<100.0> : tensor<f32>
      %4 = stablehlo.compare LT, %2, %3, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
      stablehlo.return %4 : tensor<i1>
    } do {
      %5 = stablehlo.constant dense<1> : tensor<i32>
      %6 = stablehlo.minimum %arg0, %5 : tensor<i32>
      %7 = stablehlo.constant dense<0> : tensor<i32>
      %8 = stablehlo.maximum %6, %7 : tensor<i32>
      %15 = "stablehlo.case"(%8) ({
        %9 = stablehlo.constant dense<2.0> : tensor<f32>
        %10 = stablehlo.broadcast_in_dim %9, dims = [] : (tensor<f32>) -> tensor<3xf32>
        %11 = stablehlo.multiply %0, %10 : tensor<3xf32>
        stablehlo.return %11 : tensor<3xf32>
      }, {
        %12 = stablehlo.constant dense<1.0> : tensor<f32>
        %13 = stablehlo.broadcast_in_dim %12, dims = [] : (tensor<f32>) -> tensor<3xf32>
        %14 = stablehlo.add %0, %13 : tensor<3xf32>
        stablehlo.return %14 : tensor<3xf32>
      }) : (tensor<i32>) -> tensor<3xf32>
      stablehlo.return %15 : tensor<3xf32>
    }
    return %16 : tensor<3xf32>
  }
}
