// Labels a request for metrics, as Kubernetes' own metrics do. It must never contain the name of an object or a namespace.
/** The parts of a request that identify its kind. */
interface RequestLine {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
}

/** Labels with a bounded number of values: safe for metrics. */
export interface RequestInfo {
  /** get, list, watch, create, update, patch, delete or deletecollection. */
  readonly verb: string;
  /** Plural with its subresource ('clusters/status'), or 'none' if it is not a resource (discovery, /version). */
  readonly resource: string;
}

/** Reads verb and resource from method, path and query, by the rules of RequestInfoFactory in k8s.io/apiserver. */
export function requestInfo(request: RequestLine): RequestInfo {
  const segments = request.path.split('/').filter((segment) => segment !== '');
  const rest = segments[0] === 'api' ? segments.slice(2) : segments[0] === 'apis' ? segments.slice(3) : [];
  const parts = rest[0] === 'namespaces' && rest.length > 2 ? rest.slice(2) : rest;
  const [plural, name, subresource] = parts;
  return {
    verb: verbOf(request, plural === undefined || name !== undefined),
    resource: plural === undefined ? 'none' : subresource === undefined ? plural : `${plural}/${subresource}`,
  };
}

function verbOf(request: RequestLine, named: boolean): string {
  switch (request.method) {
    case 'GET':
      if (named) return 'get';
      return request.query?.watch === undefined ? 'list' : 'watch';
    case 'POST':
      return 'create';
    case 'PUT':
      return 'update';
    case 'PATCH':
      return 'patch';
    case 'DELETE':
      return named ? 'delete' : 'deletecollection';
  }
}
