// Counts the requests to the API server from its audit log. It must never count before the log is complete.
import { randomUUID } from 'node:crypto';
import { open, stat } from 'node:fs/promises';
import type { KubeClient } from '../../hack/cluster/client.ts';
import { configMaps } from '../../hack/cluster/kinds.ts';
import { eventually } from '../../hack/cluster/wait.ts';

/** One request that was answered, or a watch that was begun. */
export interface AuditedRequest {
  readonly user: string;
  readonly userAgent: string;
  readonly verb: string;
  /** Plural, with the subresource: `clusters`, `postgresaddons/status`; the path of what is no resource. */
  readonly resource: string;
  readonly apiGroup: string;
  readonly namespace: string;
  readonly name: string;
  readonly uri: string;
  readonly code: number;
  /** Milliseconds since the epoch, with fractions: when the request came, and when it was answered. */
  readonly receivedAt: number;
  readonly answeredAt: number;
}

/** A place in the log. */
export type Mark = number;

const writingVerbs = new Set(['create', 'update', 'patch', 'delete', 'deletecollection']);

export function isWrite({ verb }: AuditedRequest): boolean {
  return writingVerbs.has(verb);
}

/** The writes of a user in a namespace that were stored, status and Events apart. One that conflicts with another's is sent again. */
export function changesBy(
  user: string,
  namespace: string,
  requests: readonly AuditedRequest[],
): readonly AuditedRequest[] {
  const isOurs = (request: AuditedRequest): boolean => request.user === user && request.namespace === namespace;
  return requests.filter(
    (request) =>
      isOurs(request) && isWrite(request) && request.code < 300 && !/status$|^events$/.test(request.resource),
  );
}

export class AuditLog {
  readonly #path: string;
  readonly #client: KubeClient;

  /** @param client of the same API server, for the marker requests */
  constructor(path: string, client: KubeClient) {
    this.#path = path;
    this.#client = client;
  }

  /** The present end of the log, behind every request that was answered by now. */
  async mark(): Promise<Mark> {
    const from = (await stat(this.#path)).size;
    await this.#catchUp(from);
    // A line that is just being written can be there in part, and belongs to what comes later.
    let end = from;
    await this.#read(from, (line) => {
      end += Buffer.byteLength(line) + 1;
    });
    return end;
  }

  /** All requests since the mark that were answered by now, in the order of their arrival. */
  async since(mark: Mark): Promise<readonly AuditedRequest[]> {
    await this.#catchUp(mark);
    const requests: AuditedRequest[] = [];
    await this.#read(mark, (line) => {
      const request = parseLine(line);
      if (request !== undefined && !request.name.startsWith(markerPrefix)) requests.push(request);
    });
    return requests.sort((a, b) => a.receivedAt - b.receivedAt);
  }

  /** A request is answered before its line is written. Two markers in turn leave no line behind that was due before them. */
  async #catchUp(from: Mark): Promise<void> {
    for (const _ of ['first', 'second']) {
      const marker = `${markerPrefix}${randomUUID()}`;
      await this.#client.get(configMaps, 'default', marker);
      await eventually('the audit log to catch up', async () => {
        let found = false;
        await this.#read(from, (line) => {
          found ||= line.includes(marker);
        });
        if (!found) throw new Error(`${marker} is not in ${this.#path}`);
      });
    }
  }

  /** Whole lines only: the last one may still be growing. */
  async #read(from: Mark, take: (line: string) => void): Promise<void> {
    const file = await open(this.#path, 'r');
    try {
      let rest = '';
      for await (const chunk of file.createReadStream({ start: from, encoding: 'utf8', autoClose: false })) {
        const lines = (rest + chunk).split('\n');
        rest = lines.pop() ?? '';
        for (const line of lines) take(line);
      }
    } finally {
      await file.close();
    }
  }
}

const markerPrefix = 'audit-marker-';

interface AuditEvent {
  readonly stage: string;
  readonly verb: string;
  readonly requestURI: string;
  readonly userAgent?: string;
  readonly user: { readonly username?: string };
  readonly objectRef?: {
    readonly resource?: string;
    readonly subresource?: string;
    readonly apiGroup?: string;
    readonly namespace?: string;
    readonly name?: string;
  };
  readonly responseStatus?: { readonly code?: number };
  readonly requestReceivedTimestamp: string;
  readonly stageTimestamp: string;
}

function parseLine(line: string): AuditedRequest | undefined {
  const event = JSON.parse(line) as AuditEvent;
  // A watch is logged twice: when it begins and when it ends.
  if (event.stage !== (event.verb === 'watch' ? 'ResponseStarted' : 'ResponseComplete')) return undefined;
  const {
    resource = event.requestURI.replace(/\?.*/, ''),
    subresource,
    apiGroup = '',
    namespace = '',
    name = '',
  } = event.objectRef ?? {};
  return {
    user: event.user.username ?? '',
    userAgent: event.userAgent ?? '',
    verb: event.verb,
    resource: subresource === undefined ? resource : `${resource}/${subresource}`,
    apiGroup,
    namespace,
    name,
    uri: event.requestURI,
    code: event.responseStatus?.code ?? 0,
    receivedAt: microseconds(event.requestReceivedTimestamp),
    answeredAt: microseconds(event.stageTimestamp),
  };
}

/** Date.parse knows milliseconds only. */
function microseconds(timestamp: string): number {
  const fraction = /\.(\d+)Z$/.exec(timestamp)?.[1] ?? '';
  return Math.floor(Date.parse(timestamp) / 1000) * 1000 + Number(`0.${fraction || '0'}`) * 1000;
}

/** The permissions that the API server checks: an apply that creates the object needs two, and every account may read the API's schemas. */
export function rightsOf({ verb, resource, code }: AuditedRequest): readonly string[] {
  if (resource.startsWith('/openapi/v3')) return [];
  const asked = `${verb} ${resource}`;
  return verb === 'patch' && code === 201 ? [asked, `create ${resource}`] : [asked];
}

/** `verb resource` -> how many, sorted: fit for a comparison that reads well when it fails. */
export function tally(requests: readonly AuditedRequest[]): Readonly<Record<string, number>> {
  const counts = new Map<string, number>();
  for (const { verb, resource } of requests)
    counts.set(`${verb} ${resource}`, (counts.get(`${verb} ${resource}`) ?? 0) + 1);
  return Object.fromEntries([...counts].sort(([a], [b]) => a.localeCompare(b)));
}
