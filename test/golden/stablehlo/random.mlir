module @the_function {
  func.func public @main(%arg0: tensor<2xui32>) -> tensor<4xf32> {
    %0 = stablehlo.constant dense<0.0> : tensor<f32>
    %1 = stablehlo.broadcast_in_dim %0, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %2 = stablehlo.constant dense<1.0> : tensor<f32>
    %3 = stablehlo.broadcast_in_dim %2, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %4 = stablehlo.slice %arg0 [0:1] : (tensor<2xui32>) -> tensor<1xui32>
    %5 = stablehlo.reshape %4 : (tensor<1xui32>) -> tensor<ui32>
    %6 = stablehlo.broadcast_in_dim %5, dims = [] : (tensor<ui32>) -> tensor<4xui32>
    %7 = stablehlo.slice %arg0 [1:2] : (tensor<2xui32>) -> tensor<1xui32>
    %8 = stablehlo.reshape %7 : (tensor<1xui32>) -> tensor<ui32>
    %9 = stablehlo.broadcast_in_dim %8, dims = [] : (tensor<ui32>) -> tensor<4xui32>
    %10 = stablehlo.constant dense<0> : tensor<ui32>
    %11 = stablehlo.broadcast_in_dim %10, dims = [] : (tensor<ui32>) -> tensor<4xui32>
    %12 = stablehlo.iota dim = 0 : tensor<4xui32>
    %13:2 = func.call @threefry2x32(%6, %9, %11, %12) : (tensor<4xui32>, tensor<4xui32>, tensor<4xui32>, tensor<4xui32>) -> (tensor<4xui32>, tensor<4xui32>)
    %14 = stablehlo.xor %13#0, %13#1 : tensor<4xui32>
    %15 = stablehlo.constant dense<9> : tensor<ui32>
    %16 = stablehlo.broadcast_in_dim %15, dims = [] : (tensor<ui32>) -> tensor<4xui32>
    %17 = stablehlo.shift_right_logical %14, %16 : tensor<4xui32>
    %18 = stablehlo.constant dense<1065353216> : tensor<ui32>
    %19 = stablehlo.broadcast_in_dim %18, dims = [] : (tensor<ui32>) -> tensor<4xui32>
    %20 = stablehlo.or %17, %19 : tensor<4xui32>
    %21 = stablehlo.bitcast_convert %20 : (tensor<4xui32>) -> tensor<4xf32>
    %22 = stablehlo.broadcast_in_dim %2, dims = [] : (tensor<f32>) -> tensor<4xf32>
    %23 = stablehlo.subtract %21, %22 : tensor<4xf32>
    %24 = stablehlo.subtract %3, %1 : tensor<4xf32>
    %25 = stablehlo.multiply %23, %24 : tensor<4xf32>
    %26 = stablehlo.add %25, %1 : tensor<4xf32>
    %27 = stablehlo.maximum %1, %26 : tensor<4xf32>
    return %27 : tensor<4xf32>
  }
  func.func private @threefry2x32(%arg0: tensor<4xui32>, %arg1: tensor<4xui32>, %arg2: tensor<4xui32>, %arg3: tensor<4xui32>) -> (tensor<4xui32>, tensor<4xui32>) {
    %0 = stablehlo.add %arg2, %arg0 : tensor<4xui32>
    %1 = stablehlo.add %arg3, %arg1 : tensor<4xui32>
    %2 = stablehlo.add %0, %1 : tensor<4xui32>
    %3 = stablehlo.constant dense<13> : tensor<4xui32>
    %4 = stablehlo.shift_left %1, %3 : tensor<4xui32>
    %5 = stablehlo.constant dense<19> : tensor<4xui32>
    %6 = stablehlo.shift_right_logical %1, %5 : tensor<4xui32>
    %7 = stablehlo.or %4, %6 : tensor<4xui32>
    %8 = stablehlo.xor %7, %2 : tensor<4xui32>
    %9 = stablehlo.add %2, %8 : tensor<4xui32>
    %10 = stablehlo.constant dense<15> : tensor<4xui32>
    %11 = stablehlo.shift_left %8, %10 : tensor<4xui32>
    %12 = stablehlo.constant dense<17> : tensor<4xui32>
    %13 = stablehlo.shift_right_logical %8, %12 : tensor<4xui32>
    %14 = stablehlo.or %11, %13 : tensor<4xui32>
    %15 = stablehlo.xor %14, %9 : tensor<4xui32>
    %16 = stablehlo.add %9, %15 : tensor<4xui32>
    %17 = stablehlo.constant dense<26> : tensor<4xui32>
    %18 = stablehlo.shift_left %15, %17 : tensor<4xui32>
    %19 = stablehlo.constant dense<6> : tensor<4xui32>
    %20 = stablehlo.shift_right_logical %15, %19 : tensor<4xui32>
    %21 = stablehlo.or %18, %20 : tensor<4xui32>
    %22 = stablehlo.xor %21, %16 : tensor<4xui32>
    %23 = stablehlo.add %16, %22 : tensor<4xui32>
    %24 = stablehlo.add %23, %arg1 : tensor<4xui32>
    %25 = stablehlo.shift_left %22, %19 : tensor<4xui32>
    %26 = stablehlo.shift_right_logical %22, %17 : tensor<4xui32>
    %27 = stablehlo.or %25, %26 : tensor<4xui32>
    %28 = stablehlo.xor %27, %23 : tensor<4xui32>
    %29 = stablehlo.xor %arg0, %arg1 : tensor<4xui32>
    %30 = stablehlo.constant dense<466688986> : tensor<4xui32>
    %31 = stablehlo.xor %29, %30 : tensor<4xui32>
    %32 = stablehlo.add %28, %31 : tensor<4xui32>
    %33 = stablehlo.constant dense<1> : tensor<4xui32>
    %34 = stablehlo.add %32, %33 : tensor<4xui32>
    %35 = stablehlo.add %24, %34 : tensor<4xui32>
    %36 = stablehlo.shift_left %34, %12 : tensor<4xui32>
    %37 = stablehlo.shift_right_logical %34, %10 : tensor<4xui32>
    %38 = stablehlo.or %36, %37 : tensor<4xui32>
    %39 = stablehlo.xor %38, %35 : tensor<4xui32>
    %40 = stablehlo.add %35, %39 : tensor<4xui32>
    %41 = stablehlo.constant dense<29> : tensor<4xui32>
    %42 = stablehlo.shift_left %39, %41 : tensor<4xui32>
    %43 = stablehlo.constant dense<3> : tensor<4xui32>
    %44 = stablehlo.shift_right_logical %39, %43 : tensor<4xui32>
    %45 = stablehlo.or %42, %44 : tensor<4xui32>
    %46 = stablehlo.xor %45, %40 : tensor<4xui32>
    %47 = stablehlo.add %40, %46 : tensor<4xui32>
    %48 = stablehlo.constant dense<16> : tensor<4xui32>
    %49 = stablehlo.shift_left %46, %48 : tensor<4xui32>
    %50 = stablehlo.shift_right_logical %46, %48 : tensor<4xui32>
    %51 = stablehlo.or %49, %50 : tensor<4xui32>
    %52 = stablehlo.xor %51, %47 : tensor<4xui32>
    %53 = stablehlo.add %47, %52 : tensor<4xui32>
    %54 = stablehlo.add %53, %31 : tensor<4xui32>
    %55 = stablehlo.constant dense<24> : tensor<4xui32>
    %56 = stablehlo.shift_left %52, %55 : tensor<4xui32>
    %57 = stablehlo.constant dense<8> : tensor<4xui32>
    %58 = stablehlo.shift_right_logical %52, %57 : tensor<4xui32>
    %59 = stablehlo.or %56, %58 : tensor<4xui32>
    %60 = stablehlo.xor %59, %53 : tensor<4xui32>
    %61 = stablehlo.add %60, %arg0 : tensor<4xui32>
    %62 = stablehlo.constant dense<2> : tensor<4xui32>
    %63 = stablehlo.add %61, %62 : tensor<4xui32>
    %64 = stablehlo.add %54, %63 : tensor<4xui32>
    %65 = stablehlo.shift_left %63, %3 : tensor<4xui32>
    %66 = stablehlo.shift_right_logical %63, %5 : tensor<4xui32>
    %67 = stablehlo.or %65, %66 : tensor<4xui32>
    %68 = stablehlo.xor %67, %64 : tensor<4xui32>
    %69 = stablehlo.add %64, %68 : tensor<4xui32>
    %70 = stablehlo.shift_left %68, %10 : tensor<4xui32>
    %71 = stablehlo.shift_right_logical %68, %12 : tensor<4xui32>
    %72 = stablehlo.or %70, %71 : tensor<4xui32>
    %73 = stablehlo.xor %72, %69 : tensor<4xui32>
    %74 = stablehlo.add %69, %73 : tensor<4xui32>
    %75 = stablehlo.shift_left %73, %17 : tensor<4xui32>
    %76 = stablehlo.shift_right_logical %73, %19 : tensor<4xui32>
    %77 = stablehlo.or %75, %76 : tensor<4xui32>
    %78 = stablehlo.xor %77, %74 : tensor<4xui32>
    %79 = stablehlo.add %74, %78 : tensor<4xui32>
    %80 = stablehlo.add %79, %arg0 : tensor<4xui32>
    %81 = stablehlo.shift_left %78, %19 : tensor<4xui32>
    %82 = stablehlo.shift_right_logical %78, %17 : tensor<4xui32>
    %83 = stablehlo.or %81, %82 : tensor<4xui32>
    %84 = stablehlo.xor %83, %79 : tensor<4xui32>
    %85 = stablehlo.add %84, %arg1 : tensor<4xui32>
    %86 = stablehlo.add %85, %43 : tensor<4xui32>
    %87 = stablehlo.add %80, %86 : tensor<4xui32>
    %88 = stablehlo.shift_left %86, %12 : tensor<4xui32>
    %89 = stablehlo.shift_right_logical %86, %10 : tensor<4xui32>
    %90 = stablehlo.or %88, %89 : tensor<4xui32>
    %91 = stablehlo.xor %90, %87 : tensor<4xui32>
    %92 = stablehlo.add %87, %91 : tensor<4xui32>
    %93 = stablehlo.shift_left %91, %41 : tensor<4xui32>
    %94 = stablehlo.shift_right_logical %91, %43 : tensor<4xui32>
    %95 = stablehlo.or %93, %94 : tensor<4xui32>
    %96 = stablehlo.xor %95, %92 : tensor<4xui32>
    %97 = stablehlo.add %92, %96 : tensor<4xui32>
    %98 = stablehlo.shift_left %96, %48 : tensor<4xui32>
    %99 = stablehlo.shift_right_logical %96, %48 : tensor<4xui32>
    %100 = stablehlo.or %98, %99 : tensor<4xui32>
    %101 = stablehlo.xor %100, %97 : tensor<4xui32>
    %102 = stablehlo.add %97, %101 : tensor<4xui32>
    %103 = stablehlo.add %102, %arg1 : tensor<4xui32>
    %104 = stablehlo.shift_left %101, %55 : tensor<4xui32>
    %105 = stablehlo.shift_right_logical %101, %57 : tensor<4xui32>
    %106 = stablehlo.or %104, %105 : tensor<4xui32>
    %107 = stablehlo.xor %106, %102 : tensor<4xui32>
    %108 = stablehlo.add %107, %31 : tensor<4xui32>
    %109 = stablehlo.constant dense<4> : tensor<4xui32>
    %110 = stablehlo.add %108, %109 : tensor<4xui32>
    %111 = stablehlo.add %103, %110 : tensor<4xui32>
    %112 = stablehlo.shift_left %110, %3 : tensor<4xui32>
    %113 = stablehlo.shift_right_logical %110, %5 : tensor<4xui32>
    %114 = stablehlo.or %112, %113 : tensor<4xui32>
    %115 = stablehlo.xor %114, %111 : tensor<4xui32>
    %116 = stablehlo.add %111, %115 : tensor<4xui32>
    %117 = stablehlo.shift_left %115, %10 : tensor<4xui32>
    %118 = stablehlo.shift_right_logical %115, %12 : tensor<4xui32>
    %119 = stablehlo.or %117, %118 : tensor<4xui32>
    %120 = stablehlo.xor %119, %116 : tensor<4xui32>
    %121 = stablehlo.add %116, %120 : tensor<4xui32>
    %122 = stablehlo.shift_left %120, %17 : tensor<4xui32>
    %123 = stablehlo.shift_right_logical %120, %19 : tensor<4xui32>
    %124 = stablehlo.or %122, %123 : tensor<4xui32>
    %125 = stablehlo.xor %124, %121 : tensor<4xui32>
    %126 = stablehlo.add %121, %125 : tensor<4xui32>
    %127 = stablehlo.add %126, %31 : tensor<4xui32>
    %128 = stablehlo.shift_left %125, %19 : tensor<4xui32>
    %129 = stablehlo.shift_right_logical %125, %17 : tensor<4xui32>
    %130 = stablehlo.or %128, %129 : tensor<4xui32>
    %131 = stablehlo.xor %130, %126 : tensor<4xui32>
    %132 = stablehlo.add %131, %arg0 : tensor<4xui32>
    %133 = stablehlo.constant dense<5> : tensor<4xui32>
    %134 = stablehlo.add %132, %133 : tensor<4xui32>
    return %127, %134 : tensor<4xui32>, tensor<4xui32>
  }
}
