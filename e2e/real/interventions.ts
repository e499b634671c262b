// What happens to one database from outside of it, for the remedies: a webhook that does not look at it, a way to it that is shut, and a
// node that hangs. Only the last may affect another namespace.
import { postgresImage, type Real } from './real.ts';

const webhooks = ['validatingwebhookconfiguration', 'cnpg-validating-webhook-configuration'];

interface Webhooks {
  readonly webhooks: readonly { readonly name: string }[];
}

/** Does what CloudNativePG's webhook would refuse in the namespace. */
export async function pastWebhook(real: Real, namespace: string, work: () => Promise<unknown>): Promise<void> {
  const found = JSON.parse(await real.kubectl(['get', ...webhooks, '--output', 'json'])) as Webhooks;
  const name = 'vcluster.cnpg.io';
  const path = `/webhooks/${found.webhooks.findIndex((webhook) => webhook.name === name)}`;
  const select = (matchExpressions: readonly object[]): Promise<string> => {
    const selector = { op: 'replace', path: `${path}/namespaceSelector`, value: { matchExpressions } };
    const patch = JSON.stringify([{ op: 'test', path: `${path}/name`, value: name }, selector]);
    return real.kubectl(['patch', ...webhooks, '--type=json', `--patch=${patch}`]);
  };
  await select([{ key: 'kubernetes.io/metadata.name', operator: 'NotIn', values: [namespace] }]);
  try {
    await work();
  } finally {
    await select([]);
  }
}

const router = 'router';

/** ioctl(2) of a route to one address that leads nowhere, in the network of CloudNativePG's operator: SIOCADDRT and SIOCDELRT. */
const requests = { shut: '0x890b', open: '0x890c' } as const;
/** struct rtentry, with RTF_UP, RTF_HOST and RTF_REJECT. */
const route = `
  my ($request, $address) = @ARGV;
  socket(my $socket, AF_INET, SOCK_DGRAM, 0) or die "socket: $!\\n";
  my $at = sub { pack_sockaddr_in(0, inet_aton(shift)) };
  my $entry = pack("L! a16 a16 a16 S s L! P x64", 0, $at->($address), $at->("0.0.0.0"), $at->("255.255.255.255"), 0x0205, 0, 0, undef);
  ioctl($socket, hex($request), $entry) or die "route: $!\\n";
`;
const operatorPid = `for process in /proc/[0-9]*; do [ "$(head --bytes=19 $process/cmdline 2>/dev/null | tr '\\0' ' ')" = '/manager controller' ] && echo "\${process#/proc/}"; done | head --lines=1`;

/** Has a pod that sees the processes of the node. */
export async function makeRouter(real: Real, namespace: string): Promise<void> {
  const container = {
    name: router,
    image: postgresImage,
    securityContext: { privileged: true, runAsUser: 0 },
    command: ['sleep', 'infinity'],
  };
  const spec = {
    hostPID: true,
    automountServiceAccountToken: false,
    terminationGracePeriodSeconds: 0,
    containers: [container],
  };
  const pod = { apiVersion: 'v1', kind: 'Pod', metadata: { name: router, namespace }, spec };
  await real.kubectl(['apply', '-f', '-'], JSON.stringify(pod));
  await real.kubectl(['wait', `pod/${router}`, '--namespace', namespace, '--for=condition=Ready', '--timeout=10m']);
}

/**
 * Shuts or opens the way from CloudNativePG's operator to a pod, as a NetworkPolicy would.
 * @param address of the pod
 * @throws Error if it is so already
 */
export async function setWay(
  real: Real,
  namespace: string,
  address: string,
  state: keyof typeof requests,
): Promise<void> {
  const script = `nsenter --net --target "$(${operatorPid})" perl -MSocket -e '${route}' ${requests[state]} "$0"`;
  await real.script({ namespace, pod: router }, script, address);
}

/**
 * Stops the kubelet, as if the node hung. Its containers run on.
 * @param seconds until it goes on: no command reaches a node that hangs
 */
export async function hangNode(real: Real, namespace: string, seconds: number): Promise<void> {
  await makeRouter(real, namespace);
  const kubelet = `for process in /proc/[0-9]*; do if [ "$(cat $process/comm 2>/dev/null)" = kubelet ]; then echo "\${process#/proc/}"; fi; done`;
  // The pause lets the command end while the kubelet can still say so.
  const script = `set -eu; node="$(${kubelet})"; [ -n "$node" ]; (sleep 2; kill -STOP $node; sleep ${seconds}; kill -CONT $node) >/dev/null 2>&1 </dev/null &`;
  await real.script({ namespace, pod: router }, script);
}
