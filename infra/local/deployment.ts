/** What a template asks for, resolved: the embedded runtime plays exactly this. */
export interface Deployment {
  readonly tables: readonly TableDefinition[];
  readonly queues: readonly QueueDefinition[];
  /** Those that something here publishes to or receives from; a topic for alarms only is none of them. */
  readonly topics: readonly TopicDefinition[];
  readonly parameters: readonly ParameterDefinition[];
  /** The ARNs of the keys that seal secrets. */
  readonly keys: readonly string[];
  readonly functions: readonly FunctionDefinition[];
  readonly schedules: readonly ScheduleDefinition[];
  readonly sources: readonly EventSourceDefinition[];
  readonly api: RestApiDefinition;
}

export interface KeyElement {
  readonly AttributeName: string;
  readonly KeyType: string;
}

export interface TableDefinition {
  readonly logicalId: string;
  readonly name: string;
  readonly keySchema: readonly KeyElement[];
  readonly attributeDefinitions: readonly { readonly AttributeName: string; readonly AttributeType: string }[];
  readonly globalSecondaryIndexes: readonly {
    readonly IndexName: string;
    readonly KeySchema: readonly KeyElement[];
    readonly Projection: unknown;
  }[];
  /** Present when the table has a stream. */
  readonly streamViewType?: string;
  /** The attribute with the expiry, present when time to live is on. */
  readonly ttlAttribute?: string;
}

export interface QueueDefinition {
  readonly logicalId: string;
  readonly name: string;
  readonly arn: string;
  /** Attributes as `CreateQueue` takes them. */
  readonly attributes: Readonly<Record<string, string>>;
}

export interface TopicDefinition {
  readonly logicalId: string;
  readonly name: string;
  readonly arn: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly subscriptions: readonly {
    readonly queueArn: string;
    readonly attributes: Readonly<Record<string, string>>;
  }[];
}

/** A parameter of the Parameter Store. */
export interface ParameterDefinition {
  readonly name: string;
  readonly value: string;
}

export interface FunctionDefinition {
  readonly logicalId: string;
  readonly name: string;
  /** Folder of the bundle. */
  readonly codeFolder: string;
  /** As the template has it: `module.export`. */
  readonly handler: string;
  /** Exactly the variables of the template. */
  readonly environment: Readonly<Record<string, string>>;
  readonly memoryMegabytes: number;
  readonly timeoutSeconds: number;
}

/** A function that is called again and again. */
export interface ScheduleDefinition {
  readonly logicalId: string;
  readonly arn: string;
  readonly functionName: string;
  readonly everyMs: number;
}

/** What calls a function with batches of records or messages. */
export type EventSourceDefinition = StreamSourceDefinition | QueueSourceDefinition;

interface BatchSourceDefinition {
  readonly logicalId: string;
  readonly sourceArn: string;
  readonly functionArn: string;
  readonly functionName: string;
  readonly batchSize: number;
  /** How long a batch that is not full waits for more. */
  readonly batchWindowMs: number;
  /** Whether the function tells which items of a batch have failed; else a batch fails or succeeds as a whole. */
  readonly reportsFailures: boolean;
  /** Whether the function is to be called with this record. */
  readonly wants: (record: unknown) => boolean;
}

/** The stream of a table as an event source. */
export interface StreamSourceDefinition extends BatchSourceDefinition {
  readonly kind: 'stream';
  readonly tableName: string;
  /** Where reading begins the first time: with the oldest record there is, or with the next one. */
  readonly startsAt: 'TRIM_HORIZON' | 'LATEST';
  /** Whether a batch that fails is halved until the record is alone that it fails by. */
  readonly bisects: boolean;
  /** Infinity: until it succeeds. */
  readonly maximumRetries: number;
  /** The queue that is told of batches that were given up. */
  readonly onFailureQueue?: string;
}

/** A queue as an event source. */
export interface QueueSourceDefinition extends BatchSourceDefinition {
  readonly kind: 'queue';
  readonly queueName: string;
  /** How many batches may be underway at once. */
  readonly maximumConcurrency?: number;
}

export interface RestApiDefinition {
  readonly id: string;
  readonly stage: string;
  /** Bodies of at least this many bytes are compressed for clients that accept it; absent: never. */
  readonly minimumCompressionBytes?: number;
  readonly binaryMediaTypes: readonly string[];
  readonly methods: readonly MethodDefinition[];
  readonly gatewayResponses: ReadonlyMap<string, GatewayResponseDefinition>;
}

export interface MethodDefinition {
  readonly httpMethod: string;
  /** The path with its variables, as in `/v1/accounts/{accountId}`. */
  readonly resourcePath: string;
  readonly resourceId: string;
  readonly integration: ProxyIntegration | MockIntegration;
}

export interface ProxyIntegration {
  readonly kind: 'proxy';
  readonly functionName: string;
  readonly timeoutMs: number;
}

export interface MockIntegration {
  readonly kind: 'mock';
  readonly statusCode: number;
  readonly headers: Readonly<Record<string, string>>;
}

export interface GatewayResponseDefinition {
  readonly statusCode?: number;
  /** Header values by name; either a quoted literal or a context expression. */
  readonly headers: Readonly<Record<string, string>>;
  /** Body templates by content type. */
  readonly templates: Readonly<Record<string, string>>;
}
