/** Where things lie: in the checkout, or among the compiled benches. */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';

const checkout = pathToFileURL(`${dirname(createRequire(import.meta.url).resolve('limn/package.json'))}/`);

/** A file or folder of the checkout, by its path in it. */
export const inCheckout = (path: string): string => fileURLToPath(new URL(path, checkout));

/** A script that runs in a process or a thread of its own. @param name its file in bench/workers, without the extension */
export const workerScript = (name: string): string => fileURLToPath(new URL(`../workers/${name}.js`, import.meta.url));

/** The built program. */
export const program = inCheckout('dist/apps/cli/main.js');

/** Data that is not part of the repository. */
export const sharedData = process.env.LIMN_SHARED_DATA ?? inCheckout('../shared/data');
