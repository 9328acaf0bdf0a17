/** How an operation was answered. */
export interface Answers {
  readonly operation: string;
  readonly succeeded: number;
  readonly refused: number;
  readonly failed: number;
}

const requestLine = /"message":"request",.*?"operation":"(\w+)","status":(\d{3})/;

/** Counts the answers of each operation in the log of the functions, in the order of the names that are given. */
export function answersOf(operations: readonly string[], log: string): Answers[] {
  const counts = new Map(operations.map((operation) => [operation, { succeeded: 0, refused: 0, failed: 0 }]));
  for (const line of log.split('\n')) {
    const [, operation = '', status = ''] = requestLine.exec(line) ?? [];
    const count = counts.get(operation);
    if (!count) continue;
    if (status < '400') count.succeeded += 1;
    else if (status < '500') count.refused += 1;
    else count.failed += 1;
  }
  return [...counts].map(([operation, count]) => ({ operation, ...count }));
}

/** One line for each operation. */
export function formatAnswers(answers: readonly Answers[]): string {
  const width = Math.max(...answers.map(({ operation }) => operation.length));
  const line = (name: string, ...figures: readonly (string | number)[]): string =>
    name.padEnd(width) + figures.map((figure) => String(figure).padStart(8)).join('');
  return [
    line('', '2xx 3xx', '4xx', '5xx'),
    ...answers.map(({ operation, succeeded, refused, failed }) => line(operation, succeeded, refused, failed)),
  ].join('\n');
}
