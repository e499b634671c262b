// The path of the checkout that contains this file.
import { join } from 'node:path';

/** Its absolute path. */
export const repositoryRoot = join(import.meta.dirname, '..', '..');
