/** The parts of an update that sets attributes, and takes those away whose new value is undefined. */
export interface AttributeChanges {
  readonly expression: string;
  readonly names: Readonly<Record<string, string>>;
  readonly values: Readonly<Record<string, unknown>>;
}

/** Writes every name as a placeholder, since DynamoDB reserves many words. */
export function attributeChanges(attributes: Readonly<Record<string, unknown>>): AttributeChanges {
  const names: Record<string, string> = {};
  const values: Record<string, unknown> = {};
  const set: string[] = [];
  const remove: string[] = [];
  for (const [name, value] of Object.entries(attributes)) {
    names[`#${name}`] = name;
    if (value === undefined) remove.push(`#${name}`);
    else {
      set.push(`#${name} = :${name}`);
      values[`:${name}`] = value;
    }
  }
  const clauses = [set.length > 0 && `SET ${set.join(', ')}`, remove.length > 0 && `REMOVE ${remove.join(', ')}`];
  return { expression: clauses.filter((clause) => clause !== false).join(' '), names, values };
}
