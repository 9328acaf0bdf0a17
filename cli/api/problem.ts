import { parseAssetCode } from '../../lib/ledger/index.ts';
import { majorText } from '../amount.ts';
import { exitCodeOf } from '../exit-codes.ts';
import { Failure } from '../failure.ts';
import { printable } from '../output/table.ts';
import type { Read } from './answer.ts';
import type { ProblemAnswer } from './answers.ts';

/** A problem that the API answered, and that stays: repeating the request would not change it. */
export class ApiProblem extends Failure {
  override readonly name = 'ApiProblem';
  readonly status: number;
  readonly code: string;
  readonly body: ProblemAnswer;
  /** The body as it came. */
  readonly raw: unknown;
  readonly isReplay: boolean;

  constructor(status: number, { value: body, raw }: Read<ProblemAnswer>, isReplay: boolean) {
    super(exitCodeOf(status, body.code), describe(body));
    this.status = status;
    this.code = body.code;
    this.body = body;
    this.raw = raw;
    this.isReplay = isReplay;
  }

  /** The decline is stored with the key, so the same key will never get another answer. */
  get isFinal(): boolean {
    return this.status === 422 && this.body.transactionId !== undefined;
  }
}

const evidenceNames = [
  'index',
  'account',
  'asset',
  'available',
  'required',
  'window',
  'measure',
  'limit',
  'used',
  'transactionId',
] as const;
const amountNames: readonly string[] = ['available', 'required'];

function describe(body: ProblemAnswer): string {
  const faults = body.errors?.map(({ in: part, pointer, detail }) => `  ${part} ${pointer}: ${detail}`) ?? [];
  const evidence = evidenceNames
    .filter((name) => typeof body[name] === 'string')
    .map((name) => evidenceText(name, body));
  const head = `${body.code}: ${body.detail}${evidence.length > 0 ? ` (${evidence.join(', ')})` : ''}`;
  return [head, ...faults].map(printable).join('\n');
}

/** Amounts are in major units, as in the tables, where it is known of which asset they are. */
function evidenceText(name: string, body: ProblemAnswer): string {
  const asset = parseAssetCode(String(body.asset));
  const value = String(body[name]);
  const isAmount = amountNames.includes(name) && asset !== undefined && /^-?[0-9]+$/.test(value);
  return `${name} ${isAmount ? majorText(BigInt(value), asset) : value}`;
}
