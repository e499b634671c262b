// The one error that a person can act on: its message is a sentence on what is wrong and the way out. It must never wrap a defect of ours.

/** Something about the machine is missing or refused; printed as it is, without a stack. */
export class SetupError extends Error {
  override readonly name: string = 'SetupError';
}
