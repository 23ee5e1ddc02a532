import { existsSync } from 'node:fs';

/** Where Debian's package `chromium` keeps SwiftShader, a Vulkan driver in software, and the Vulkan loader. */
const chromiumFolder = '/usr/lib/chromium';
const driver = `${chromiumFolder}/vk_swiftshader_icd.json`;

/**
 * The environment in which a process finds a Vulkan driver: the one that is there already, or Chromium's in software. It has
 * to be given at the start of the process, because the system's loader reads LD_LIBRARY_PATH only then.
 */
export function softwareVulkanEnvironment(environment: NodeJS.ProcessEnv = process.env): { [name: string]: string } {
  const isChosen = environment.VK_ICD_FILENAMES !== undefined || environment.VK_DRIVER_FILES !== undefined;
  if (process.platform !== 'linux' || isChosen || !existsSync(driver)) return {};
  return {
    VK_ICD_FILENAMES: driver,
    LD_LIBRARY_PATH: [environment.LD_LIBRARY_PATH, chromiumFolder].filter(Boolean).join(':'),
    // The loader looks for its settings there and complains if there is no such folder.
    XDG_RUNTIME_DIR: environment.XDG_RUNTIME_DIR ?? '/tmp',
  };
}
