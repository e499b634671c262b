// For properties in a run of mutants: the same inputs each time, so that a mutant is not killed by chance. Nobody reads the counterexample,
// so it is not made smaller.
import fc from 'fast-check';

fc.configureGlobal({ seed: 1, endOnFailure: true });
