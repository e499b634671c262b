// Classifies API errors of writes: the only place that interprets the API server's refusals.
import type { Reason } from '../api/conditions.ts';
import { providerOf, resources } from '../api/resources.ts';
import { type Action, resourceOf } from '../domain/decision.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { ApiError } from '../kube/errors.ts';

/**
 * done: the write already has its effect. stale: an object has changed since it was observed; requeue. refused: the API server rejects
 * the write and says why. unavailable: it is unknown whether the write was carried out; requeue.
 */
export type Meaning =
  | { readonly kind: 'done' }
  | { readonly kind: 'stale' }
  | { readonly kind: 'unavailable' }
  | { readonly kind: 'refused'; readonly verdict: Verdict };

/** Of the 4xx codes, those about the request and not about the write: no valid token, too slow, too many. */
const saysNothing: readonly number[] = [401, 408, 429];

/** What the API server begins its own refusals with, after the resource and the name: a policy may use the same words later. */
const wordsOfForbidden = [
  [/^[-.\w]+(?: "[^"]*")? is forbidden: unable to create new content in namespace \S+ because/, 'NamespaceTerminating'],
  [/^[-.\w]+(?: "[^"]*")? is forbidden: exceeded quota: /, 'QuotaExceeded'],
  [/^[-.\w]+(?: "[^"]*")? is forbidden: User "[^"]*" cannot \w+ resource /, 'Forbidden'],
] as const satisfies readonly (readonly [unknown, Reason])[];

/** What a failed write means. The matched texts are the API server's (apimachinery errors, quota and webhook admission). */
export function classify(error: ApiError, action: Action): Meaning {
  const refused = (reason: Reason): Meaning => ({
    kind: 'refused',
    verdict: { reason, message: messageOf(error, action, reason) },
  });
  // Whatever code and words the webhook chose: they are somebody's, and say nothing about the API server.
  if (/^admission webhook "[^"]*" denied the request/.test(error.message)) return refused('Refused');
  switch (error.code) {
    case 404:
      if (action.verb === 'delete') return { kind: 'done' };
      // The addon itself no longer exists: the watch will report that.
      if (action.child === 'addon') return { kind: 'stale' };
      return /^namespaces? "[^"]*" not found/.test(error.message)
        ? refused('NamespaceTerminating')
        : refused(providerOf(resourceOf(action.child))?.missing ?? 'Refused');
    case 409:
      // The name of a Backup stands for one request: it was created before its status could be written. A conflict can be that of a quota.
      return { kind: action.verb === 'create' && action.child === 'backup' && isOfBackup(error) ? 'done' : 'stale' };
    case 403:
      for (const [words, reason] of wordsOfForbidden) if (words.test(error.message)) return refused(reason);
      return refused('Refused');
    case 500:
      // Server-side apply to a kind whose schema does not have a field of the manifest.
      if (error.message.includes('field not declared in schema')) {
        return refused(providerOf(resourceOf(action.child))?.outdated ?? 'Refused');
      }
      if (!error.message.includes('failed calling webhook')) return { kind: 'unavailable' };
      return refused(/failed calling webhook "[^"]*\.cnpg\.io"/.test(error.message) ? 'CNPGUnavailable' : 'Refused');
    default:
      return Math.floor(error.code / 100) === 4 && !saysNothing.includes(error.code)
        ? refused('Refused')
        : { kind: 'unavailable' };
  }
}

/** Whether the API server speaks of the Backup itself: it exists, or its uid is another one than none. */
function isOfBackup({ message }: ApiError): boolean {
  return /^(?:Operation cannot be fulfilled on )?backups\.postgresql\.cnpg\.io "/.test(message);
}

/** The API server's message. For a refused Secret only the reason: a validation or a webhook may quote its content. */
function messageOf(error: ApiError, action: Action, reason: Reason): string {
  const name = action.verb === 'delete' ? action.name : action.manifest.metadata.name;
  const resource = resourceOf(action.child);
  const couldQuote = resource === 'secrets' && reason === 'Refused';
  const text = couldQuote ? `${error.reason} (details omitted, since they could quote the Secret)` : error.message;
  return `${action.verb} ${resources[resource].gvr.kind} ${name}: ${text}`;
}
