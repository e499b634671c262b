// Connects a program to its process: configuration from the environment, signals, exit codes and unhandled rejections.
import { type Config, ConfigError, loadConfig } from './config.ts';
import { createLog, type Log } from './runtime/log.ts';
import { type Output, standardOutput } from './runtime/output.ts';

/** How long the last lines may wait for a reader when the process ends. */
const lastLinesMilliseconds = 1000;

/** A program that runs in the process. */
export interface Program {
  start(): Promise<void>;
  stop(): Promise<void>;
}

/** Logs why and ends the process with exit code 1. */
export type Die = (why: string) => never;

/**
 * Runs a program until a signal stops it. Exit codes: 0 stopped by a signal; 1 could not start, lost the lease, or has a bug; 2 invalid
 * configuration.
 * @param make creates the program; it does nothing before start()
 */
export async function runProcess(
  make: (config: Config, log: Log, die: Die, output: Pick<Output, 'droppedLines'>) => Program,
): Promise<void> {
  const config = configOrExit();
  const output = standardOutput((lines) =>
    log.warn('lines of this log were lost: they were not read in time, or could not be written', { lines }),
  );
  const log: Log = createLog({ level: config.LOG_LEVEL, destination: output });
  process.on('exit', () => output.flush(lastLinesMilliseconds));
  const die: Die = (why) => {
    log.error(why);
    process.exit(1);
  };
  process.on('unhandledRejection', (error) => {
    log.error('unhandled promise rejection (bug)', { error });
    process.exit(1);
  });
  try {
    const program = make(config, log, die, output);
    stopOnSignals(program, log, die);
    await program.start();
  } catch (error) {
    die(`could not start: ${messageOf(error)}`);
  }
}

function configOrExit(): Config {
  try {
    return loadConfig(process.env);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    console.error(error.message);
    process.exit(2);
  }
}

function stopOnSignals(program: Program, log: Log, die: Die): void {
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) return;
      stopping = true;
      log.info('stopping', { signal });
      program.stop().then(
        () => process.exit(0),
        (error: unknown) => die(`shutdown failed: ${messageOf(error)}`),
      );
    });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
