// Generates the chart's RBAC rules and the table in SECURITY.md from the table of resources, so that they always match.
import { readFile } from 'node:fs/promises';
import { type Permission, type ResourceRow, resources, verbs } from '../../src/api/resources.ts';
import { fillBetween } from './marks.ts';

type Scope = ResourceRow['scope'];
type Table = Readonly<Record<string, ResourceRow>>;

/** One rule of a role: resources of one group of which the same is allowed for the same reasons. */
interface Rule {
  readonly group: string;
  readonly scope: Scope;
  /** Plurals, each with its subresource. */
  readonly resources: readonly string[];
  readonly ownOnly: boolean;
  readonly permissions: readonly Permission[];
}

/** The templates that rbac.yaml includes, and what is to be said of each. */
const templates: Readonly<Record<Scope, readonly [name: string, comment: string]>> = {
  namespaced: ['rules', 'In the watched namespaces.'],
  cluster: ['clusterRules', 'For objects without a namespace, or in any.'],
  'own namespace': ['leaseRules', "In the operator's own namespace."],
};

const places: Readonly<Record<Scope, string>> = {
  namespaced: 'watched namespaces',
  cluster: 'whole cluster',
  'own namespace': 'its own namespace',
};

/** The text of the chart's templates/_rules.tpl. */
export function generateRules(table: Table = resources): string {
  const rules = rulesOf(table);
  const defines = (Object.keys(templates) as Scope[]).map((scope) => {
    const [name, comment] = templates[scope];
    const own = rules.filter((rule) => rule.scope === scope).map(yamlOf);
    return [`{{- /* ${comment} */}}`, `{{- define "postgres-addon-operator.${name}" -}}`, ...own, '{{- end -}}'].join(
      '\n',
    );
  });
  const banner = '{{- /* Generated from src/api/resources.ts by `npm run generate`; do not edit. */}}';
  return `${[banner, ...defines].join('\n\n')}\n`;
}

const marks = {
  begin: '<!-- begin: permissions, from src/api/resources.ts by `npm run generate` -->',
  end: '<!-- end: permissions -->',
};

/**
 * The text of SECURITY.md with a current table of permissions.
 * @throws Error when it lacks the marks; file system errors pass through
 */
export async function generateSecurityPage(path: string, table: Table = resources): Promise<string> {
  const rows = rulesOf(table).map((rule) => {
    const names = rule.resources.map((resource) => `\`${qualified(resource, rule.group)}\``).join(', ');
    const cells = [
      `${names}${rule.ownOnly ? ', its own one' : ''}`,
      places[rule.scope],
      verbsOf(rule).join(', '),
      reasonsOf(rule).join('; '),
    ];
    return `| ${cells.join(' | ')} |`;
  });
  const content = ['| resource | where | verbs | why |', '|---|---|---|---|', ...rows].join('\n');
  return fillBetween(await readFile(path, 'utf8'), marks, content, 'SECURITY.md');
}

/** The rules in the order of the table; neighbours that differ in nothing but their name share one. */
function rulesOf(table: Table): readonly Rule[] {
  const rules: Rule[] = [];
  for (const { gvr, scope, permissions } of Object.values(table)) {
    for (const own of grouped(permissions)) {
      const [{ subresource, ownOnly = false }] = own;
      const name = subresource === undefined ? gvr.plural : `${gvr.plural}/${subresource}`;
      const rule = { group: gvr.group, scope, resources: [name], ownOnly, permissions: own };
      const last = rules.at(-1);
      if (last !== undefined && isAlike(last, rule))
        rules.splice(-1, 1, { ...last, resources: [...last.resources, name] });
      else rules.push(rule);
    }
  }
  return rules;
}

type Group = readonly [Permission, ...Permission[]];

/** The permissions of one resource, those of the same subresource and names together. */
function grouped(permissions: readonly Permission[]): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const permission of permissions) {
    const key = `${permission.subresource} ${permission.ownOnly}`;
    const group = groups.get(key);
    groups.set(key, group === undefined ? [permission] : [...group, permission]);
  }
  return [...groups.values()];
}

function isAlike(a: Rule, b: Rule): boolean {
  const rest = ({ resources: _, ...others }: Rule): string => JSON.stringify(others);
  return rest(a) === rest(b);
}

function yamlOf(rule: Rule): string {
  return [
    `- apiGroups: [${rule.group || '""'}]`,
    `  resources: [${rule.resources.join(', ')}]`,
    ...(rule.ownOnly ? ['  resourceNames: [{{ include "postgres-addon-operator.fullname" . }}]'] : []),
    ...reasonsOf(rule).map((reason) => `  # ${reason}`),
    `  verbs: [${verbsOf(rule).join(', ')}]`,
  ].join('\n');
}

/** As kubectl names a resource. */
function qualified(resource: string, group: string): string {
  const [plural = '', ...subresource] = resource.split('/');
  return [group === '' ? plural : `${plural}.${group}`, ...subresource].join('/');
}

function verbsOf({ permissions }: Rule): readonly string[] {
  return verbs.filter((verb) => permissions.some((permission) => permission.verbs.includes(verb)));
}

/** Each reason, with its verbs where there are others. */
function reasonsOf({ permissions }: Rule): readonly string[] {
  if (permissions.length === 1) return permissions.map(({ why }) => why);
  return permissions.map((permission) => `${permission.verbs.join(', ')}: ${permission.why}`);
}
