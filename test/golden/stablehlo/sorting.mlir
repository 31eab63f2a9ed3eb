module @the_function {
  func.func public @main(%arg0: tensor<2x4xf32>) -> tensor<2x4xi32> {
    %0 = stablehlo.iota dim = 1 : tensor<2x4xi32>
    %11:2 = "stablehlo.sort"(%arg0, %0) <{dimension = 1 : i64, is_stable = true}> ({
    ^bb0(%1: tensor<f32>, %2: tensor<f32>, %3: tensor<i32>, %4: tensor<i32>):
      %5 = stablehlo.compare LT, %1, %2, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
      %6 = stablehlo.compare NE, %2, %2, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
      %7 = stablehlo.compare NE, %1, %1, FLOAT : (tensor<f32>, tensor<f32>) -> tensor<i1>
      %8 = stablehlo.not %7 : tensor<i1>
      %9 = stablehlo.and %6, %8 : tensor<i1>
      %10 = stablehlo.or %5, %9 : tensor<i1>
      stablehlo.return %10 : tensor<i1>
    }) : (tensor<2x4xf32>, tensor<2x4xi32>) -> (tensor<2x4xf32>, tensor<2x4xi32>)
    return %11#1 : tensor<2x4xi32>
  }
}
