// The client credentials and trusted CAs, re-read from the kubeconfig's files and plugins as they rotate. It must never log or store them.
import { createHash } from 'node:crypto';
import type { RequestOptions } from 'node:https';
import { KubeConfig } from '@kubernetes/client-node';
import type { Clock } from '../api/clock.ts';
import { ApiError } from './errors.ts';

/** TLS material in the form that node:tls accepts. */
export type TlsMaterial = Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'servername' | 'rejectUnauthorized'>;

/** The result of reading the kubeconfig once. */
export interface Access {
  readonly headers: Readonly<Record<string, string>>;
  readonly tls: TlsMaterial;
  /** Equal for equal TLS material. If it changes, connections must be reopened. */
  readonly tlsDigest: string;
}

// client-node re-reads a token file only every 60 s. Together, a rotated token is in use within 90 s, long before the old one expires.
const rereadAfterMilliseconds = 30_000;
// If the API server rejects all credentials, not every request is permitted to run the exec plugin.
const renewAtMostEveryMilliseconds = 5_000;

/** Reads headers and TLS material, at most every 30 s. Concurrent callers share one read. */
export class Credentials {
  readonly #clock: Clock;
  #kubeConfig: KubeConfig;
  #access: Access | undefined;
  #readAt = Number.NEGATIVE_INFINITY;
  #renewedAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<Access> | undefined;

  constructor(kubeConfig: KubeConfig, clock: Clock) {
    this.#kubeConfig = kubeConfig;
    this.#clock = clock;
  }

  /**
   * The current access. After a failed read, the previous access stays in use.
   * @throws ApiError reason 'Credentials' if no read has ever succeeded
   */
  current(): Access | Promise<Access> {
    const fresh = this.#clock.monotonic() - this.#readAt < rereadAfterMilliseconds;
    return this.#access !== undefined && fresh ? this.#access : this.#read();
  }

  /**
   * After a 401: reads everything again, bypassing the caches of client-node. Requests that were refused together share one read.
   * @param refused the access that the API server rejected
   * @returns the access to retry with; undefined if a retry is pointless because the last renewal was too recent
   */
  async renew(refused: Access): Promise<Access | undefined> {
    if (this.#access !== undefined && this.#access !== refused) return this.#access;
    const now = this.#clock.monotonic();
    if (now - this.#renewedAt < renewAtMostEveryMilliseconds) return this.#reading;
    this.#renewedAt = now;
    this.#kubeConfig = withoutCaches(this.#kubeConfig);
    this.#reading = undefined;
    return this.#read();
  }

  #read(): Promise<Access> {
    if (this.#reading !== undefined) return this.#reading;
    const reading = readAccess(this.#kubeConfig)
      .then((access) => {
        // A renewal that was started in the meantime supersedes this read.
        if (this.#reading === reading) this.#access = access;
        return access;
      })
      .catch((error: unknown) => {
        if (this.#access !== undefined) return this.#access;
        throw new ApiError({
          code: 0,
          reason: 'Credentials',
          message: `cannot read credentials: ${error}`,
        });
      })
      .finally(() => {
        this.#readAt = this.#clock.monotonic();
        if (this.#reading === reading) this.#reading = undefined;
      });
    this.#reading = reading;
    return reading;
  }
}

async function readAccess(kubeConfig: KubeConfig): Promise<Access> {
  const options: RequestOptions = {};
  await kubeConfig.applyToHTTPSOptions(options);
  const headers: Record<string, string> = {};
  for (const [name, value] of Object.entries(options.headers ?? {})) headers[name] = String(value).trim();
  if (typeof options.auth === 'string') {
    headers.Authorization = `Basic ${Buffer.from(options.auth).toString('base64')}`;
  }
  const { ca, cert, key, servername, rejectUnauthorized } = options;
  const tls: TlsMaterial = { ca, cert, key, servername, rejectUnauthorized };
  return { headers, tls, tlsDigest: createHash('sha256').update(JSON.stringify(tls)).digest('hex') };
}

// client-node caches tokens in authenticators that belong to the instance. Only a new instance bypasses them.
function withoutCaches(kubeConfig: KubeConfig): KubeConfig {
  const copy = new KubeConfig();
  copy.loadFromOptions({
    clusters: kubeConfig.clusters,
    users: kubeConfig.users,
    contexts: kubeConfig.contexts,
    currentContext: kubeConfig.currentContext,
  });
  return copy;
}
