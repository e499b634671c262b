// The error for problems that the user can fix: its message says what is wrong and how to fix it. It must never wrap a bug.

/** Something about the machine is missing or refused; printed as it is, without a stack. */
export class SetupError extends Error {
  override readonly name: string = 'SetupError';
}
