// Makes the words of kubelet, scheduler and API server fit for a status: the same for as long as the situation is, since each new text
// is a write, and without what only machines need. It must never invent a word.

/** Longest quotation in characters. */
const longest = 300;

/**
 * The words without what changes from one attempt to the next or belongs to nobody's eyes: ports of a single connection, uids, the
 * query of a URL (a signed one lets its reader in), the code of a remote call.
 */
export function normalize(words: string): string {
  const plain = words
    .replace(/\s+/g, ' ')
    .replace(/^\(combined from similar events\): /, '')
    .replace(/ :(?= )/g, ':')
    .replace(/rpc error: code = \w+ desc = /g, '')
    .replace(/\b(?:read|write) (?:udp|tcp)\d? \S+->\S+: /g, '')
    .replace(/\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b/g, '<uid>')
    .replace(/(\bhttps?:\/\/[^\s"?]+)\?[^\s"]*/g, '$1')
    .trim()
    .replace(/\.$/, '');
  return plain.length <= longest ? plain : `${plain.slice(0, longest - 1)}…`;
}

/** Why an image could not be pulled; kubelet says the same in two ways in turn, while it tries and while it waits. */
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
 * Why no node takes a pod, from "0/3 nodes are available: 1 Insufficient memory, 2 node(s) had untolerated taint {a: b}.
 * preemption: ...": without the numbers of nodes, which change with every node, and in one order.
 */
export function wordsOnScheduling(message: string): string {
  const why = /nodes are available: (.*?)(?:\. |\.$|$)/.exec(message.replace(/\s+/g, ' '))?.[1];
  if (why === undefined) return normalize(message);
  const parts = why.split(/, (?=\d+ )/).map((part) => part.replace(/^\d+ /, ''));
  return normalize([...new Set(parts)].sort().join(', '));
}

/** Why a Job's pod was refused; the pod has another name each time, and the use of a quota moves with others. */
export function wordsOnRefusal(message: string, job: string): string {
  return normalize(
    message
      .replace(/^(?:\(combined from similar events\): )?Error creating: /, '')
      .replaceAll(new RegExp(`"${job}-[a-z0-9]{5}"`, 'g'), `"${job}"`)
      .replace(/, used: .*?, limited: /, ', limited: '),
  );
}
