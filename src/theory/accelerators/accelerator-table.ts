import type { Accelerator, DeviceLink } from './accelerator.ts';

const tera = 1e12;
const gigabyte = 1e9;
const mebibyte = 2 ** 20;
const gibibyte = 2 ** 30;

/** Of a network card of so many gigabits a second for each device. */
const network = (gigabits: number, name: string): DeviceLink => ({ name, bytesPerSecond: (gigabits / 8) * gigabyte });

const nvlink = (generation: number, gigabytes: number, numDevices: number) => ({
  name: `NVLink ${generation}`,
  bytesPerSecond: gigabytes * gigabyte,
  numDevices,
});
const pcie = (generation: number, gigabytes: number, numDevices: number) => ({
  name: `PCIe ${generation}.0 x16`,
  bytesPerSecond: gigabytes * gigabyte,
  numDevices,
});
/** The links of one chip, one way, added up; within a slice there is no slower network. */
const interconnect = (gigabytes: number, numDevices: number) => ({
  name: 'inter-chip interconnect',
  bytesPerSecond: gigabytes * gigabyte,
  numDevices,
});

/**
 * Accelerators that models are trained on. Rates are dense: half of what vendors print "with sparsity". Links are told one way: half of
 * what vendors print as the sum of both.
 *
 * What stands between hosts is no property of a device. `outer` is how the vendor's own hosts are built (DGX, HGX, cloud TPU); clusters with
 * less exist.
 */
