import type { RecordId } from './identifiers.ts';

/** Characters of a record's id that choose the shard: 30 bits, so that no shard is favoured by more than a millionth. */
const charactersUsed = 6;

const base32Alphabet = 'abcdefghijklmnopqrstuvwxyz234567';

/** The shard that a key belongs to, of so many: 0 for one. A record's id is a hash, so keys belong to all shards evenly. */
export function shardOf(record: RecordId, shards: number): number {
  if (shards <= 1) return 0;
  let value = 0;
  for (const character of record.slice(0, charactersUsed)) value = value * 32 + base32Alphabet.indexOf(character);
  return value % shards;
}
