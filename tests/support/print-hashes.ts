import { hashProgram } from '../../src/tensor/index.ts';
import { smallTrainingStep } from './small-gpt.ts';
import { countedProduct, weightedSum } from './small-programs.ts';

// Run in a process of its own: prints the hash of each Program that the tests know.
for (const program of [weightedSum(), countedProduct(), smallTrainingStep()]) console.log(hashProgram(program));
