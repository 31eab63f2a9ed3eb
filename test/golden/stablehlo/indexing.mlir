module @f {
  func.func public @main(%arg0: tensor<5x2xf32>, %arg1: tensor<3xi32>) -> tensor<5x2xf32> {
    %0 = stablehlo.constant dense<0> : tensor<i32>
    %1 = stablehlo.broadcast_in_dim %0, dims = [] : (tensor<i32>) -> tensor<3xi32>
    %2 = stablehlo.compare LT, %arg1, %1, SIGNED : (tensor<3xi32>, tensor<3xi32>) -> tensor<3xi1>
    %3 = stablehlo.constant dense<5> : tensor<i32>
    %4 = stablehlo.broadcast_in_dim %3, dims = [] : (tensor<i32>) -> tensor<3xi32>
    %5 = stablehlo.add %arg1, %4 : tensor<3xi32>
    %6 = stablehlo.select %2, %5, %arg1 : tensor<3xi1>, tensor<3xi32>
    %7 = stablehlo.reshape %6 : (tensor<3xi32>) -> tensor<3x1xi32>
    %8 = "stablehlo.gather"(%arg0, %7) <{dimension_numbers = #stablehlo.gather<offset_dims = [1], collapsed_slice_dims = [0], operand_batching_dims = [], start_indices_batching_dims = [], start_index_map = [0], index_vector_dim = 1>, slice_sizes = array<i64: 1, 2>}> : (tensor<5x2xf32>, tensor<3x1xi32>) -> tensor<3x2xf32>
    %9 = stablehlo.constant dense<[4]> : tensor<1xi32>
    %10 = stablehlo.broadcast_in_dim %9, dims = [1] : (tensor<1xi32>) -> tensor<3x1xi32>
    %11 = stablehlo.compare LE, %7, %10, SIGNED : (tensor<3x1xi32>, tensor<3x1xi32>) -> tensor<3x1xi1>
    %12 = stablehlo.constant dense<0> : tensor<3x1xi32>
    %13 = stablehlo.compare GE, %7, %12, SIGNED : (tensor<3x1xi32>, tensor<3x1xi32>) -> tensor<3x1xi1>
    %14 = stablehlo.and %11, %13 : tensor<3x1xi1>
    %15 = stablehlo.constant dense<true> : tensor<i1>
    %16 = stablehlo.reduce(%14 init: %15) applies stablehlo.and across dimensions = [1] : (tensor<3x1xi1>, tensor<i1>) -> tensor<3xi1>
    %17 = stablehlo.broadcast_in_dim %16, dims = [0] : (tensor<3xi1>) -> tensor<3x2xi1>
    %18 = stablehlo.constant dense<0.0> : tensor<3x2xf32>
    %19 = stablehlo.select %17, %8, %18 : tensor<3x2xi1>, tensor<3x2xf32>
    %20 = stablehlo.reshape %7 : (tensor<3x1xi32>) -> tensor<3xi32>
    %21 = stablehlo.constant dense<4> : tensor<i32>
    %22 = stablehlo.broadcast_in_dim %21, dims = [] : (tensor<i32>) -> tensor<3xi32>
    %23 = stablehlo.compare LE, %20, %22, SIGNED : (tensor<3xi32>, tensor<3xi32>) -> tensor<3xi1>
    %24 = stablehlo.broadcast_in_dim %0, dims = [] : (tensor<i32>) -> tensor<3xi32>
    %25 = stablehlo.compare GE, %20, %24, SIGNED : (tensor<3xi32>, tensor<3xi32>) -> tensor<3xi1>
    %26 = stablehlo.and %25, %23 : tensor<3xi1>
    %27 = stablehlo.broadcast_in_dim %15, dims = [] : (tensor<i1>) -> tensor<3xi1>
    %28 = stablehlo.and %27, %26 : tensor<3xi1>
    %29 = stablehlo.broadcast_in_dim %28, dims = [0] : (tensor<3xi1>) -> tensor<3x2xi1>
    %30 = stablehlo.constant dense<0x7FC00000> : tensor<f32>
    %31 = stablehlo.broadcast_in_dim %30, dims = [] : (tensor<f32>) -> tensor<3x2xf32>
    %32 = stablehlo.select %29, %19, %31 : tensor<3x2xi1>, tensor<3x2xf32>
    %33 = stablehlo.broadcast_in_dim %0, dims = [] : (tensor<i32>) -> tensor<3xi32>
    %34 = stablehlo.compare LT, %arg1, %33, SIGNED : (tensor<3xi32>, tensor<3xi32>) -> tensor<3xi1>
    %35 = stablehlo.broadcast_in_dim %3, dims = [] : (tensor<i32>) -> tensor<3xi32>
    %36 = stablehlo.add %arg1, %35 : tensor<3xi32>
    %37 = stablehlo.select %34, %36, %arg1 : tensor<3xi1>, tensor<3xi32>
    %38 = stablehlo.reshape %37 : (tensor<3xi32>) -> tensor<3x1xi32>
    %42 = "stablehlo.scatter"(%arg0, %38, %32) <{scatter_dimension_numbers = #stablehlo.scatter<update_window_dims = [1], inserted_window_dims = [0], input_batching_dims = [], scatter_indices_batching_dims = [], scatter_dims_to_operand_dims = [0], index_vector_dim = 1>, unique_indices = false}> ({
    ^bb0(%39: tensor<f32>, %40: tensor<f32>):
      %41 = stablehlo.add %39, %40 : tensor<f32>
      stablehlo.return %41 : tensor<f32>
    }) : (tensor<5x2xf32>, tensor<3x1xi32>, tensor<3x2xf32>) -> tensor<5x2xf32>
    return %42 : tensor<5x2xf32>
  }
}
