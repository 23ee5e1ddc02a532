import { describe, test } from 'vitest';
import { onnxEngine } from '../../src/engine/index.ts';
import { compareWithReference } from '../support/compare-engines.ts';
import { opCases } from '../support/op-cases.ts';

describe('every op on onnx/cpu agrees with the reference', () => {
  for (const [op, cases] of Object.entries(opCases)) {
    test(op, async () => {
      const engine = await onnxEngine('cpu');
      for (const opCase of cases) await compareWithReference(engine, opCase, 11);
    });
  }
});
