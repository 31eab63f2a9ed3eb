// Runs a command with a software WebGPU adapter: node scripts/with-webgpu.mjs COMMAND [ARGUMENT…]
//
// On Linux the Vulkan driver SwiftShader (and a Vulkan loader) from the development dependency @sparticuz/chromium is
// unpacked once into node_modules/.cache and shown to the command through its environment. Where VK_DRIVER_FILES is
// set already, or on another system, the command runs as it is. Its exit code is passed on.
import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { basename, delimiter, join } from 'node:path';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { brotliDecompressSync } from 'node:zlib';

const modules = fileURLToPath(new URL('../node_modules', import.meta.url));
const packageFolder = join(modules, '@sparticuz', 'chromium');

/** The folder with the unpacked driver; unpacks it when it is not there yet. */
function driverFolder() {
  const manifest = join(packageFolder, 'package.json');
  if (!existsSync(manifest)) {
    throw new Error('software WebGPU needs the development dependency @sparticuz/chromium: run `npm ci`');
  }
  const { version } = JSON.parse(readFileSync(manifest, 'utf8'));
  const cache = join(modules, '.cache', 'pullback');
  const folder = join(cache, `swiftshader-${version}`);
  if (existsSync(folder)) return folder;
  mkdirSync(cache, { recursive: true });
  // Unpacked aside and renamed: two processes may do this at once, and one may be interrupted.
  const aside = mkdtempSync(`${folder}-`);
  const archive = brotliDecompressSync(readFileSync(join(packageFolder, 'bin', 'swiftshader.tar.br')));
  for (const { name, data } of tarFiles(archive)) writeFileSync(join(aside, basename(name)), data, { mode: 0o755 });
  try {
    renameSync(aside, folder);
  } catch (error) {
    rmSync(aside, { recursive: true });
    if (!existsSync(folder)) throw error;
  }
  return folder;
}

/** The regular files of a tar archive: 512-byte headers, each followed by the data padded to 512 bytes. */
function* tarFiles(archive) {
  for (let at = 0; at + 512 <= archive.length;) {
    const text = (from, length) => archive.toString('latin1', at + from, at + from + length).replace(/\0.*$/s, '');
    const name = text(0, 100);
    if (name === '') return;
    const size = parseInt(text(124, 12), 8);
    const type = text(156, 1);
    if (type === '0' || type === '') yield { name, data: archive.subarray(at + 512, at + 512 + size) };
    at += 512 + Math.ceil(size / 512) * 512;
  }
}

function environment() {
  if (process.platform !== 'linux' || (process.env.VK_DRIVER_FILES ?? '') !== '') return process.env;
  const folder = driverFolder();
  const libraries = [folder, process.env.LD_LIBRARY_PATH ?? ''].filter((path) => path !== '').join(delimiter);
  return { ...process.env, LD_LIBRARY_PATH: libraries, VK_DRIVER_FILES: join(folder, 'vk_swiftshader_icd.json') };
}

const [command, ...args] = process.argv.slice(2);
if (command === undefined) {
  console.error('usage: node scripts/with-webgpu.mjs COMMAND [ARGUMENT…]');
  process.exit(2);
}

let env;
try {
  env = environment();
} catch (error) {
  console.error(`with-webgpu: ${error.message}`);
  process.exit(1);
}
const path = [join(modules, '.bin'), env.PATH ?? ''].join(delimiter);
const child = spawn(command, args, { stdio: 'inherit', env: { ...env, PATH: path } });
const forward = (signal) => child.kill(signal);
process.on('SIGINT', forward);
process.on('SIGTERM', forward);
child.on('error', (error) => {
  console.error(`with-webgpu: cannot run ${command}: ${error.message}`);
  process.exit(127);
});
child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 0)));
