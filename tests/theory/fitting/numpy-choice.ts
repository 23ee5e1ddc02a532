/**
 * The draws of `numpy.random.choice(n, n)` after `numpy.random.seed(seed)`: the Mersenne Twister MT19937 (Matsumoto & Nishimura
 * 1998), each number masked to the bits of n − 1 and drawn again where it is beyond. So that a published bootstrap can be
 * repeated draw by draw.
 */
export function numpyChoice(seed: number): (n: number) => number {
  const state = new Uint32Array(624);
  state[0] = seed;
  for (let i = 1; i < 624; i++) {
    const last = (state[i - 1] ?? 0) ^ ((state[i - 1] ?? 0) >>> 30);
    state[i] = Math.imul(1_812_433_253, last) + i;
  }
  let place = 624;
  const next = (): number => {
    if (place === 624) {
      for (let i = 0; i < 624; i++) {
        const y = ((state[i] ?? 0) & 0x80000000) | ((state[(i + 1) % 624] ?? 0) & 0x7fffffff);
        state[i] = (state[(i + 397) % 624] ?? 0) ^ (y >>> 1) ^ (y & 1 ? 0x9908b0df : 0);
      }
      place = 0;
    }
    let y = state[place++] ?? 0;
    y ^= y >>> 11;
    y ^= (y << 7) & 0x9d2c5680;
    y ^= (y << 15) & 0xefc60000;
    return (y ^ (y >>> 18)) >>> 0;
  };
  return (n) => {
    const mask = 2 ** Math.ceil(Math.log2(n)) - 1;
    for (;;) {
      const drawn = (next() & mask) >>> 0;
      if (drawn < n) return drawn;
    }
  };
}
