// Where the checkout is that this file belongs to.
import { join } from 'node:path';

/** Its absolute path. */
export const repositoryRoot = join(import.meta.dirname, '..', '..');
