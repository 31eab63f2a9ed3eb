/** The path of the browser of tests. */
export function chromiumPath(): Promise<string>;
export const chromiumArgs: string[];
/** With these, SwiftShader is its GPU. */
export const softwareWebGpu: string[];
