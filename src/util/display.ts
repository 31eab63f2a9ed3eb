/** How notebooks ask a value to show itself: Deno's Jupyter kernel, and with it VS Code and JupyterLab, call this method. */
export const jupyterDisplay: unique symbol = Symbol.for('Jupyter.display');

/** One value in several formats by their MIME types, of which a notebook takes the richest that it can show. */
export type MimeBundle = Readonly<Record<string, string>>;

/** A value that notebooks show richly when it is a cell's last expression, or given to `Deno.jupyter.display`. */
export interface Displayable {
  [jupyterDisplay](): Promise<MimeBundle>;
}

type Render = (value: unknown) => Promise<MimeBundle>;
let render: Render | null = null;

/** Says how values are shown richly; called once, by the index. */
export function installDisplay(how: Render): void {
  render = how;
}

/** The method {@link jupyterDisplay} of every class that has it. */
export function displayed(this: unknown): Promise<MimeBundle> {
  return render === null ? Promise.resolve({ 'text/plain': String(this) }) : render(this);
}
