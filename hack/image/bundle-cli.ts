// `npm run build`: writes dist/main.mjs, the file that the Containerfile puts into the image.
import { stat } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { repositoryRoot } from '../toolchain/repository.ts';
import { bundleOperator } from './bundle.ts';

const path = await bundleOperator(join(repositoryRoot, 'dist'));
const { size } = await stat(path);
console.log(`${relative(process.cwd(), path)}: ${(size / 1e6).toFixed(1)} MB`);
