// One entry alone: computes something with it, without the root.
const [name] = process.argv.slice(2);
const entry = await import(`pullback/${name}`);
// It has been loaded with every entry.
const { array } = await import('pullback/numpy');
const uses = {
  numpy: ({ add }) => add(array([1, 2]), 1).mul(2).sum(),
  lax: ({ exp }) => exp(0),
  random: ({ key, normal }) => normal(key(0), [3]).sum(),
  nn: ({ relu, softmax }) => softmax(relu(array([1, 2]))).add(1).sum(),
  optim: ({ globalNorm }) => globalNorm({ a: array([3, 4]) }),
  data: ({ fromTensors }) => fromTensors({ a: array(0) }, { a: { dtype: 'f32', shape: [], data: new Float32Array([1]) } }, 'here').a,
  train: async ({ init, step }) => (typeof init === 'function' && typeof step === 'function' ? 1 : NaN),
  testing: ({ assertAllclose }) => assertAllclose([1], [1]),
}; // prettier-ignore
const result = await uses[name](entry);
const value = typeof result?.item === 'function' ? await result.item() : result;
if (value !== undefined && !Number.isFinite(value)) throw new Error(`pullback/${name} gives ${value}`);
console.log('works');
