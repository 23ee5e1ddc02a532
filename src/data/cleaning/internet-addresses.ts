/** Whether four decimal numbers with dots are an address that is routed on the public internet (IANA, RFC 6890). */
export function isPublicIpv4(text: string): boolean {
  const parts = text.split('.').map(Number);
  const [a, b, c] = parts as [number, number, number];
  if (parts.length !== 4 || parts.some((part) => part > 255)) return false;
  if (a === 0 || a === 10 || a === 127 || a >= 224) return false;
  if ((a === 100 && b >= 64 && b <= 127) || (a === 169 && b === 254) || (a === 172 && b >= 16 && b <= 31)) return false;
  if (a === 192 && (b === 168 || (b === 0 && (c === 0 || c === 2)))) return false;
  if (a === 198 && (b === 18 || b === 19 || (b === 51 && c === 100))) return false;
  return !(a === 203 && b === 0 && c === 113);
}

/**
 * Whether a text is an IPv6 address of the global unicast range 2000::/3, documentation (2001:db8::/32) excepted: what
 * the internet routes today. A time such as 12:30:45 lies outside.
 */
export function isPublicIpv6(text: string): boolean {
  const halves = text.split('::');
  if (halves.length > 2) return false;
  const groups = halves.map((half) => (half === '' ? [] : half.split(':')));
  const numGroups = groups.flat().length;
  if (groups.flat().some((group) => !/^[0-9A-Fa-f]{1,4}$/.test(group))) return false;
  if (halves.length === 1 ? numGroups !== 8 : numGroups > 7) return false;
  const [first, second] = [groups[0]?.[0], groups[0]?.[1] ?? '0'];
  if (first === undefined || first.length !== 4 || !/^[23]/.test(first)) return false;
  return !(first === '2001' && Number.parseInt(second, 16) === 0xdb8);
}

const ipv4 = /(?<![\w.])\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3}(?!\.?\w)/g;
const ipv6 = /(?<![\w:.])[0-9A-Fa-f]{4}:[0-9A-Fa-f:]{1,34}(?![\w:])/g;

/** Replaces public IPv4 and IPv6 addresses. */
export function replaceAddresses(text: string, replacement: (kind: 'ipv4' | 'ipv6') => string): string {
  const replaced = text.replace(ipv4, (found) => (isPublicIpv4(found) ? replacement('ipv4') : found));
  return replaced.replace(ipv6, (found) => (isPublicIpv6(found) ? replacement('ipv6') : found));
}

const longestLocalPart = 64;
const longestDomain = 253;
const isLocal = (code: number): boolean =>
  (code >= 48 && code <= 57) ||
  ((code | 32) >= 97 && (code | 32) <= 122) ||
  // ! # $ % & ' * + - . / = ? ^ _ ` { | } ~
  "!#$%&'*+-./=?^_`{|}~".includes(String.fromCharCode(code));
const domain = /[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?(?:\.[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)+/y;

/** Replaces mail addresses: a local part of up to 64 characters, `@`, and a name with at least one dot. */
export function replaceMailAddresses(text: string, replacement: () => string): string {
  const pieces: string[] = [];
  let done = 0;
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    let start = at;
    while (start > done && at - start < longestLocalPart && isLocal(text.charCodeAt(start - 1))) start--;
    // Quotes, brackets and dots before the name are no part of it.
    while (start < at && /[^A-Za-z0-9_]/.test(text.charAt(start))) start++;
    if (start === at || text.charCodeAt(at - 1) === 0x2e) continue;
    domain.lastIndex = 0;
    const match = domain.exec(text.slice(at + 1, at + 1 + longestDomain));
    if (!match) continue;
    pieces.push(text.slice(done, start), replacement());
    done = at + 1 + match[0].length;
    // Where the name of the host ends the next search begins.
  }
  return done === 0 ? text : pieces.join('') + text.slice(done);
}
