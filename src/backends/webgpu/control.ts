import type { Shader } from './shader.ts';

/**
 * Flags that say on the device what runs. They live in one small buffer, a flag at the start of each 256 bytes, where a
 * binding may begin. Guarded shaders read theirs as a uniform, so that it takes none of the bindings for storage.
 */
export const flagBytes = 256;
const flagWords = flagBytes / 4;

const writes = 'var<storage, read_write>';
const reads = 'var<storage, read>';

/** Ends a loop whose condition does not hold, for good; otherwise counts a trip. Its second word is that count. */
export const checkShader: Shader = {
  label: 'check (does a loop go on?)',
  entry: 'check',
  key: 'check',
  wgsl: `// Does a loop go on?

@group(0) @binding(0) ${writes} progress: array<u32, ${flagWords}>; // is it running, how many trips
@group(0) @binding(1) ${reads} condition: u32;

@compute @workgroup_size(1)
fn check() {
  if (progress[0] == 0u) {
    return;
  }
  if (condition == 0u) {
    progress[0] = 0u;
  } else {
    progress[1] += 1u;
  }
}
`,
  bindings: ['storage', 'read-only-storage'],
  guarded: false,
  dispatch: [1, 1],
};

/** Raises the flag of one of several branches and lowers the others'; all of them where the branch itself does not run. */
export const chooseShader = (branches: number): Shader => ({
  label: `choose (one of ${branches} branches)`,
  entry: 'choose',
  key: `choose ${branches}`,
  wgsl: `// Which of ${branches} branches runs?

@group(0) @binding(0) ${writes} flags: array<u32, ${branches * flagWords}>;
@group(0) @binding(1) ${writes} outer: array<u32, ${flagWords}>;
@group(0) @binding(2) ${reads} chosen: i32;

@compute @workgroup_size(1)
fn choose() {
  for (var i = 0; i < ${branches}; i++) {
    flags[i * ${flagWords}] = select(0u, 1u, outer[0] != 0u && i == chosen);
  }
}
`,
  bindings: ['storage', 'storage', 'read-only-storage'],
  guarded: false,
  dispatch: [1, 1],
});
