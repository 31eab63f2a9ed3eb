/** Data sets, batches, and files in and out. */
export { exampleCount, take, toArrays } from './columns.ts';
export type { Column, DataArray, Dataset, DeviceColumns } from './columns.ts';
export { batchCount, batches, checkBatchSize } from './dataset.ts';
export type { Batch, Batching, BatchOptions } from './dataset.ts';
export { DatasetError, FileError, IdxError, SafetensorsError } from './errors.ts';
export { saveBytes, saveText, writeBytes } from './files.ts';
export { parseIdx, parseIdxAs } from './idx.ts';
export type { IdxArray, IdxArrays, IdxExpectation, IdxType } from './idx.ts';
export { loadMnist, mnist } from './mnist.ts';
export type { ImageSource, ImageSplits, LabelledImages } from './mnist.ts';
export { fromArrays } from './pipeline.ts';
export type { Batches, Examples } from './pipeline.ts';
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
export type { Item, Position } from './stages.ts';
