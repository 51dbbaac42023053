// The one error of everything that can go wrong between us and Consul.
import { NextStepError } from '../model/errors.js';
import type { RequestFailure } from './request-failure.js';

/**
 * Consul gave no answer that can be trusted: the message names address, service, Consul's status and
 * words, and the next step. It never holds the token, and has no `cause`: the client's own errors do.
 */
export class ConsulError extends NextStepError {
  override readonly name = 'ConsulError';
  constructor(
    readonly service: string,
    detail: string,
    nextStep: string,
    /** Of each address that was asked. */
    readonly failures: readonly RequestFailure[] = [],
  ) {
    super(`consul: service ${service}`, detail, nextStep);
  }
}
