// PostgreSQL versions in the model: what images contain, and which is higher. It repeats this on purpose, so that the rules do not depend on
// the code under test.

/** The version that a Cluster asks for, as in the tag of its image. */
export function versionIn(cluster: { readonly spec?: unknown } | undefined): string | undefined {
  const { imageName } = (cluster?.spec ?? {}) as { readonly imageName?: string };
  return imageName?.split(':')[1];
}

/** Whether a version is certainly lower than another: "17" can be any of 17. */
export function isBelow(one: string, other: string): boolean {
  const [[major, minor], [otherMajor, otherMinor]] = [partsOf(one), partsOf(other)];
  if (major !== otherMajor) return Number(major) < Number(otherMajor);
  return minor !== undefined && otherMinor !== undefined && Number(minor) < Number(otherMinor);
}

/** The higher of two versions; of one major version, the one that says more. */
export function higherOf(one: string | undefined, other: string): string {
  if (one === undefined || isBelow(one, other)) return other;
  return majorOf(one) === majorOf(other) && partsOf(one)[1] === undefined ? other : one;
}

/** The major version. */
export function majorOf(version: string): string {
  return partsOf(version)[0];
}

function partsOf(version: string): readonly [major: string, minor: string | undefined] {
  const [major = '', minor] = version.split('.');
  return [major, minor];
}
