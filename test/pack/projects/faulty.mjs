import { jit, numpy as np } from 'pullback';
const loss = jit(function loss(x) {
  return x.add(np.ones([2]));
});
try {
  loss(np.ones([3]));
} catch (error) {
  console.log(error.message);
}
