/** The stacks of a stage, in the order in which they are made; the last four only where it has a replica. */
export interface StackNames {
  readonly data: string;
  readonly watch: string;
  readonly work: string;
  readonly api: string;
  readonly standbyData: string;
  readonly standbyWatch: string;
  readonly standbyWork: string;
  readonly standby: string;
}

/** What CloudFormation calls the stacks of a stage. */
export function stackNames(stage: string): StackNames {
  const named = (part: string) => `Florin-${stage}-${part}`;
  return {
    data: named('Data'),
    watch: named('Watch'),
    work: named('Work'),
    api: named('Api'),
    standbyData: named('StandbyData'),
    standbyWatch: named('StandbyWatch'),
    standbyWork: named('StandbyWork'),
    standby: named('Standby'),
  };
}
