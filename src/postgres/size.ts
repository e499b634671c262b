// How large a database is, as its owner may ask.
export const sizeQuery = 'SELECT pg_catalog.pg_database_size(pg_catalog.current_database())::text AS bytes';

/** @param row of sizeQuery; anybody may have answered it */
export function sizeIn(row: unknown): number | undefined {
  const { bytes } = (row ?? {}) as { readonly bytes?: unknown };
  return typeof bytes === 'string' && /^\d{1,15}$/.test(bytes) ? Number(bytes) : undefined;
}
