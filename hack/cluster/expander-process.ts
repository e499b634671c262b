// The expander as a process of this machine: on this side of a cluster's namespaces, for it needs nothing but the API.
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Component } from './host/processes.ts';

/** @param kubeconfig path below the state directory, of an administrator */
export function expander(stateDirectory: string, kubeconfig: string): Component {
  return {
    name: 'expander',
    argv: [process.execPath, join(dirname(fileURLToPath(import.meta.url)), 'expander.ts'), kubeconfig],
    log: join(stateDirectory, 'log', 'expander.log'),
  };
}
