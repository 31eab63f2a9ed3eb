/** What notebooks use of Deno, for checking their types with tsc. */
declare namespace Deno {
  const jupyter: {
    /** Shows a value now, as the last expression of a cell is shown at its end. */
    display(value: unknown, options?: { readonly raw?: boolean }): Promise<void>;
    /** HTML to be shown. */
    html(strings: TemplateStringsArray, ...values: readonly unknown[]): object;
    /** Markdown to be shown. */
    md(strings: TemplateStringsArray, ...values: readonly unknown[]): object;
  };
}
