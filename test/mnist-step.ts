import { cnn } from '../examples/models/cnn.ts';
import type { NDArray } from '../src/index.ts';
import { jit, random, tree } from '../src/index.ts';

/** The compiled training step of the MNIST network, its state as leaves, which it takes over: new leaves and the loss. */
export function mnistStep(): {
  readonly leaves: readonly NDArray[];
  readonly step: ReturnType<typeof compiled>;
} {
  const model = cnn.create({ learningRate: 1e-3, imageShape: [28, 28, 1], flags: { augment: 'none' } });
  const { leaves, treedef } = tree.flatten(model.init(random.key(0)));
  return { leaves: leaves as readonly NDArray[], step: compiled(model, treedef) };
}

const compiled = (model: ReturnType<typeof cnn.create>, structure: ReturnType<typeof tree.flatten>['treedef']) =>
  jit(
    (leaves: readonly NDArray[], images: NDArray, labels: NDArray) =>
      tree.leaves(model.step(tree.unflatten<ReturnType<typeof model.init>>(structure, leaves), { images, labels })),
    { donateArgnums: 0 },
  );
