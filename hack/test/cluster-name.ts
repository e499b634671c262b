// The control plane that the integration tests share, for the tests and for the command that takes it down.
export const integrationCluster = 'it';
