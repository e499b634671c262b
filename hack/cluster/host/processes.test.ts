import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import {
  assertRunning,
  type Component,
  ensureRunning,
  findComponent,
  findProcesses,
  kill,
  listensOn,
  names,
  programName,
  untilItWorks,
} from './processes.ts';

describe('names', () => {
  it.each([
    [['etcd', '--data-dir=/s/demo-1/etcd'], true],
    [['nsenter', '--', 'etcd', '/s/demo-1/x'], true],
    [['bash', 'machine', '/s/demo-1'], true],
    [['etcd', '--data-dir=/s/demo-12/etcd'], false],
    [['etcd'], false],
  ])('%j: %s', (argv, expected) => {
    expect(names(argv, '/s/demo-1')).toBe(expected);
  });
});

describe('programName', () => {
  it.each([
    [['/cache/etcd-1/etcd', '--x'], 'etcd'],
    [['/opt/node', '/repo/hack/cluster/expander.ts', 'k'], 'expander'],
    [[], ''],
  ])('%j runs %s', (argv, expected) => {
    expect(programName(argv)).toBe(expected);
  });
});

describe('listensOn', () => {
  const table = `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid
   0: 0100007F:094B 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 1
   1: 0100007F:D1F0 0100007F:192B 01 00000000:00000000 00:00000000 00000000     0        0 2`;

  it.each([
    [2379, true],
    [6443, false],
    [53744, false],
  ])('port %d: %s', (port, expected) => {
    expect(listensOn(table, port)).toBe(expected);
  });
});

describe('a component', () => {
  let directory = '';
  beforeEach(async () => {
    directory = await mkdtemp(join(tmpdir(), 'processes-'));
  });
  afterEach(async () => {
    await kill(await findProcesses((argv) => names(argv, directory)));
    await rm(directory, { recursive: true });
  });

  const shell = (script: string, tag: string): Component => ({
    name: 'the shell',
    argv: ['sh', '-c', script, `${directory}/${tag}`],
    log: join(directory, 'log', 'shell.log'),
  });

  // A shell that waits for a program has its own command line twice for a moment; this one stops itself.
  const stay = 'kill -STOP $$';

  it('is started once, found without a record, and ended', async () => {
    const component = shell(stay, 'a');
    const pid = await ensureRunning(component, directory);
    expect(await ensureRunning(component, directory)).toBe(pid);
    expect(await findComponent(component)).toBe(pid);
    await kill([{ pid, argv: component.argv }]);
    expect(await findComponent(component)).toBeUndefined();
    await expect(assertRunning(component)).rejects.toThrow('the shell ended while it was starting');
  });

  it('is replaced when its command line has changed', async () => {
    const old = await ensureRunning(shell(stay, 'old'), directory);
    const young = await ensureRunning(shell(stay, 'young'), directory);
    expect(young).not.toBe(old);
    expect((await findProcesses((argv) => names(argv, directory))).map(({ pid }) => pid)).toEqual([young]);
  });

  it('that ends at once is reported with its last output', async () => {
    const component = shell('echo port 1 is taken >&2; exit 3', 'x');
    // It may end before it was ever seen, or after.
    const never = async () => {
      await ensureRunning(component, directory);
      await untilItWorks(component, 'the shell', async () => false, {});
    };
    await expect(never()).rejects.toThrow(/ended while it was starting.*port 1 is taken/s);
  });

  it('that does not exist is reported by its name', async () => {
    const missing: Component = { ...shell('', ''), argv: [join(directory, 'no-such-program')] };
    await expect(ensureRunning(missing, directory)).rejects.toThrow(/the shell cannot be started: .*ENOENT/);
  });
});
