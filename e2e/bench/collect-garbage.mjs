// Loaded before the operator, which runs with --expose-gc: it collects garbage when told to, so that only what is in use is measured.
process.on('SIGUSR2', () => globalThis.gc());
