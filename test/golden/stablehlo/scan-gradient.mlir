module @the_function {
  func.func public @main(%arg0: tensor<5x3xf32>) -> tensor<5x3xf32> {
    %0 = stablehlo.constant dense<0.0> : tensor<f32>
    %1 = stablehlo.broadcast_in_dim %0, dims = [] : (tensor<f32>) -> tensor<3xf32>
    %2 = stablehlo.constant dense<0.0> : tensor<5x3xf32>
    %3 = stablehlo.constant dense<0> : tensor<i32>
    %18:3 = stablehlo.while(%4 = %3, %5 = %1, %6 = %2) : tensor<i32>, tensor<3xf32>, tensor<5x3xf32>
    cond {
      %7 = stablehlo.constant dense<5> : tensor<i32>
      %8 = stablehlo.compare LT, %4, %7, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %8 : tensor<i1>
    } do {
      %9 = stablehlo.dynamic_slice %arg0, %4, %3, sizes = [1, 3] : (tensor<5x3xf32>, tensor<i32>, tensor<i32>) -> tensor<1x3xf32>
      %10 = stablehlo.reshape %9 : (tensor<1x3xf32>) -> tensor<3xf32>
      %11 = stablehlo.add %5, %10 : tensor<3xf32>
      %12 = stablehlo.sine %11 : tensor<3xf32>
      %13 = stablehlo.cosine %11 : tensor<3xf32>
      %14 = stablehlo.reshape %13 : (tensor<3xf32>) -> tensor<1x3xf32>
      %15 = stablehlo.dynamic_update_slice %6, %14, %4, %3 : (tensor<5x3xf32>, tensor<1x3xf32>, tensor<i32>, tensor<i32>) -> tensor<5x3xf32>
      %16 = stablehlo.constant dense<1> : tensor<i32>
      %17 = stablehlo.add %4, %16 : tensor<i32>
      stablehlo.return %17, %12, %15 : tensor<i32>, tensor<3xf32>, tensor<5x3xf32>
    }
    %19 = stablehlo.constant dense<1.0> : tensor<f32>
    %20 = stablehlo.broadcast_in_dim %19, dims = [] : (tensor<f32>) -> tensor<3xf32>
    %35:3 = stablehlo.while(%21 = %3, %22 = %20, %23 = %2) : tensor<i32>, tensor<3xf32>, tensor<5x3xf32>
    cond {
      %24 = stablehlo.constant dense<5> : tensor<i32>
      %25 = stablehlo.compare LT, %21, %24, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %25 : tensor<i1>
    } do {
      %26 = stablehlo.constant dense<4> : tensor<i32>
      %27 = stablehlo.subtract %26, %21 : tensor<i32>
      %28 = stablehlo.dynamic_slice %18#2, %27, %3, sizes = [1, 3] : (tensor<5x3xf32>, tensor<i32>, tensor<i32>) -> tensor<1x3xf32>
      %29 = stablehlo.reshape %28 : (tensor<1x3xf32>) -> tensor<3xf32>
      %30 = stablehlo.multiply %22, %29 : tensor<3xf32>
      %31 = stablehlo.reshape %30 : (tensor<3xf32>) -> tensor<1x3xf32>
      %32 = stablehlo.dynamic_update_slice %23, %31, %27, %3 : (tensor<5x3xf32>, tensor<1x3xf32>, tensor<i32>, tensor<i32>) -> tensor<5x3xf32>
      %33 = stablehlo.constant dense<1> : tensor<i32>
      %34 = stablehlo.add %21, %33 : tensor<i32>
      stablehlo.return %34, %30, %32 : tensor<i32>, tensor<3xf32>, tensor<5x3xf32>
    }
    return %35#2 : tensor<5x3xf32>
  }
}
