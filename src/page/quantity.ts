/** A whole number with its thousands parted: `1,234,567`. */
export function formatCount(value: number): string {
  return wholeNumbers.format(value);
}

// Made once: making one takes longer than formatting a thousand numbers.
const wholeNumbers = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** A number to some significant digits, with a power of ten outside 1e−4 … 1e15: `0.0123`, `1,234`, `3.00×10¹⁸`. */
export function formatNumber(value: number, significantDigits = 3): string {
  if (value === 0) return '0';
  if (!Number.isFinite(value)) return String(value);
  // As it will be written: 999.6 has four digits before the point, for it is written 1,000.
  const size = Math.abs(Number(value.toPrecision(significantDigits)));
  if (Math.round(Math.abs(value)) >= 1e15 || size < 1e-4) return scientific(value, significantDigits);
  if (size >= 10 ** significantDigits) return formatCount(value);
  return value.toPrecision(significantDigits);
}

/** A number with a decimal prefix and some significant digits: `1.23 M`, `950`. */
export function formatCompact(value: number, unit = '', significantDigits = 3): string {
  const prefixes = ['', 'k', 'M', 'G', 'T', 'P', 'E'];
  let scaled = value;
  let step = 0;
  while (Math.abs(scaled) >= 999.5 && step < prefixes.length - 1) {
    scaled /= 1000;
    step += 1;
  }
  const digits = step === 0 && Number.isInteger(scaled) ? String(scaled) : formatNumber(scaled, significantDigits);
  const suffix = `${prefixes[step] ?? ''}${unit}`;
  return suffix === '' ? digits : `${digits} ${suffix}`;
}

/** Bytes with a decimal prefix: `512 B`, `1.23 MB`. */
export function formatBytes(numBytes: number): string {
  return formatCompact(numBytes, 'B');
}

/** A part of 1 as a percentage: `12.3 %`, `< 0.1 %`. */
export function formatShare(share: number): string {
  if (share > 0 && share < 0.001) return '< 0.1 %';
  if (share < 1 && share >= 0.9995) return '> 99.9 %';
  return `${(share * 100).toFixed(share === 0 || share === 1 ? 0 : 1)} %`;
}

function scientific(value: number, significantDigits: number): string {
  const [mantissa = '', exponent = ''] = value.toExponential(significantDigits - 1).split('e');
  const raised = [...exponent.replace('+', '')].map((sign) =>
    sign === '-' ? '⁻' : ('⁰¹²³⁴⁵⁶⁷⁸⁹'[Number(sign)] ?? ''),
  );
  return `${mantissa}×10${raised.join('')}`;
}
