// `null` for a value, as an empty line of a values file makes it. Helm then drops the default, which without crds.keep, for example,
// would delete every database at an uninstallation: such a null is refused. Where the default is empty, it is the same.
import { describe, expect, it } from '@jest/globals';
import { generateChartReadme } from '../hack/generate/chart-readme.ts';
import { chartDirectory, namespace, refusal, render, renderTest, type Values } from './helm.ts';

const readme = await generateChartReadme(chartDirectory);
const rows = [...readme.matchAll(/^\| `([\w.]+)` \| `(.*?)` \|/gm)].map(([, path = '', value = '']) => ({
  path,
  value,
}));

/** Values that can be absent although they have a default: without them there is none. */
const removable: Readonly<Record<string, { readonly without: string }>> = {
  'resources.requests': { without: '"requests"' },
  'resources.limits': { without: '"limits"' },
};
const isEmpty = (value: string): boolean => ['""', '[]', '{}'].includes(value);

/** With what a value has an effect on. */
const around: Readonly<Record<string, Values>> = {
  'metrics.serviceMonitor.labels': { metrics: { serviceMonitor: { enabled: true } } },
  'networkPolicy.metricsFrom': { networkPolicy: { enabled: true } },
};

/** The values with one more, at its path. */
function withValue(values: Values, path: string, value: unknown): Values {
  const [first = '', ...rest] = path.split('.');
  if (rest.length === 0) return { ...values, [first]: value };
  return { ...values, [first]: withValue((values[first] ?? {}) as Values, rest.join('.'), value) };
}

const all = async (values: Values): Promise<string> => JSON.stringify([await render(values), await renderTest(values)]);

describe('null', () => {
  it('is tried for every value', () => {
    expect(rows.length).toBeGreaterThan(30);
    expect(rows.length).toBe([...readme.matchAll(/^\| `/gm)].length);
  });

  it.each(rows.filter(({ value }) => isEmpty(value)))('for $path is the same as its default', async ({ path }) => {
    const values = around[path] ?? {};
    expect(await all(withValue(values, path, null))).toBe(await all(values));
  });

  it.each(Object.entries(removable))('for %s removes it', async (path, { without }) => {
    expect(await all({})).toContain(without);
    expect(await all(withValue({}, path, null))).not.toContain(without);
  });

  it.each(rows.filter(({ path, value }) => !isEmpty(value) && !(path in removable)))(
    'for $path is refused, with its name',
    async ({ path }) => {
      const name = path.split('.').at(-1);
      expect(await refusal(withValue({}, path, null))).toContain(`missing property '${name}'`);
    },
  );

  it('for all empty values at once, and for resources, is no mistake', async () => {
    const empty = rows.filter(({ value }) => isEmpty(value)).map(({ path }) => path);
    const values = [...empty, 'resources'].reduce<Values>((sum, path) => withValue(sum, path, null), {});
    const manifests = await render(values);
    expect(manifests.find(({ kind }) => kind === 'Deployment')?.metadata.namespace).toBe(namespace);
  });
});
