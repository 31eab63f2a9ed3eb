import { PullbackError } from '../util/error.ts';

/**
 * A file or folder that could not be read or written: `file-unreadable`, `file-unwritable`, `files-unavailable` where the
 * platform has none.
 */
export class FileError extends PullbackError {}

/**
 * Bytes that are not the IDX file they should be (`idx-truncated`, `idx-magic`, `idx-type`, `idx-rank`, `idx-trailing`), or
 * an array that can't be written as one (`idx-layout`).
 */
export class IdxError extends PullbackError {}

/**
 * Bytes that are not a safetensors file, or tensors that can't be written as one: `safetensors-truncated`,
 * `safetensors-header`, `safetensors-dtype`, `safetensors-layout`, `safetensors-range`.
 */
export class SafetensorsError extends PullbackError {}

/**
 * A tree that can't be saved (`state-leaf`: it has a leaf that is no array or number), or a file that does not hold such a
 * tree as is to be loaded (`state-mismatch`).
 */
export class StateError extends PullbackError {}

/** Bytes that are not a NumPy file: `npy-truncated`, `npy-header`, `npy-dtype`, `npy-layout`, `npy-range`. */
export class NpyError extends PullbackError {}

/** Bytes that are not a zip archive that can be read: `zip-truncated`, `zip-format`, `zip-unsupported`, `zip-damaged`. */
export class ZipError extends PullbackError {}

/**
 * Text that is not the CSV file that it should be, with its line: `csv-quote`, `csv-fields`, `csv-header`, `csv-value`,
 * `csv-encoding`, `csv-delimiter`.
 */
export class CsvError extends PullbackError {}

/**
 * A data set that is missing (`dataset-missing`), whose files are damaged (`dataset-file`), whose parts do not belong together
 * (`dataset-mismatch`, `dataset-labels`), that can't be batched as asked (`batch-size`), or whose pipeline is used in a way that it can't be:
 * `pipeline-count`, `pipeline-position`, `pipeline-async`.
 */
export class DatasetError extends PullbackError {}
