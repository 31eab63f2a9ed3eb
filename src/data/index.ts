/** Data sets, batches, and files in and out. */
export { batchCount, batches, checkBatchSize, exampleCount, take } from './dataset.ts';
export type { Batch, BatchOptions, Column, DataArray, Dataset } from './dataset.ts';
export { DatasetError, FileError, IdxError, SafetensorsError } from './errors.ts';
export { saveBytes, saveText, writeBytes } from './files.ts';
export { parseIdx, parseIdxAs } from './idx.ts';
export type { IdxArray, IdxArrays, IdxExpectation, IdxType } from './idx.ts';
export { loadMnist, mnist } from './mnist.ts';
export type { ImageSource, ImageSplits, LabelledImages } from './mnist.ts';
export {
  decodeSafetensors,
  encodeSafetensors,
  loadSafetensors,
  readSafetensors,
  saveSafetensors,
  writeSafetensors,
} from './safetensors.ts';
export type { HostTensor, TensorFile } from './safetensors.ts';
export { shuffledOrder } from './shuffle.ts';
