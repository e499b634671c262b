// Normalizes messages of kubelet, the scheduler and the API server for the status: they must not change while the situation does not,
// since each new text is a status write, and internal details are removed. It must never add content.
import { cut } from '../../api/text.ts';

/** The longest quotation, in characters. */
const longest = 300;

/**
 * The message without what differs between attempts or must not be published: ports of a single connection, uids, the query of a URL
 * (a signed URL grants access), the code of a remote call.
 */
export function normalize(message: string): string {
  const plain = message
    .replace(/\s+/g, ' ')
    .replace(/^\(combined from similar events\): /, '')
    .replace(/ :(?= )/g, ':')
    .replace(/rpc error: code = \w+ desc = /g, '')
    .replace(/\b(?:read|write) (?:udp|tcp)\d? [^\s>]+>[^\s>]+: /g, '')
    .replace(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, '<uid>')
    // The query is optional, so that a URL without one is not looked through again from each "http" in it.
    .replace(/(\bhttps?:\/\/[^\s"?]*)(?:\?[^\s"]*)?/g, '$1')
    .trim()
    .replace(/\.$/, '');
  return cut(plain, longest);
}

/** Why an image could not be pulled. kubelet words it differently during an attempt and during the back-off. */
export function wordsOnImage(message: string): string {
  return normalize(
    message
      .replace(/^Back-off pulling image "[^"]*"(?:: )?/, '')
      .replace(/^(?:ErrImagePull|ImagePullBackOff|Error): /, '')
      .replace(/^Failed to pull image "[^"]*": /, '')
      .replace(/^rpc error: code = \w+ desc = /, '')
      .replace(/^failed to pull and unpack image "[^"]*": /, ''),
  );
}

/**
 * Why no node can run a pod, from "0/3 nodes are available: 1 Insufficient memory, 2 node(s) had untolerated taint {a: b}.
 * preemption: ...": sorted, and without the numbers of nodes, which change with every node.
 */
export function wordsOnScheduling(message: string): string {
  const [, list] = message.replace(/\s+/g, ' ').split('nodes are available: ');
  if (list === undefined) return normalize(message);
  const [why = ''] = list.split(/\. |\.$/);
  const parts = why.split(/, (?=\d+ )/).map((part) => part.replace(/^\d+ /, ''));
  return normalize([...new Set(parts)].sort().join(', '));
}

/** Why the pod of a Job was rejected, without the random name of the pod and the current use of a quota, which change. */
export function wordsOnRefusal(message: string, job: string): string {
  const refusal = message
    .replace(/^(?:\(combined from similar events\): )?Error creating: /, '')
    .replace(/"([^"]*)-[a-z0-9]{5}"/g, (quoted, name: string) => (name === job ? `"${job}"` : quoted));
  return normalize(withoutUse(refusal));
}

function withoutUse(refusal: string): string {
  const from = refusal.indexOf(', used: ');
  const to = refusal.indexOf(', limited: ', from);
  return from === -1 || to === -1 ? refusal : refusal.slice(0, from) + refusal.slice(to);
}
