import { PullbackError } from '../util/error.ts';

/**
 * A file or folder that could not be read or written: `file-unreadable`, `file-unwritable`, `files-unavailable` where the
 * platform has none.
 */
export class FileError extends PullbackError {}

/** Bytes that are not the IDX file they should be: `idx-truncated`, `idx-magic`, `idx-type`, `idx-rank`, `idx-trailing`. */
export class IdxError extends PullbackError {}

/**
 * Bytes that are not a safetensors file, or tensors that can't be written as one: `safetensors-truncated`,
 * `safetensors-header`, `safetensors-dtype`, `safetensors-layout`.
 */
export class SafetensorsError extends PullbackError {}

/**
 * A data set that is missing (`dataset-missing`), whose parts do not belong together (`dataset-mismatch`,
 * `dataset-labels`), that can't be batched as asked (`batch-size`), or whose pipeline is used in a way that it can't be:
 * `pipeline-count`, `pipeline-position`, `pipeline-async`.
 */
export class DatasetError extends PullbackError {}
