/** The filters of sampling, written as plainly as they are defined. Scores that are removed become −∞. */

function softmax(scores: readonly number[]): number[] {
  const largest = Math.max(...scores);
  const weights = scores.map((score) => Math.exp(score - largest));
  const sum = weights.reduce((total, weight) => total + weight, 0);
  return weights.map((weight) => weight / sum);
}

const keep = (scores: readonly number[], isKept: (i: number) => boolean): number[] =>
  scores.map((score, i) => (isKept(i) ? score : Number.NEGATIVE_INFINITY));

export function slowTopK(scores: readonly number[], k: number): number[] {
  const threshold = [...scores].sort((a, b) => b - a)[Math.min(k, scores.length) - 1] as number;
  return keep(scores, (i) => (scores[i] as number) >= threshold);
}

export function slowTopP(scores: readonly number[], p: number): number[] {
  if (p === 1) return [...scores];
  const probabilities = softmax(scores);
  const order = scores.map((_, i) => i).sort((a, b) => (scores[b] as number) - (scores[a] as number) || a - b);
  const kept = new Set<number>();
  let sum = 0;
  for (const i of order) {
    if (kept.size > 0 && sum >= p) break;
    kept.add(i);
    sum += probabilities[i] as number;
  }
  return keep(scores, (i) => kept.has(i));
}

export function slowMinP(scores: readonly number[], p: number): number[] {
  const probabilities = softmax(scores);
  const least = p * Math.max(...probabilities);
  return keep(scores, (i) => (probabilities[i] as number) >= least);
}

export function slowPenalty(scores: readonly number[], text: readonly number[], penalty: number): number[] {
  return scores.map((score, i) => {
    if (!text.includes(i)) return score;
    return score > 0 ? score / penalty : score * penalty;
  });
}

export function slowDraw(scores: readonly number[], uniform: number): number {
  const probabilities = softmax(scores);
  let sum = 0;
  for (const [i, probability] of probabilities.entries()) {
    sum += probability;
    if (uniform < sum) return i;
  }
  return probabilities.findLastIndex((probability) => probability > 0);
}
