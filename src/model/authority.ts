// The CA of a Cluster as the model's CNPG makes it: one of two, so that a Cluster that was recreated can have another one.
import { authoritySecretName } from '../domain/names.ts';
import { dataOf, namespace, type Stored } from './objects.ts';

/** Two certificates of test authorities, valid until 2126. */
export const testAuthorities = [
  `-----BEGIN CERTIFICATE-----
MIIBdDCCARugAwIBAgIUZhAIv75oALE0s5+llu42eXlEVcgwCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEY2EtMTAgFw0yNjExMzAxNDA5MjZaGA8yMTI2MTEwNjE0MDky
NlowDzENMAsGA1UEAwwEY2EtMTBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABCQr
xJUCi3QVmyhSq/LA/TKQDqWQT08BPcbljq0OYnBscVLKvfD7YH3JQD0RNWURKMtz
kqlJgXTqq7n0M1hUb9ijUzBRMB0GA1UdDgQWBBT1wpPugBz8HMN30qC1f8aUI3JX
vjAfBgNVHSMEGDAWgBT1wpPugBz8HMN30qC1f8aUI3JXvjAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0cAMEQCIHE+s+XTbJ7sbVQX9TRY8ScUpShpJOCTpdD4
ZlvhKJ26AiB+js/Xx/j8AGz6pniN+J6SiAFxaI46tekc4IeSpQ4X2A==
-----END CERTIFICATE-----
`,
  `-----BEGIN CERTIFICATE-----
MIIBdjCCARugAwIBAgIURDC9qcEI/rs3ZWnzXEtnlZBQoX0wCgYIKoZIzj0EAwIw
DzENMAsGA1UEAwwEY2EtMjAgFw0yNjExMzAxNDA5MjZaGA8yMTI2MTEwNjE0MDky
NlowDzENMAsGA1UEAwwEY2EtMjBZMBMGByqGSM49AgEGCCqGSM49AwEHA0IABKCZ
uiAEirfl+QaIr4MSETqxQUICuc5DUn76r/jOpMbDv940xk3eIFzUneNcj0KIGQjt
/hT6ZqvV17MnS2b9oN+jUzBRMB0GA1UdDgQWBBTVnd2IglQxUrNtQBlrlvQMQLyN
+zAfBgNVHSMEGDAWgBTVnd2IglQxUrNtQBlrlvQMQLyN+zAPBgNVHRMBAf8EBTAD
AQH/MAoGCCqGSM49BAMCA0kAMEYCIQCnPssmi9lyt8WXwf+KMFzHrS392iP1/ke7
PdjdSD4+LAIhAMabIrvvyRazWRM6saBP6ZN0I9iCBboEi+5Rijt6ERei
-----END CERTIFICATE-----
`,
] as const;

/** The CA of the Cluster with a numbered uid. */
export function authorityIn(uid: string): string {
  return testAuthorities[Number(/\d+/.exec(uid)?.[0]) % 2 === 0 ? 0 : 1];
}

/** The resourceVersion of the Secret with that CA. */
export function authorityVersion(uid: string): string {
  return `ca.${uid}`;
}

/** CNPG's Secret with the CA, which is there as soon as CNPG has taken notice of the Cluster. */
export function authorityOf(cluster: Stored | undefined): Stored | null {
  if (cluster?.status === undefined) return null;
  const { apiVersion, kind, metadata } = cluster;
  const { name, uid } = metadata;
  return {
    apiVersion: 'v1',
    kind: 'Secret',
    metadata: {
      name: authoritySecretName(name),
      namespace,
      uid: `${uid}.ca`,
      resourceVersion: authorityVersion(uid),
      ownerReferences: [{ apiVersion, kind, name, uid, controller: true }],
    },
    data: dataOf({ 'ca.crt': authorityIn(uid) }),
  };
}
