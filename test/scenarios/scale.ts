/**
 * How large scenarios are that can be of any size. 10 is what they are about: 10,000 transfers over a hundred accounts, a minute
 * without DynamoDB. The default is the same in small.
 */
export const scale = Number(process.env.FLORIN_SCENARIO_SCALE ?? 1);
