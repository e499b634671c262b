// An API server that has just started answers 403 and 404 until it knows its roles and its resources. Such an answer is believed once it
// lasts; until then it counts as a server that is not available. What a policy or a quota refuses is believed at once.
import type { Clock } from '../api/clock.ts';
import { ApiError } from './errors.ts';
import type { ResourceClient } from './resources.ts';

/** How long it has to last, as for the lists of the watches. Milliseconds. */
const believedAfter = 10_000;
const leastRetryAfterSeconds = 5;
/** The oldest is forgotten first: it is then believed a little later. */
const mostRequests = 10_000;

/** The requests that were refused last, and since when. One for all clients. */
export class Refusals {
  readonly #clock: Clock;
  readonly #since = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** What came of a request. @param what identifies it @throws what `request` throws, or that the server is not available */
  async judge<T>(what: string, request: () => Promise<T>): Promise<T> {
    try {
      const answer = await request();
      this.#since.delete(what);
      return answer;
    } catch (error) {
      if (!isInPassing(error)) throw error;
      const now = this.#clock.monotonic();
      const since = this.#since.get(what) ?? now;
      this.#since.set(what, since);
      const [oldest] = this.#since.keys();
      if (this.#since.size > mostRequests && oldest !== undefined) this.#since.delete(oldest);
      if (now - since >= believedAfter) throw error;
      const message = `${error.message} (believed if it is said again after ${believedAfter / 1000} s)`;
      const retryAfterSeconds = Math.max(leastRetryAfterSeconds, error.retryAfterSeconds ?? 0);
      throw new ApiError({ code: 503, reason: 'ServiceUnavailable', message, retryAfterSeconds });
    }
  }
}

/** Whether it can be the answer of a server that is not ready: a missing permission, or a resource that it does not know. */
function isInPassing(error: unknown): error is ApiError {
  if (!(error instanceof ApiError)) return false;
  return (
    error.reason === 'NotServed' || (error.code === 403 && /^[^:]{1,512} is forbidden: User "/.test(error.message))
  );
}

/**
 * The same client; the requests that something depends on are not believed in passing. Those that only explain (getBriefly, listFirst) are.
 * @param resource its plural, with the group
 */
export function believing(client: ResourceClient, resource: string, refusals: Refusals): ResourceClient {
  const of = (verb: string, namespace: string | undefined, name: string): string =>
    `${verb} ${resource} ${namespace ?? ''}/${name}`;
  const judged =
    <M extends { readonly metadata: { readonly namespace: string; readonly name: string } }, T>(
      verb: string,
      send: (manifest: M, fieldManager: string) => Promise<T>,
    ) =>
    (manifest: M, fieldManager: string): Promise<T> => {
      const { namespace, name } = manifest.metadata;
      return refusals.judge(of(verb, namespace, name), () => send(manifest, fieldManager));
    };
  return {
    ...client,
    get: (namespace, name) => refusals.judge(of('get', namespace, name), () => client.get(namespace, name)),
    create: judged('create', client.create),
    apply: judged('apply', client.apply),
    merge: judged('merge', client.merge),
    replaceStatus: judged('status', client.replaceStatus),
    delete: (namespace, name, preconditions) =>
      refusals.judge(of('delete', namespace, name), () => client.delete(namespace, name, preconditions)),
  };
}
