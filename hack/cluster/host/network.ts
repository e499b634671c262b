// The link between this machine and a cluster's network namespace: a pair of virtual devices with a /30 that nothing else uses. It
// must never forward, so that nothing of a cluster reaches, or is reached from, anything but this machine.
import { createHash } from 'node:crypto';
import { execa } from 'execa';
import { z } from 'zod';
import { SetupError } from '../../toolchain/errors.ts';
import type { Identity } from '../names.ts';

export interface Subnet {
  /** Which /30 of the range. */
  readonly index: number;
  /** The name of the device on this machine; the kernel allows it once, which makes it the claim to the subnet. */
  readonly device: string;
  readonly hostAddress: string;
  readonly nodeAddress: string;
}

const range = { first: 0xac_1e_00_00, name: '172.30.0.0/16', subnets: 1 << 14 };

/** @param index 0..16383 */
export function subnetAt(index: number): Subnet {
  const base = range.first + index * 4;
  return { index, device: `pga-${index}`, hostAddress: dotted(base + 1), nodeAddress: dotted(base + 2) };
}

/** The subnets in the order in which a cluster of that name should try them: its own place first, then all others. */
export function* candidates(realName: string): Generator<Subnet> {
  const start = createHash('sha256').update(realName).digest().readUInt32BE(0);
  for (let step = 0; step < range.subnets; step++) yield subnetAt((start + step) % range.subnets);
}

/**
 * Whether a network covers any address of the subnet.
 * @param network an IPv4 address, with or without a prefix length
 */
export function overlaps(subnet: Subnet, network: string): boolean {
  const [address = '', length = '32'] = network.split('/');
  const bits = Math.min(Number(length), 30);
  const mask = bits === 0 ? 0 : (-1 << (32 - bits)) >>> 0;
  return (numeric(address) & mask) >>> 0 === (numeric(subnet.hostAddress) & mask) >>> 0;
}

/**
 * Connects a cluster's namespaces with this machine, unless they are.
 * @param pid a process in the cluster's network namespace
 * @param remembered the subnet that certificates already name
 * @throws SetupError when every subnet is in use
 */
export async function ensureNetwork(identity: Identity, pid: number, remembered?: number): Promise<Subnet> {
  const inside = ['nsenter', `--target=${pid}`, '--net', '--'] as const;
  const existing = await completeLink(inside);
  if (existing !== undefined) return existing;
  // An end without a route is what a killed command left: with it goes the other end, whether that had its alias yet or not.
  await execa('nsenter', [...inside.slice(1), 'ip', 'link', 'delete', 'eth0'], { reject: false });
  const used = await usedNetworks();
  const preferred = remembered === undefined ? [] : [subnetAt(remembered)];
  for (const subnet of [...preferred, ...candidates(identity.realName)]) {
    if (used.some((network) => overlaps(subnet, network))) continue;
    if (!(await claim(subnet, identity, pid))) continue;
    await batch(
      [...inside, 'ip'],
      [
        `addr add ${subnet.nodeAddress}/30 dev eth0`,
        'link set eth0 up',
        // Last, for its presence says that all is done.
        `route add default via ${subnet.hostAddress}`,
      ],
    );
    return subnet;
  }
  throw new SetupError(
    `Every /30 of ${range.name} is in use on this machine, or one route covers them all (see \`ip route\`): a cluster needs a free one.`,
  );
}

const routesSchema = z.array(z.object({ gateway: z.string() }));

async function completeLink(inside: readonly string[]): Promise<Subnet | undefined> {
  const routes = routesSchema.parse(await json([...inside, 'ip', '-json', '-4', 'route', 'show', 'default']));
  const gateway = routes[0]?.gateway;
  return gateway === undefined ? undefined : subnetAt((numeric(gateway) - 1 - range.first) / 4);
}

async function claim(subnet: Subnet, identity: Identity, pid: number): Promise<boolean> {
  const added = await execa(
    'ip',
    ['link', 'add', subnet.device, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', String(pid)],
    { reject: false },
  );
  if (added.failed && /File exists/.test(added.stderr)) return false;
  if (added.failed) {
    throw new SetupError(`This machine does not let a virtual network device be made: ${added.stderr}`);
  }
  await batch(
    ['ip'],
    [
      `link set ${subnet.device} alias ${identity.realName}`,
      `addr add ${subnet.hostAddress}/30 dev ${subnet.device}`,
      `link set ${subnet.device} up`,
    ],
  );
  return true;
}

const linksSchema = z.array(z.object({ ifname: z.string().optional(), ifalias: z.string().optional() }));

/** Removes this machine's end of the cluster's link, and with it the other one. @returns whether there was one */
export async function removeLinks(identity: Identity): Promise<boolean> {
  const names = await linksOf(identity);
  for (const name of names) {
    // The kernel removes it by itself a moment after the namespace's last process.
    const removed = await execa('ip', ['link', 'delete', name], { reject: false });
    if (removed.failed && (await linksOf(identity)).includes(name)) {
      throw new Error(`ip link delete ${name}: ${removed.stderr}`);
    }
  }
  return names.length > 0;
}

async function linksOf(identity: Identity): Promise<readonly string[]> {
  const found = await execa('ip', ['-json', 'link', 'show', 'type', 'veth'], { reject: false });
  // A machine without the program has no link that this harness made.
  if (found.failed) return [];
  return linksSchema
    .parse(JSON.parse(found.stdout || '[]'))
    .filter(({ ifalias }) => ifalias === identity.realName)
    .flatMap(({ ifname }) => (ifname === undefined ? [] : [ifname]));
}

const usedRoutesSchema = z.array(z.object({ dst: z.string() }));

/** Every network this machine has an address in or a route to, but for the default route. */
async function usedNetworks(): Promise<readonly string[]> {
  const routes = usedRoutesSchema.parse(await json(['ip', '-json', '-4', 'route', 'show', 'table', 'all']));
  return routes.map(({ dst }) => dst).filter((dst) => dst !== 'default');
}

async function batch(command: readonly string[], lines: readonly string[]): Promise<void> {
  const [program = '', ...args] = command;
  await execa(program, [...args, '-batch', '-'], { input: `${lines.join('\n')}\n` });
}

async function json(command: readonly string[]): Promise<unknown> {
  const [program = '', ...args] = command;
  const { stdout } = await execa(program, args);
  return JSON.parse(stdout || '[]');
}

function numeric(address: string): number {
  return address.split('.').reduce((sum, part) => sum * 256 + Number(part), 0);
}

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join('.');
}
