/** All of WebGPU that devices.ts needs: in browsers a file of its own, fetched when it is first needed. */
import { createWebGpuDevice } from './backends/webgpu/device.ts';
import { wgslText } from './backends/webgpu/emit.ts';
import { gpuSchedule, targetFor } from './backends/webgpu/schedule.ts';
import { tuningStore } from './backends/webgpu/tuning/store.ts';
import { compile } from './compiler/compile.ts';
import type { Device } from './kernel/device.ts';
import { dtypes } from './kernel/dtype.ts';
import type { Jaxpr } from './trace/jaxpr.ts';

/** What WebGPU devices have, some of them without f16; text for a device at hand may use more. */
const anyWebGpu = targetFor(gpuSchedule, { dtypes: new Set(dtypes.filter((d) => d !== 'f64')), maxOperands: 8 });

/** A new device. `tuning` says where it keeps what it has measured: undefined in the usual place, null nowhere. */
export const startWebGpu = async (tuning: string | null | undefined): Promise<Device> =>
  createWebGpuDevice({ tuning: tuning === null ? null : await tuningStore(tuning) });

/** A program as WGSL. */
export const spellWgsl = (name: string, jaxpr: Jaxpr, donated: readonly boolean[]): string =>
  wgslText(compile(name, jaxpr, anyWebGpu, donated));
