// Which objects an addon has besides the Secret with DATABASE_URL: those that it asks for, and those that status lists. One is listed before
// it is written, so that it is found and deleted later, whatever happens in between.
import type { ExtraForm, PostgresAddon } from '../../api/addon.ts';
import type { Cluster } from '../../api/cnpg.ts';
import { reasonOf } from '../recorded.ts';

/** In the order in which status lists them. */
export const extraForms = ['read-url', 'servicebinding', 'pgvars', 'ca'] as const satisfies readonly ExtraForm[];

/** Those that status lists. */
export function listedForms({ status }: PostgresAddon): readonly ExtraForm[] {
  const listed = status?.extras ?? [];
  return extraForms.filter((one) => listed.some(({ form }) => form === one));
}

/**
 * Those that can exist: the listed ones, and before anything is published all of them, since the database can be one that another addon
 * left in service.
 */
export function extraFormsOf(addon: PostgresAddon): readonly ExtraForm[] {
  return addon.status?.credentials === undefined ? extraForms : listedForms(addon);
}

/** Those that there should be. @param instances of the plan: more than one means that there are replicas to read from */
export function askedForms(
  { spec }: PostgresAddon,
  { instances }: { readonly instances: number },
): readonly ExtraForm[] {
  const { extraSecrets = [], sslMode } = spec.connection ?? {};
  const asked: Readonly<Record<ExtraForm, boolean>> = {
    'read-url': instances > 1,
    servicebinding: extraSecrets.includes('servicebinding'),
    pgvars: extraSecrets.includes('pgvars'),
    // No client can check the certificate without it; node-postgres does so with `require` too.
    ca: sslMode === 'require' || sslMode === 'verify-full',
  };
  return extraForms.filter((form) => asked[form]);
}

/** Reasons of the condition while something that the spec asks for is yet to be done. */
const unsettled: readonly (string | undefined)[] = ['CredentialsPending', 'Suspended', 'SpecUnknown'];

/** Whether nothing is left to be done for what the spec asks for, whatever stands in the way of it. The plan does not matter. */
export function areExtrasSettled(addon: PostgresAddon): boolean {
  const asked = askedForms(addon, { instances: 1 });
  const listed = listedForms(addon).filter((form) => form !== 'read-url');
  const isDone = asked.length === 0 || !unsettled.includes(reasonOf(addon, 'ExtrasPublished'));
  return listed.join() === asked.join() && isDone;
}

/** Whether the ConfigMap with the CA is to be written, or may have to be. */
export function isAuthorityWanted(addon: PostgresAddon, profile: { readonly instances: number }): boolean {
  return [listedForms(addon), askedForms(addon, profile)].every((forms) => forms.includes('ca'));
}

/** The version of CNPG's Secret with the CA that the published one is from. */
export function publishedAuthority({ status }: PostgresAddon): string | undefined {
  return status?.extras?.find(({ form }) => form === 'ca')?.sourceVersion;
}

/**
 * Whether they have to be read: one is to be deleted, or is not known to hold the credentials, or the CA.
 * @param isUsable whether there can be replicas to lead to
 */
export function areExtrasOpen(
  addon: PostgresAddon,
  profile: { readonly instances: number },
  { status: { serverCaSecretVersion } }: Cluster,
  isUsable: boolean,
): boolean {
  const [listed, asked] = [listedForms(addon), askedForms(addon, profile)];
  const isRenewed = serverCaSecretVersion !== undefined && serverCaSecretVersion !== publishedAuthority(addon);
  if (isRenewed && asked.includes('ca')) return true;
  const isPublished = reasonOf(addon, 'ExtrasPublished') === 'Published';
  const isPending = addon.status?.credentials !== undefined && !isPublished;
  return listed.some((form) => !asked.includes(form) || (isPending && (form !== 'read-url' || isUsable)));
}
