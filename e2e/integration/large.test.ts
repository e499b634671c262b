// More than fits into one response: hundreds of addons with a quarter of a megabyte of annotations each, which anybody may write who may
// write addons.
import { describe, expect, it } from '@jest/globals';
import { namespaces } from '../../hack/cluster/kinds.ts';
import { addonApiVersion, addonGvr } from '../../src/api/addon.ts';
import { useSuite } from '../harness/suite.ts';

const suite = useSuite({ withOperator: false });

const small = 130;
const large = 300;
const annotations = { 'example.org/notes': 'x'.repeat(125_000), 'addons.paas.dev/preview': 'x'.repeat(125_000) };

/** The first by name are small, so that pages in the middle of the list have to be made smaller. */
async function createAddons(namespace: string): Promise<void> {
  const names = [
    ...Array.from({ length: small }, (_, index) => [`a-${index}`, {}] as const),
    ...Array.from({ length: large }, (_, index) => [`b-${index}`, { annotations }] as const),
  ];
  const create = async (): Promise<void> => {
    for (let next = names.pop(); next !== undefined; next = names.pop()) {
      const [name, more] = next;
      const metadata = { name, namespace, ...more };
      const spec = { plan: 'free', suspend: true };
      await suite().client.create(addonGvr, { apiVersion: addonApiVersion, kind: addonGvr.kind, metadata, spec });
    }
  };
  await Promise.all(Array.from({ length: 8 }, create));
}

describe('75 MB of addons', () => {
  it('are listed in smaller pages, within the JavaScript heap that the chart allows, and each is reconciled', async () => {
    const namespace = await suite().namespace();
    await createAddons(namespace);
    // Three quarters of 256Mi, as the chart sets it.
    const environment = { NODE_OPTIONS: '--max-old-space-size=192' };
    const operator = await suite().startOperator({ user: 'operator-large', environment });
    await operator.untilReady();
    expect(await operator.said('listing fewer at once')).toMatchObject({ kind: 'PostgresAddon', level: 'warn' });
    for (const name of ['a-0', `a-${small - 1}`, 'b-0', `b-${large - 1}`])
      await suite().addons.until(namespace, name, 'a status', ({ status }) => status?.phase !== undefined, 240_000);
    const { body } = await operator.page('/metrics');
    expect(body).toContain(`postgres_addon_cache_objects{kind="addons"} ${small + large}`);
    expect(operator.exit).toBeUndefined();
    expect(await operator.stop()).toMatchObject({ code: 0 });
    await suite().client.remove(namespaces, undefined, namespace);
  });
});
