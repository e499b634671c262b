// `npm run build`: writes dist/main.mjs, the file that the Containerfile puts into the image.
import { stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { bundleOperator } from './bundle.ts';

const repository = join(import.meta.dirname, '..', '..');
const path = await bundleOperator(join(repository, 'dist'));
const { size } = await stat(path);
console.log(`${relative(process.cwd(), path)}: ${(size / 1e6).toFixed(1)} MB`);
