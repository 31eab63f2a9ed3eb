/** The browser of tests: the headless Chromium of @sparticuz/chromium, or the one that CHROMIUM_PATH names. */
export async function chromiumPath() {
  if (process.env.CHROMIUM_PATH !== undefined) return process.env.CHROMIUM_PATH;
  // Makes the package bring the libraries that a bare system lacks.
  process.env.AWS_LAMBDA_JS_RUNTIME ??= 'nodejs20.x';
  const { default: packaged } = await import('@sparticuz/chromium');
  return packaged.executablePath();
}

export const chromiumArgs = [
  // Chromium's sandbox refuses to start as root, which is what containers are.
  '--no-sandbox',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];

/** With these, SwiftShader is its GPU. */
export const softwareWebGpu = ['--enable-unsafe-webgpu', '--use-webgpu-adapter=swiftshader'];
