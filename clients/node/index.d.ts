/** Reports the requests of an application to netledger. Nothing here delays or fails a request. */

import type { IncomingMessage, ServerResponse } from "node:http";

export interface Options {
  /** Where netledger listens; else NETLEDGER_URL, else http://127.0.0.1:7373. */
  url?: string;
  /** A key of the service that may write; else NETLEDGER_KEY. Without one nothing is reported. */
  apiKey?: string;
  /** The id of the user of a request, asked when its answer is complete. It gets Node's own request. */
  userId?: (request: any) => string | number | null | undefined;
  /** Requests of a post at most: 500. */
  batchSize?: number;
  /** Milliseconds that a request waits at most until it is posted: 1000. */
  flushInterval?: number;
  /** Requests that wait at most, the oldest are dropped: 10000. */
  maxQueue?: number;
  /** Milliseconds that a post may take: 10000. */
  timeout?: number;
  /** Milliseconds that the end of the process waits at most: 2000. */
  exitTimeout?: number;
  /** Post what waits at SIGTERM and SIGINT, too: true. */
  signals?: boolean;
}

export interface Figures {
  /** Requests that the service has taken. */
  sent: number;
  /** Requests given up for want of room, or of time at the end. */
  dropped: number;
  /** Requests that the service has refused. */
  refused: number;
  /** Posts without an answer, or with one that asks for a repeat. */
  failedPosts: number;
  /** Faults of this package or of userId: the request was answered, and is not reported. */
  faults: number;
}

export class Reporter {
  constructor(options?: Options);
  readonly figures: Figures;
  /** Requests that wait, with those on their way. */
  readonly waiting: number;
  /** Post all that waits, within milliseconds: exitTimeout. */
  flush(limit?: number): Promise<void>;
  /** The same, and the end: what comes later is dropped. */
  close(limit?: number): Promise<void>;
}

/** Options, or a reporter that several middlewares share. */
export type Reporting = Options | Reporter | { reporter: Reporter };

/** A middleware of Express 4 and 5, to be used before all others. */
export function express(reporting?: Reporting): (request: any, response: any, next: (error?: any) => void) => void;

/** A plugin of Fastify 4 and 5, to be registered before the routes. */
export function fastify(app: any, options?: Options | { reporter: Reporter }): Promise<void>;

/** A middleware of Koa, to be used before all others. */
export function koa(reporting?: Reporting): (context: any, next: () => Promise<any>) => Promise<void>;

/** A listener of http.createServer and its like, around another. */
export function http<Result>(
  listener: (request: IncomingMessage, response: ServerResponse) => Result,
  reporting?: Reporting,
): (request: IncomingMessage, response: ServerResponse) => Result;
