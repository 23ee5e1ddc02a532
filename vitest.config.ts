import { defineConfig } from 'vitest/config';
import { softwareVulkanEnvironment } from './tests/support/software-vulkan.ts';

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
          include: ['tests/*.test.ts', 'tests/{bench,browser,cli,engine,evaluation,golden,model,optimizer,recipe,tensor,training}/**/*.test.ts'],
          // ONNX Runtime uses all cores by itself; test files side by side would only fight over them.
          fileParallelism: false,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: {
          name: 'data',
          include: ['tests/{core,data,page,tokenizer}/**/*.test.ts'],
          maxWorkers: 2,
          sequence: { groupOrder: 1 },
        },
      },
    ],
  },
});
