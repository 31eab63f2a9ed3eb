module @the_function {
  func.func public @main(%arg0: tensor<3xf64>) -> tensor<3xf64> {
    %0 = func.call @erf(%arg0) : (tensor<3xf64>) -> tensor<3xf64>
    %1 = stablehlo.slice %arg0 [0:2] : (tensor<3xf64>) -> tensor<2xf64>
    %2 = stablehlo.slice %arg0 [1:3] : (tensor<3xf64>) -> tensor<2xf64>
    %3 = stablehlo.slice %arg0 [0:1] : (tensor<3xf64>) -> tensor<1xf64>
    %4 = stablehlo.add %1, %2 : tensor<2xf64>
    %5 = stablehlo.concatenate %3, %4, dim = 0 : (tensor<1xf64>, tensor<2xf64>) -> tensor<3xf64>
    %6 = stablehlo.slice %5 [0:1] : (tensor<3xf64>) -> tensor<1xf64>
    %7 = stablehlo.slice %5 [2:3] : (tensor<3xf64>) -> tensor<1xf64>
    %8 = stablehlo.slice %5 [0:2] : (tensor<3xf64>) -> tensor<2xf64>
    %9 = stablehlo.add %6, %7 : tensor<1xf64>
    %10 = stablehlo.concatenate %8, %9, dim = 0 : (tensor<2xf64>, tensor<1xf64>) -> tensor<3xf64>
    %11 = stablehlo.add %0, %10 : tensor<3xf64>
    return %11 : tensor<3xf64>
  }
  func.func private @erf(%arg0: tensor<3xf64>) -> tensor<3xf64> {
    %0 = stablehlo.abs %arg0 : tensor<3xf64>
    %1 = stablehlo.constant dense<6.0> : tensor<3xf64>
    %2 = stablehlo.minimum %0, %1 : tensor<3xf64>
    %3 = stablehlo.constant dense<3.0> : tensor<3xf64>
    %4 = stablehlo.minimum %2, %3 : tensor<3xf64>
    %5 = stablehlo.multiply %4, %4 : tensor<3xf64>
    %6 = stablehlo.constant dense<2.0> : tensor<3xf64>
    %7 = stablehlo.multiply %5, %6 : tensor<3xf64>
    %8 = stablehlo.constant dense<0> : tensor<i32>
    %23:3 = stablehlo.while(%9 = %8, %10 = %4, %11 = %4) : tensor<i32>, tensor<3xf64>, tensor<3xf64>
    cond {
      %12 = stablehlo.constant dense<75> : tensor<i32>
      %13 = stablehlo.compare LT, %9, %12, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %13 : tensor<i1>
    } do {
      %14 = stablehlo.convert %9 : (tensor<i32>) -> tensor<f64>
      %15 = stablehlo.broadcast_in_dim %14, dims = [] : (tensor<f64>) -> tensor<3xf64>
      %16 = stablehlo.multiply %15, %6 : tensor<3xf64>
      %17 = stablehlo.add %16, %3 : tensor<3xf64>
      %18 = stablehlo.multiply %10, %7 : tensor<3xf64>
      %19 = stablehlo.divide %18, %17 : tensor<3xf64>
      %20 = stablehlo.add %11, %19 : tensor<3xf64>
      %21 = stablehlo.constant dense<1> : tensor<i32>
      %22 = stablehlo.add %9, %21 : tensor<i32>
      stablehlo.return %22, %19, %20 : tensor<i32>, tensor<3xf64>, tensor<3xf64>
    }
    %24 = stablehlo.multiply %2, %2 : tensor<3xf64>
    %25 = stablehlo.negate %24 : tensor<3xf64>
    %26 = stablehlo.exponential %25 : tensor<3xf64>
    %27 = stablehlo.constant dense<1.7724538509055159> : tensor<3xf64>
    %28 = stablehlo.divide %26, %27 : tensor<3xf64>
    %29 = stablehlo.multiply %23#2, %28 : tensor<3xf64>
    %30 = stablehlo.multiply %29, %6 : tensor<3xf64>
    %31 = stablehlo.constant dense<0.0> : tensor<3xf64>
    %46:2 = stablehlo.while(%32 = %8, %33 = %31) : tensor<i32>, tensor<3xf64>
    cond {
      %34 = stablehlo.constant dense<60> : tensor<i32>
      %35 = stablehlo.compare LT, %32, %34, SIGNED : (tensor<i32>, tensor<i32>) -> tensor<i1>
      stablehlo.return %35 : tensor<i1>
    } do {
      %36 = stablehlo.constant dense<60.0> : tensor<3xf64>
      %37 = stablehlo.convert %32 : (tensor<i32>) -> tensor<f64>
      %38 = stablehlo.broadcast_in_dim %37, dims = [] : (tensor<f64>) -> tensor<3xf64>
      %39 = stablehlo.subtract %36, %38 : tensor<3xf64>
      %40 = stablehlo.constant dense<0.5> : tensor<3xf64>
      %41 = stablehlo.multiply %39, %40 : tensor<3xf64>
      %42 = stablehlo.add %2, %33 : tensor<3xf64>
      %43 = stablehlo.divide %41, %42 : tensor<3xf64>
      %44 = stablehlo.constant dense<1> : tensor<i32>
      %45 = stablehlo.add %32, %44 : tensor<i32>
      stablehlo.return %45, %43 : tensor<i32>, tensor<3xf64>
    }
    %47 = stablehlo.constant dense<1.0> : tensor<3xf64>
    %48 = stablehlo.add %2, %46#1 : tensor<3xf64>
    %49 = stablehlo.divide %28, %48 : tensor<3xf64>
    %50 = stablehlo.subtract %47, %49 : tensor<3xf64>
    %51 = stablehlo.compare LT, %2, %3, FLOAT : (tensor<3xf64>, tensor<3xf64>) -> tensor<3xi1>
    %52 = stablehlo.select %51, %30, %50 : tensor<3xi1>, tensor<3xf64>
    %53 = stablehlo.sign %arg0 : tensor<3xf64>
    %54 = stablehlo.multiply %53, %52 : tensor<3xf64>
    return %54 : tensor<3xf64>
  }
}
