/** Scores as probabilities: positive, with the sum 1. */
export function softmax(scores: Float32Array): readonly number[] {
  const highest = Math.max(...scores);
  const powers = Array.from(scores, (score) => Math.exp(score - highest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}