export const accelerators: readonly Accelerator[] = [
  {
    name: 'a100-40gb',
    title: 'NVIDIA A100 SXM 40 GB',
    aliases: ['a100-40'],
    driverNames: ['NVIDIA A100-SXM4-40GB', 'NVIDIA A100-PCIE-40GB', 'A100-SXM4-40GB'],
    kind: 'ampere',
    peakFlops: { bfloat16: 312 * tera, tensorFloat32: 156 * tera, float32: 19.5 * tera },
    // Sold as 40 GB; the driver tells 40,960 MiB.
    memoryBytes: 40 * gibibyte,
    memoryBandwidth: 1555 * gigabyte,
    inner: nvlink(3, 300, 8),
    outer: network(200, '200 Gb/s for each device'),
    devicesPerHost: 8,
    source: 'NVIDIA A100 Tensor Core GPU datasheet; DGX A100 datasheet',
  },
  {
    name: 'a100',
    title: 'NVIDIA A100 SXM 80 GB',
    aliases: ['a100-80gb', 'a100-80'],
    driverNames: ['NVIDIA A100-SXM4-80GB', 'NVIDIA A100 80GB PCIe', 'NVIDIA A100', 'A100-SXM4-80GB'],
    kind: 'ampere',
    peakFlops: { bfloat16: 312 * tera, tensorFloat32: 156 * tera, float32: 19.5 * tera },
    // Sold as 80 GB; the driver tells 81,920 MiB.
    memoryBytes: 80 * gibibyte,
    memoryBandwidth: 2039 * gigabyte,
    inner: nvlink(3, 300, 8),
    outer: network(200, '200 Gb/s for each device'),
    devicesPerHost: 8,
    source: 'NVIDIA A100 Tensor Core GPU datasheet; DGX A100 datasheet',
  },
  {
    name: 'h100',
    title: 'NVIDIA H100 SXM 80 GB',
    aliases: ['h100-sxm', 'h100-80gb'],
    driverNames: ['NVIDIA H100 80GB HBM3', 'NVIDIA H100'],
    kind: 'hopper',
    peakFlops: { bfloat16: 989.4 * tera, tensorFloat32: 494.7 * tera, float32: 67 * tera },
    // Sold as 80 GB; the driver tells 81,559 MiB.
    memoryBytes: 81_559 * mebibyte,
    memoryBandwidth: 3350 * gigabyte,
    inner: nvlink(4, 450, 8),
    outer: network(400, '400 Gb/s for each device'),
    devicesPerHost: 8,
    source: 'NVIDIA H100 Tensor Core GPU datasheet; DGX H100 datasheet',
  },
  {
    name: 'h100-pcie',
    title: 'NVIDIA H100 PCIe 80 GB',
    aliases: [],
    driverNames: ['NVIDIA H100 PCIe'],
    kind: 'hopper',
    peakFlops: { bfloat16: 756.5 * tera, tensorFloat32: 378 * tera, float32: 51 * tera },
    // Sold as 80 GB; the driver tells 81,559 MiB.
    memoryBytes: 81_559 * mebibyte,
    memoryBandwidth: 2000 * gigabyte,
    inner: pcie(5, 64, 8),
    outer: null,
    devicesPerHost: 8,
    source: 'NVIDIA H100 Tensor Core GPU datasheet',
  },
  {
    name: 'h100-nvl',
    title: 'NVIDIA H100 NVL 94 GB',
    aliases: [],
    driverNames: ['NVIDIA H100 NVL'],
    kind: 'hopper',
    peakFlops: { bfloat16: 835.5 * tera, tensorFloat32: 417.5 * tera, float32: 60 * tera },
    // Sold as 94 GB, which are GiB.
    memoryBytes: 94 * gibibyte,
    memoryBandwidth: 3900 * gigabyte,
    inner: pcie(5, 64, 8),
    outer: null,
    devicesPerHost: 8,
    source: 'NVIDIA H100 NVL GPU datasheet (NVLink joins two of them only)',
  },
  {
    name: 'h200',
    title: 'NVIDIA H200 SXM 141 GB',
    aliases: ['h200-sxm'],
    driverNames: ['NVIDIA H200'],
    kind: 'hopper',
    peakFlops: { bfloat16: 989.4 * tera, tensorFloat32: 494.7 * tera, float32: 67 * tera },
    // Sold as 141 GB; the driver tells 143,771 MiB.
    memoryBytes: 143_771 * mebibyte,
    memoryBandwidth: 4800 * gigabyte,
    inner: nvlink(4, 450, 8),
    outer: network(400, '400 Gb/s for each device'),
    devicesPerHost: 8,
    source: 'NVIDIA H200 Tensor Core GPU datasheet',
  },
  {
    name: 'b200',
    title: 'NVIDIA B200 SXM 180 GB (HGX)',
    aliases: ['hgx-b200'],
    driverNames: ['NVIDIA B200'],
    kind: 'blackwell',
    peakFlops: { bfloat16: 2250 * tera, tensorFloat32: 1100 * tera, float32: 75 * tera },
    // As sold, in units of 1e9 bytes: the driver may tell more.
    memoryBytes: 180 * gigabyte,
    memoryBandwidth: 7700 * gigabyte,
    inner: nvlink(5, 900, 8),
    outer: network(400, '400 Gb/s for each device'),
    devicesPerHost: 8,
    source: 'NVIDIA Blackwell architecture technical brief; DGX B200 datasheet',
  },
  {
    name: 'gb200',
    title: 'NVIDIA GB200 NVL72, one GPU of 186 GB',
    aliases: ['gb200-nvl72'],
    driverNames: ['NVIDIA GB200'],
    kind: 'blackwell',
    peakFlops: { bfloat16: 2500 * tera, tensorFloat32: 1250 * tera, float32: 80 * tera },
    // As sold, in units of 1e9 bytes: the driver may tell more.
    memoryBytes: 186 * gigabyte,
    memoryBandwidth: 8000 * gigabyte,
    inner: nvlink(5, 900, 72),
    outer: network(400, '400 Gb/s for each device'),
    devicesPerHost: 4,
    source: 'NVIDIA Blackwell architecture technical brief; GB200 NVL72 datasheet',
  },
  {
    name: 'mi300x',
    title: 'AMD Instinct MI300X 192 GB',
    aliases: [],
    driverNames: ['AMD Instinct MI300X'],
    kind: 'cdna3',
    peakFlops: { bfloat16: 1307.4 * tera, tensorFloat32: 653.7 * tera, float32: 163.4 * tera },
    // As sold, in units of 1e9 bytes: the driver may tell more.
    memoryBytes: 192 * gigabyte,
    memoryBandwidth: 5300 * gigabyte,
    inner: { name: 'Infinity Fabric', bytesPerSecond: 448 * gigabyte, numDevices: 8 },
    outer: network(400, '400 Gb/s for each device'),
    devicesPerHost: 8,
    source: 'AMD Instinct MI300X datasheet',
  },
  {
    name: 'l4',
    title: 'NVIDIA L4 24 GB',
    aliases: [],
    driverNames: ['NVIDIA L4'],
    kind: 'ada',
    peakFlops: { bfloat16: 121 * tera, tensorFloat32: 60 * tera, float32: 30.3 * tera },
    // As sold, in units of 1e9 bytes: the driver tells about as much.
    memoryBytes: 24 * gigabyte,
    memoryBandwidth: 300 * gigabyte,
    inner: pcie(4, 32, 8),
    outer: null,
    devicesPerHost: 8,
    source: 'NVIDIA L4 Tensor Core GPU datasheet',
  },
  {
    name: 'a10',
    title: 'NVIDIA A10 24 GB',
    aliases: ['a10g'],
    driverNames: ['NVIDIA A10'],
    kind: 'ampere',
    peakFlops: { bfloat16: 125 * tera, tensorFloat32: 62.5 * tera, float32: 31.2 * tera },
    // As sold, in units of 1e9 bytes: the driver tells about as much.
    memoryBytes: 24 * gigabyte,
    memoryBandwidth: 600 * gigabyte,
    inner: pcie(4, 32, 8),
    outer: null,
    devicesPerHost: 8,
    source: 'NVIDIA A10 Tensor Core GPU datasheet',
  },
  {
    name: 'rtx-4090',
    title: 'NVIDIA GeForce RTX 4090 24 GB',
    aliases: ['rtx4090', '4090'],
    driverNames: ['NVIDIA GeForce RTX 4090'],
    kind: 'ada',
    peakFlops: { bfloat16: 165.2 * tera, tensorFloat32: 82.6 * tera, float32: 82.6 * tera },
    // Sold as 24 GB; the driver tells 24,564 MiB.
    memoryBytes: 24_564 * mebibyte,
    memoryBandwidth: 1008 * gigabyte,
    inner: pcie(4, 32, 8),
    outer: null,
    devicesPerHost: 8,
    source: 'NVIDIA Ada GPU architecture whitepaper, appendix A (bfloat16 with float32 sums)',
  },
  {
    name: 'tpu-v3',
    title: 'Cloud TPU v3, one of two cores of a chip',
    aliases: ['v3'],
    driverNames: ['TPU v3'],
    kind: 'tpu',
    peakFlops: { bfloat16: 61.5 * tera, tensorFloat32: null, float32: null },
    // Documented in GiB: 32 of a chip.
    memoryBytes: 16 * gibibyte,
    memoryBandwidth: 450 * gigabyte,
    inner: interconnect(200, 2048),
    outer: null,
    devicesPerHost: 8,
    source: 'cloud.google.com/tpu/docs/v3; links from jax-ml.github.io/scaling-book',
  },
  {
    name: 'tpu-v4',
    title: 'Cloud TPU v4',
    aliases: ['v4'],
    driverNames: ['TPU v4'],
    kind: 'tpu',
    peakFlops: { bfloat16: 275 * tera, tensorFloat32: null, float32: null },
    // Documented in GiB.
    memoryBytes: 32 * gibibyte,
    memoryBandwidth: 1200 * gigabyte,
    inner: interconnect(270, 4096),
    outer: null,
    devicesPerHost: 4,
    source: 'cloud.google.com/tpu/docs/v4; links from jax-ml.github.io/scaling-book',
  },
  {
    name: 'tpu-v5e',
    title: 'Cloud TPU v5e',
    aliases: ['v5e', 'tpu-v5-lite'],
    driverNames: ['TPU v5 lite', 'TPU v5e'],
    kind: 'tpu',
    peakFlops: { bfloat16: 197 * tera, tensorFloat32: null, float32: null },
    // Documented in GB, taken as units of 1e9 bytes.
    memoryBytes: 16 * gigabyte,
    memoryBandwidth: 819 * gigabyte,
    inner: interconnect(200, 256),
    outer: network(25, 'data-centre network, 200 Gb/s for a host'),
    devicesPerHost: 8,
    source: 'cloud.google.com/tpu/docs/v5e',
  },
  {
    name: 'tpu-v5p',
    title: 'Cloud TPU v5p',
    aliases: ['v5p'],
    driverNames: ['TPU v5p', 'TPU v5'],
    kind: 'tpu',
    peakFlops: { bfloat16: 459 * tera, tensorFloat32: null, float32: null },
    // Documented in GB, taken as units of 1e9 bytes.
    memoryBytes: 95 * gigabyte,
    memoryBandwidth: 2765 * gigabyte,
    inner: interconnect(600, 6144),
    outer: null,
    devicesPerHost: 4,
    source: 'cloud.google.com/tpu/docs/v5p',
  },
  {
    name: 'tpu-v6e',
    title: 'Cloud TPU v6e (Trillium)',
    aliases: ['v6e', 'trillium'],
    driverNames: ['TPU v6 lite', 'TPU v6e'],
    kind: 'tpu',
    peakFlops: { bfloat16: 918 * tera, tensorFloat32: null, float32: null },
    // Documented in GB, taken as units of 1e9 bytes.
    memoryBytes: 32 * gigabyte,
    memoryBandwidth: 1638 * gigabyte,
    inner: interconnect(400, 256),
    outer: network(100, 'data-centre network, 800 Gb/s for a host'),
    devicesPerHost: 8,
    source: 'cloud.google.com/tpu/docs/v6e',
  },
];
