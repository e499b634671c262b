// The shell of the operator: @dot-i/k8s-operator provides the life cycle (start, init, logger). All its members that would call the API
// server are overridden, because its watches exit the process on a connection reset and its patches report failures as success.
import operatorPackage from '@dot-i/k8s-operator';
import type { Log } from './runtime/log.ts';

/** Stops everything that was launched; resolves when it has stopped. */
export type Stop = () => Promise<void>;

export class AddonOperator extends operatorPackage.default {
  readonly #launch: () => Promise<Stop>;
  #stop: Stop | undefined;

  /** @param launch starts all parts; called once, by start(), which throws its errors */
  constructor(log: Log, launch: () => Promise<Stop>) {
    super(log);
    this.#launch = launch;
  }

  protected override async init(): Promise<void> {
    this.#stop = await this.#launch();
  }

  /** Resolves when everything has stopped. The stop() of the base class would exit the process. */
  override async stop(): Promise<void> {
    const stop = this.#stop;
    this.#stop = undefined;
    await stop?.();
  }

  protected override watchResource(): Promise<void> {
    return Promise.reject(unused('watchResource', 'controller/caches.ts does that'));
  }
  protected override registerCustomResourceDefinition(): Promise<never> {
    return Promise.reject(unused('registerCustomResourceDefinition', 'Helm installs the CRD'));
  }
  protected override getCustomResourceApiUri(): string {
    throw unused('getCustomResourceApiUri', 'kube/resources.ts builds the paths');
  }
  protected override setResourceStatus(): Promise<never> {
    return Promise.reject(unused('setResourceStatus', 'controller/write-status.ts writes status'));
  }
  protected override patchResourceStatus(): Promise<never> {
    return Promise.reject(unused('patchResourceStatus', 'controller/write-status.ts writes status'));
  }
  protected override handleResourceFinalizer(): Promise<never> {
    return Promise.reject(unused('handleResourceFinalizer', finalizers));
  }
  protected override setResourceFinalizers(): Promise<never> {
    return Promise.reject(unused('setResourceFinalizers', finalizers));
  }
  protected override applyAxiosKubeConfigAuth(): Promise<never> {
    return Promise.reject(unused('applyAxiosKubeConfigAuth', 'kube/transport.ts authenticates'));
  }
  protected override applyGaxiosKubeConfigAuth(): Promise<never> {
    return Promise.reject(unused('applyGaxiosKubeConfigAuth', 'kube/transport.ts authenticates'));
  }
}

const finalizers = 'domain/ownership/protection.ts decides on the finalizer, and controller/act.ts writes it';

function unused(member: string, instead: string): Error {
  return new Error(`${member} of the base class is not used: ${instead}`);
}
