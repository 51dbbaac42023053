// The types of build.mjs, which runs before tsx and TypeScript are installed.

/** Bundles the functions and the command line into dist/ and prints their sizes. */
export function build(): Promise<void>;

/** Builds them into a folder that need not be there. Returns a line on the size of each. */
export function buildInto(folder: string): Promise<string[]>;

/** Whether dist/ is what the sources would give. */
export function isBuilt(): boolean;
