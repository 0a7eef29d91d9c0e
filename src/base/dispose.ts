// Imported first by the page, every worker and the Node entry: engines before 2025 lack the symbol that `using` needs.
const symbols = Symbol as unknown as { dispose?: symbol; asyncDispose?: symbol };
symbols.dispose ??= Symbol('Symbol.dispose');
symbols.asyncDispose ??= Symbol('Symbol.asyncDispose');

/** True when `using` finds its symbol, which importing this module sees to. */
export const hasDispose: boolean = symbols.dispose !== undefined;
