// The shell: @dot-i/k8s-operator gives the life cycle (start, init, logger). Everything of it that would talk to the API server is
// overridden, because its watches exit the process on a reset connection and its patches report failures as success.
import operatorPackage from '@dot-i/k8s-operator';
import type { Log } from './runtime/log.ts';

/** Ends what was launched; resolves when everything has ended. */
export type Stop = () => Promise<void>;

export class AddonOperator extends operatorPackage.default {
  readonly #launch: () => Promise<Stop>;
  #stop: Stop | undefined;

  /** @param launch starts all parts; called once, by start(), which throws what it throws */
  constructor(log: Log, launch: () => Promise<Stop>) {
    super(log);
    this.#launch = launch;
  }

  protected override async init(): Promise<void> {
    this.#stop = await this.#launch();
  }

  /** Resolves when everything has ended; the base class' own stop() would exit the process. */
  override async stop(): Promise<void> {
    const stop = this.#stop;
    this.#stop = undefined;
    await stop?.();
  }

  protected override watchResource(): Promise<void> {
    return Promise.reject(notHere('watchResource', 'controller/caches.ts watches'));
  }
  protected override registerCustomResourceDefinition(): Promise<never> {
    return Promise.reject(notHere('registerCustomResourceDefinition', 'Helm installs the CRD'));
  }
  protected override getCustomResourceApiUri(): string {
    throw notHere('getCustomResourceApiUri', 'kube/resources.ts makes paths');
  }
  protected override setResourceStatus(): Promise<never> {
    return Promise.reject(notHere('setResourceStatus', 'controller/write-status.ts writes status'));
  }
  protected override patchResourceStatus(): Promise<never> {
    return Promise.reject(notHere('patchResourceStatus', 'controller/write-status.ts writes status'));
  }
  protected override handleResourceFinalizer(): Promise<never> {
    return Promise.reject(notHere('handleResourceFinalizer', finalizers));
  }
  protected override setResourceFinalizers(): Promise<never> {
    return Promise.reject(notHere('setResourceFinalizers', finalizers));
  }
  protected override applyAxiosKubeConfigAuth(): Promise<never> {
    return Promise.reject(notHere('applyAxiosKubeConfigAuth', 'kube/transport.ts talks to the API server'));
  }
  protected override applyGaxiosKubeConfigAuth(): Promise<never> {
    return Promise.reject(notHere('applyGaxiosKubeConfigAuth', 'kube/transport.ts talks to the API server'));
  }
}

const finalizers = 'domain/release.ts asks for the finalizer of protected addons, and controller/act.ts writes it';

function notHere(member: string, instead: string): Error {
  return new Error(`${member} of the base class is not used: ${instead}`);
}
