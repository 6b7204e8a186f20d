import { ParleyError } from "../errors.js";
import type { paths } from "../generated/openapi.js";
import type { Platform } from "../options.js";
import type { ErrorCode, FieldError } from "../types.js";

type Method = "get" | "post" | "put" | "patch" | "delete";
type Operation<M extends Method, P> = P extends keyof paths ? (paths[P] extends Record<M, infer O> ? O : never) : never;
type PathWith<M extends Method> = { [P in keyof paths]: [Operation<M, P>] extends [undefined] ? never : P }[keyof paths];
type Json<Content> = Content extends { content: { "application/json": infer Body } } ? Body : undefined;
type Answer<O> = O extends { responses: infer R } ? Json<R[keyof R & (200 | 201 | 202)]> : never;
type Body<O> = O extends { requestBody: infer B } ? { body: Json<B> } : { body?: never };
type Parameters<O, Kind extends string> = O extends { parameters: infer All } ? (Kind extends keyof All ? NonNullable<All[Kind]> : object) : object;

/** What a call may say beside its path, as the OpenAPI document has it. */
export type CallOptions<O> = Body<O> & {
  path?: Parameters<O, "path">;
  query?: { [Name in keyof Parameters<O, "query">]?: Parameters<O, "query">[Name] | undefined };
  signal?: AbortSignal;
};

export interface Credentials {
  /** A token that holds; raises where nobody is signed in. `isRefused` asks for another one than the last. */
  getAccessToken(refused?: string): Promise<string>;
}

const TIMEOUT_MS = 20_000;

/** Calls of the REST API, typed by its OpenAPI document. */
export class Http {
  credentials: Credentials | null = null;

  constructor(
    private readonly base: string,
    private readonly platform: Platform,
  ) {}

  /**
   * Makes a call; raises `ParleyError`. A token that is refused is refreshed, once.
   * @param path as the document has it; what is in braces comes from `options.path`.
   */
  async call<M extends Method, P extends PathWith<M>>(
    method: M,
    path: P,
    options?: CallOptions<Operation<M, P>>,
  ): Promise<Answer<Operation<M, P>>> {
    const request: Request = { method, url: this.#url(path, options ?? {}), body: options?.body, signal: options?.signal };
    return (await this.#sendSignedIn(request)) as Answer<Operation<M, P>>;
  }

  /** Makes a call without anybody being signed in. */
  async callOpen<P extends PathWith<"post">>(path: P, options: CallOptions<Operation<"post", P>>): Promise<Answer<Operation<"post", P>>> {
    return (await this.#send({ method: "post", url: this.#url(path, options), body: options.body })) as Answer<Operation<"post", P>>;
  }

  async #sendSignedIn(request: Request): Promise<unknown> {
    const { credentials } = this;
    if (credentials === null) return this.#send(request);
    const token = await credentials.getAccessToken();
    try {
      return await this.#send({ ...request, token });
    } catch (error) {
      if (!(error instanceof ParleyError) || error.status !== 401 || error.code !== "unauthorized") throw error;
      return this.#send({ ...request, token: await credentials.getAccessToken(token) });
    }
  }

  #url(path: string, { path: names, query }: { path?: object; query?: object }): string {
    const values = (names ?? {}) as Record<string, string>;
    const filled = path.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(values[name] ?? ""));
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query ?? {}) as [string, string | number | null | undefined][]) {
      if (value !== undefined && value !== null) search.set(name, String(value));
    }
    return `${this.base}${filled}${search.size > 0 ? `?${search.toString()}` : ""}`;
  }

  async #send({ method, url, body, token, signal }: Request): Promise<unknown> {
    const headers: Record<string, string> = {};
    if (token !== undefined) headers.authorization = `Bearer ${token}`;
    if (body !== undefined) headers["content-type"] = "application/json";
    const control = new AbortController();
    const timer = this.platform.setTimeout(() => {
      control.abort(new ParleyError("timeout", "There was no answer in time."));
    }, TIMEOUT_MS);
    const abort = (): void => {
      control.abort(new ParleyError("aborted", "The call was given up."));
    };
    signal?.addEventListener("abort", abort);
    if (signal?.aborted === true) abort();
    try {
      const init: RequestInit = { method: method.toUpperCase(), headers, signal: control.signal };
      if (body !== undefined) init.body = JSON.stringify(body);
      const response = await this.platform.fetch(url, init);
      const text = await response.text();
      if (!response.ok) throw readProblem(response, text);
      return text === "" ? undefined : JSON.parse(text);
    } catch (error) {
      if (error instanceof ParleyError) throw error;
      if (control.signal.reason instanceof ParleyError) throw control.signal.reason;
      throw new ParleyError("network", "The server could not be reached.", { cause: error });
    } finally {
      this.platform.clearTimeout(timer);
      signal?.removeEventListener("abort", abort);
    }
  }
}

interface Request {
  readonly method: string;
  readonly url: string;
  readonly body?: unknown;
  readonly token?: string;
  readonly signal?: AbortSignal | undefined;
}

/** An RFC 9457 problem document as an error; whatever else came, by its status alone. */
function readProblem(response: Response, text: string): ParleyError {
  let problem: { code?: ErrorCode; detail?: string; requestId?: string; errors?: FieldError[] } = {};
  try {
    problem = JSON.parse(text) as typeof problem;
  } catch {
    // A gateway's own page, for one.
  }
  const { status } = response;
  const retryAfter = Number(response.headers.get("retry-after") ?? NaN);
  return new ParleyError(problem.code ?? codeOf(status), problem.detail ?? `The server answered with ${String(status)}.`, {
    status,
    ...(Number.isFinite(retryAfter) ? { retryAfter } : {}),
    ...(problem.requestId === undefined ? {} : { requestId: problem.requestId }),
    ...(problem.errors === undefined ? {} : { errors: problem.errors }),
  });
}

function codeOf(status: number): ErrorCode {
  const known: Partial<Record<number, ErrorCode>> = { 401: "unauthorized", 403: "forbidden", 404: "not_found", 413: "too_large", 429: "rate_limited" };
  return known[status] ?? (status >= 500 ? "unavailable" : "invalid_request");
}
