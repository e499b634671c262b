// What a Cluster notes of its ObjectStore, in an annotation: CNPG reads an ObjectStore only when the Cluster changes, so that the Cluster is
// changed with it. The note also tells whether the change restarts the instances.

/** A hash of all settings, one of the memory of the container that archives, and how often the ObjectStore was made again. */
const form = /^[0-9a-f]{8}\.([0-9a-f]{8})\.\d{1,6}$/;

/**
 * @param settings a hash of all settings
 * @param sidecar a hash of those that are the memory of the container that archives
 * @param incarnation how often the ObjectStore was made again
 * @param present the note that the Cluster has
 * @returns the note that it gets
 */
export function noteOf(settings: string, sidecar: string, incarnation: number, present: string | undefined): string {
  // That of an earlier version, which does not tell the memory: as long as nothing changes, an upgrade writes nothing.
  const short = `${settings}.${incarnation}`;
  return present === short ? short : `${settings}.${sidecar}.${incarnation}`;
}

/** The hash of the memory of the container that archives; undefined if the note does not tell it. */
export function sidecarIn(note: string | undefined): string | undefined {
  return form.exec(note ?? '')?.[1];
}

/** How often the ObjectStore had been made again; undefined if the note does not tell it. */
export function incarnationIn(note: string | undefined): number | undefined {
  const number = /\.(\d{1,6})$/.exec(note ?? '')?.[1];
  return number === undefined ? undefined : Number(number);
}
