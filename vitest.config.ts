import { defineConfig } from 'vitest/config';
import { softwareVulkanEnvironment } from './tests/support/software-vulkan.ts';

export default defineConfig({
  test: {
    include: ['tests/**/*.test.ts'],
    // Processes, not threads: native code reads the environment that its process was started with.
    pool: 'forks',
    env: softwareVulkanEnvironment(),
    globalSetup: 'tests/support/build.ts',
    // ONNX Runtime uses all cores by itself; test files side by side would only fight over them.
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
