/**
 * Stands in, in the bundles, for the SDK's event streams. It loads them for operations that stream events, of which
 * DynamoDB has none and Systems Manager none that is called.
 */
function absent(): never {
  throw new Error('Event streams are not part of the bundle.');
}

export { absent as EventStreamSerde, absent as eventStreamSerdeProvider };
