/** The types of a call, derived from the API's document: see call.js. */
import type { paths } from './schema.d.ts';

export type Method = 'get' | 'post' | 'patch' | 'delete';

/** The paths that have a method, their parameters in braces. */
export type Path<M extends Method> = {
  [P in keyof paths]: paths[P] extends Record<M, { responses: unknown }> ? P : never;
}[keyof paths];

type Operation<M extends Method, P extends Path<M>> =
  paths[P] extends Record<M, infer O> ? O : never;

type Json<C> = C extends { content: { 'application/json': infer T } } ? T : undefined;

/** What a call answers; undefined where it has no body. */
export type Answer<M extends Method, P extends Path<M>> =
  Operation<M, P> extends { responses: infer R } ? Json<R[keyof R]> : never;

type PathInput<O> = O extends { parameters: { path: infer T } }
  ? { path: { [Name in keyof T]: string | number } }
  : { path?: undefined };

/** Empty values are left out of the address, so that a page may hand on what is in its fields. */
type QueryInput<O> = O extends { parameters: { query?: infer T } }
  ? { query?: { [Name in keyof T]?: string | number | boolean | null } }
  : { query?: undefined };

type BodyInput<O> = O extends { requestBody?: infer B }
  ? [NonNullable<B>] extends [{ content: { 'application/json': infer T } }]
    ? undefined extends B
      ? { body?: T }
      : { body: T }
    : { body?: undefined }
  : { body?: undefined };

/** What a call takes: the parameters in its path and its query, and its JSON body. */
export type Input<M extends Method, P extends Path<M>> = PathInput<Operation<M, P>> &
  QueryInput<Operation<M, P>> &
  BodyInput<Operation<M, P>> & {
    /** Finish the request even when the page is closed. */
    keepalive?: boolean;
  };

/** The names of a call's query parameters. */
export type QueryOf<P extends Path<'get'>> = NonNullable<Input<'get', P>['query']>;

export type Call = <M extends Method, P extends Path<M>>(
  method: M,
  path: P,
  ...rest: {} extends Input<M, P> ? [input?: Input<M, P>] : [input: Input<M, P>]
) => Promise<Answer<M, P>>;
