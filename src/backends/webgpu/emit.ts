import type { Program } from '../../kernel/program.ts';
import { flowOf } from './flow.ts';
import { gpuSchedule } from './schedule.ts';
import type { Shader, WgslTarget } from './shader.ts';

export type { Shader, WgslTarget } from './shader.ts';

/** The target that text is written for when no device is at hand: WebGPU's default limits, a GPU. */
export const defaultTarget: WgslTarget = { maxWorkgroupsPerDimension: 65535, schedule: gpuSchedule };

/**
 * The compute shaders of a program, each once, in the order in which they first run. Throws
 * {@link UnsupportedOnDeviceError} for f64, which WebGPU does not have.
 */
export const emitWgsl = (program: Program, target: WgslTarget = defaultTarget): readonly Shader[] =>
  flowOf(program, target).shaders;

/** The shaders of a program as text for people. */
export const wgslText = (program: Program, target: WgslTarget = defaultTarget): string =>
  emitWgsl(program, target)
    .map((s) => s.wgsl)
    .join('\n');
