import { attending } from './attention.ts';
import { combinators } from './combinators.ts';
import { conv } from './conv.ts';
import { dense } from './dense.ts';
import { embedding } from './embedding.ts';
import { norm } from './norm.ts';
import { pool } from './pool.ts';
import { recurrent } from './recurrent.ts';
import { regularization } from './regularization.ts';

/** The rows of all layers' contracts. */
export const layerRows = {
  ...dense,
  ...conv,
  ...pool,
  ...norm,
  ...regularization,
  ...combinators,
  ...recurrent,
  ...embedding,
  ...attending,
};
