import { PullbackError } from '../util/error.ts';

/** A file or folder that could not be read or written. */
export class FileError extends PullbackError {
  constructor(
    code: 'file-unreadable' | 'file-unwritable' | 'files-unavailable',
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(code, message, options);
  }
}

/** Bytes that are not the IDX file they should be. */
export class IdxError extends PullbackError {
  constructor(code: 'idx-truncated' | 'idx-magic' | 'idx-type' | 'idx-rank' | 'idx-trailing', message: string) {
    super(code, message);
  }
}

/** Bytes that are not a safetensors file, or tensors that can't be written as one. */
export class SafetensorsError extends PullbackError {
  constructor(
    code: 'safetensors-truncated' | 'safetensors-header' | 'safetensors-dtype' | 'safetensors-layout',
    message: string,
  ) {
    super(code, message);
  }
}

/** A data set that is missing, or whose parts do not belong together, or that can't be batched as asked. */
export class DatasetError extends PullbackError {
  constructor(code: 'dataset-missing' | 'dataset-mismatch' | 'dataset-labels' | 'batch-size', message: string) {
    super(code, message);
  }
}
