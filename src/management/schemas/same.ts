/**
 * A type as JSON has it: a number with a brand is a number, and a field that may be undefined may be absent. Each field is in a tuple, since
 * the compiler would take `undefined` from the type of a field that must be there.
 */
export type Told<Value> = Value extends readonly (infer One)[]
  ? readonly Told<One>[]
  : Value extends number
    ? keyof Value extends keyof number
      ? Value
      : number
    : Value extends object
      ? { readonly [Name in keyof Value]-?: readonly [Told<Value[Name]>] }
      : Value;

/** Accepts a schema whose values are exactly those of a type, so that neither can be changed without the other. */
export type SameAs<Value, Described> = [Told<Value>] extends [Told<Described>]
  ? [Told<Described>] extends [Told<Value>]
    ? unknown
    : { readonly 'the schema lacks a field, or is wider than the type': Value }
  : { readonly 'the type lacks a field of the schema, or is wider': Value };
