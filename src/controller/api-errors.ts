// From an API error to what happens next: the one place that knows what the server's refusals mean.
import type { Reason } from '../api/conditions.ts';
import { providerOf, resources } from '../api/resources.ts';
import { children } from '../domain/children.ts';
import type { Action } from '../domain/decision.ts';
import type { Verdict } from '../domain/verdict.ts';
import type { ApiError } from '../kube/errors.ts';

/**
 * done: the write has its effect already. stale: the deps is not as observed, look again. refused: the server will not have
 * it, and says why. unavailable: nobody knows whether it was carried out; try again later.
 */
export type Meaning =
  | { readonly kind: 'done' }
  | { readonly kind: 'stale' }
  | { readonly kind: 'unavailable' }
  | { readonly kind: 'refused'; readonly verdict: Verdict };

/** What a failed write means. The texts are the API server's own (apimachinery errors, quota and webhook admission). */
export function classify(error: ApiError, action: Action): Meaning {
  const refused = (reason: Reason): Meaning => ({
    kind: 'refused',
    verdict: { reason, message: wordsOf(error, action, reason) },
  });
  switch (error.code) {
    case 404:
      if (action.verb === 'delete') return { kind: 'done' };
      // The addon itself is gone: the watch will say so.
      if (action.child === 'addon') return { kind: 'stale' };
      return /namespaces? "/.test(error.message)
        ? refused('NamespaceTerminating')
        : refused(providerOf(children[action.child].resource)?.missing ?? 'Refused');
    case 409:
      return { kind: 'stale' };
    case 403:
      if (error.message.includes('because it is being terminated')) return refused('NamespaceTerminating');
      if (error.message.includes('exceeded quota')) return refused('QuotaExceeded');
      return / cannot \w+ resource /.test(error.message) ? refused('Forbidden') : refused('Refused');
    case 500:
      if (!error.message.includes('failed calling webhook')) return { kind: 'unavailable' };
      return refused(/failed calling webhook "[^"]*\.cnpg\.io"/.test(error.message) ? 'CNPGUnavailable' : 'Refused');
    default:
      return error.code >= 400 && error.code < 500 && error.code !== 401 && error.code !== 408 && error.code !== 429
        ? refused('Refused')
        : { kind: 'unavailable' };
  }
}

/** The server's words. Of a refused Secret only its kind: a validation or a webhook may quote what it refuses. */
function wordsOf(error: ApiError, action: Action, reason: Reason): string {
  const name = action.verb === 'delete' ? action.name : action.manifest.metadata.name;
  const resource = action.child === 'addon' ? 'addons' : children[action.child].resource;
  const mayQuote = resource === 'secrets' && reason === 'Refused';
  const words = mayQuote ? `${error.reason} (details omitted, since they could quote the Secret)` : error.message;
  return `${action.verb} ${resources[resource].gvr.kind} ${name}: ${words}`;
}
