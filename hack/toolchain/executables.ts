// Finds the programs that this user is permitted to run, on PATH.
import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

/** Whether the file is there and this user may run it. */
export async function isExecutable(path: string): Promise<boolean> {
  return await access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

/** @returns the path of the program in the first folder of PATH that has it, or undefined */
export async function findOnPath(program: string): Promise<string | undefined> {
  for (const folder of (process.env.PATH ?? '').split(delimiter)) {
    const path = join(folder, program);
    if (folder !== '' && (await isExecutable(path))) return path;
  }
  return undefined;
}
