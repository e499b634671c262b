// The control planes of the integration tests, for the tests and for the command that removes them.

/**
 * How many files of integration tests run at once, each with a control plane of its own: two operators on one would reconcile each other's
 * addons. Some mostly wait: three keep two cores busy.
 */
export const integrationWorkers = 3;

/**
 * @param base the beginning of the name
 * @param worker the number of one of Jest's workers, from 1 on
 * @returns the name of the cluster for that worker
 */
export const clusterOf = (base: string, worker: number | string): string => `${base}-${worker}`;

/** The beginning of the names of the control planes that most tests share. */
export const integrationCluster = 'it';
