/** Data sets, batches, and files in and out. */
export { exampleCount, take, toArrays } from './columns.ts';
export type { Column, DataArray, Dataset, DeviceColumns } from './columns.ts';
export { csvRecords, decodeCsv, encodeCsv, loadCsv, parseCsv, readCsv, saveCsv } from './csv.ts';
export type { CsvFormat, CsvOptions, CsvSource, CsvTable } from './csv.ts';
export type { CsvType } from './csv-columns.ts';
export type { CsvRecord } from './csv-records.ts';
export { batchCount, batches, checkBatchSize } from './dataset.ts';
export type { Batch, Batching, BatchOptions } from './dataset.ts';
export {
  CsvError,
  DatasetError,
  FileError,
  IdxError,
  NpyError,
  SafetensorsError,
  StateError,
  ZipError,
} from './errors.ts';
export { fashionClasses, fashionMnist, loadFashionMnist } from './fashion-mnist.ts';
export { saveBytes, saveText, writeBytes } from './files.ts';
export { encodeIdx, parseIdx, parseIdxAs } from './idx.ts';
export type { IdxArray, IdxArrays, IdxExpectation, IdxType } from './idx.ts';
export type { HostTensor, Tensors } from './host-tensor.ts';
export * as image from './image/index.ts';
export type { ImageSource, ImageSplits, LabelledImages } from './labelled-images.ts';
export { loadMnist, mnist } from './mnist.ts';
export { decodeNpy, encodeNpy, loadNpy, readNpy, saveNpy } from './npy.ts';
export { decodeNpz, encodeNpz, loadNpz, readNpz, saveNpz } from './npz.ts';
export type { NpzOptions } from './npz.ts';
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
export type { TensorFile } from './safetensors.ts';
export { shuffledOrder } from './shuffle.ts';
export type { Item, Position } from './stages.ts';
export { fromTensors, loadState, readState, saveState, toTensors, writeState } from './state.ts';
export type { FromTemplate } from './state.ts';
