// The name of the control plane that the integration tests share, for the tests and for the command that removes it.
export const integrationCluster = 'it';
