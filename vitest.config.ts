import { defaultExclude, defineConfig } from 'vitest/config';
import { softwareVulkanEnvironment } from './tests/support/software-vulkan.ts';

/** Files that look at the memory of the whole process: what others left in it would count. */
const lookAtMemory = [
  'tests/data/readers/corpus-reader.test.ts',
  'tests/training/forecast/registration.test.ts',
  'tests/training/run/safetensors.test.ts',
];

export default defineConfig({
  test: {
    globalSetup: 'tests/support/build.ts',
    // Processes, not threads: native code reads the environment that its process was started with.
    pool: 'forks',
    env: softwareVulkanEnvironment(),
    testTimeout: 120_000,
    hookTimeout: 120_000,
    projects: [
      {
        extends: true,
        test: {
          name: 'engine',
          include: ['tests/*.test.ts', 'tests/{bench,browser,engine,golden}/**/*.test.ts', ...lookAtMemory],
          // ONNX Runtime uses all cores by itself; test files side by side would only fight over them.
          fileParallelism: false,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          // Everything whose sessions, if any, run on one thread.
          name: 'rooms',
          include: [
            'tests/{cli,core,data,evaluation,export,jax-runner,model,optimizer,page,recipe,tensor,theory,tokenizer,training}/**/*.test.ts',
          ],
          exclude: [...defaultExclude, ...lookAtMemory],
          maxWorkers: 2,
          // They share the modules of the product within a worker: loading all of them for each file takes a quarter of the time.
          isolate: false,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
