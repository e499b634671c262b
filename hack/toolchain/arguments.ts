// Parses the arguments of every command: --help, options, and errors that say what is valid. It must never accept an argument that it does
// not know.
import { type ParseArgsConfig, parseArgs } from 'node:util';

/**
 * Reads the arguments of this process as node:util's parseArgs does. With --help or -h it prints the help and ends the process; with
 * something else than the configuration allows it prints both and ends the process.
 * @param help what --help prints
 * @param config options and positionals; `args` when they are not all of this process
 * @param exitCode of a refusal
 */
export function readArguments<const T extends ParseArgsConfig>(
  help: string,
  config: T,
  exitCode = 1,
): ReturnType<typeof parseArgs<T>> {
  const args = config.args ?? process.argv.slice(2);
  const end = args.indexOf('--');
  // What follows `--` is another command's.
  const own = end === -1 ? args : args.slice(0, end);
  if (own.includes('--help') || own.includes('-h')) {
    console.log(help);
    process.exit(0);
  }
  try {
    return parseArgs(config);
  } catch (error) {
    if (!isAboutArguments(error)) throw error;
    return refuse(error.message, help, exitCode);
  }
}

/** Ends the process: it was called in a way that means nothing. */
export function refuse(problem: string, help: string, exitCode = 1): never {
  console.error(`error: ${problem}\n\n${help}`);
  process.exit(exitCode);
}

/** The text as one of the choices; anything else is refused. @param option as it is written, for the refusal */
export function choiceOf<T extends string>(text: string, choices: readonly T[], option: string, help: string): T {
  const found = choices.find((choice) => choice === text);
  return found ?? refuse(`${option} '${text}' is not known. Allowed choices are ${choices.join(', ')}.`, help);
}

/** The text as a whole number above 0; anything else is refused. @param option as it is written, for the refusal */
export function positiveInteger(text: string, option: string, help: string, exitCode = 1): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  return refuse(`${option} '${text}' has to be a whole number above 0.`, help, exitCode);
}

function isAboutArguments(error: unknown): error is Error {
  return error instanceof Error && 'code' in error && String(error.code).startsWith('ERR_PARSE_ARGS_');
}
