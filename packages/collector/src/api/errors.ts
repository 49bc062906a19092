import type { Express, NextFunction, Request, Response } from 'express';
import { type BaseIssue, getDotPath } from 'valibot';
import { CursorError } from '../store/cursor.js';
import { QueryError } from '../store/search.js';

/** The body of an error answer, without its type. */
export interface ApiError {
  status: number;
  error: string;
  invalid?: object[];
}

/**
 * Answers with an error. Its `type` is the real server's, which is the same for all errors.
 *
 * @param response the answer
 * @param problem what is wrong
 */
export function refuse(response: Response, problem: ApiError): void {
  response.status(problem.status).json({ ...problem, type: 'Error' });
}

/**
 * The error answer for query parameters that the schema refuses.
 *
 * @param issues what the schema found; the first one is told
 */
export function invalidQuery([issue]: readonly [BaseIssue<unknown>, ...BaseIssue<unknown>[]]): ApiError {
  const message = issue.expected === 'never' ? 'unknown parameter' : issue.message;
  return { status: 400, error: `Query parameter "${getDotPath(issue) ?? ''}": ${message}` };
}

/**
 * Adds the last two handlers: one for requests that no route answers, one for errors, e.g. a malformed or oversized body.
 *
 * @param app the application, with all its routes
 */
export function apiErrors(app: Express): void {
  app.use((_request: Request, response: Response) => refuse(response, { status: 404, error: 'Not found' }));
  // Express tells an error handler by its four parameters.
  app.use((thrown: unknown, _request: Request, response: Response, next: NextFunction) => {
    if (response.headersSent) return next(thrown);
    if (thrown instanceof QueryError || thrown instanceof CursorError) return refuse(response, { status: 400, error: thrown.message });
    const { status, message } = thrown as { status?: unknown; message?: unknown };
    const isClientError = typeof status === 'number' && status >= 400 && status < 500;
    refuse(response, isClientError ? { status, error: String(message).slice(0, 200) } : { status: 500, error: 'The collector failed' });
  });
}
