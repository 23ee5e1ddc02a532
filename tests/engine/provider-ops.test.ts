import { test } from 'vitest';
import { compareWithReference } from '../support/compare-engines.ts';
import { opCases } from '../support/op-cases.ts';
import { describeOnProviders } from '../support/providers.ts';

await describeOnProviders(
  'every op agrees with the reference',
  (engine) => {
    for (const [op, cases] of Object.entries(opCases)) {
      test(op, async () => {
        for (const opCase of cases) await compareWithReference(engine, opCase, 11);
      });
    }
  },
  ['wasm', 'webgpu'],
);
