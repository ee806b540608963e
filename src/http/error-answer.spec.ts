import { describe, expect, it } from '@jest/globals';
import {
  BadRequestException,
  HttpException,
  InternalServerErrorException,
  ServiceUnavailableException,
} from '@nestjs/common';
import { DomainError, type ErrorCode } from '../kernel/errors.js';
import { answerFor } from './error-answer.js';

describe('the answer to a failure', () => {
  it.each<[ErrorCode, number]>([
    ['invalid_request', 400],
    ['unauthenticated', 401],
    ['forbidden', 403],
    ['not_found', 404],
    ['method_not_allowed', 405],
    ['gone', 410],
    ['too_slow', 408],
    ['too_large', 413],
    ['range_not_satisfiable', 416],
    ['unavailable', 503],
  ])('of the domain, %s, is %i with its words', (code, status) => {
    expect(answerFor(new DomainError(code, 'Why.'))).toMatchObject({ status, message: 'Why.' });
  });

  it('asks for credentials, and for patience', () => {
    expect(answerFor(new DomainError('unauthenticated', ''))?.headers).toEqual({
      'www-authenticate': 'Bearer',
    });
    expect(answerFor(new DomainError('unavailable', '', 4.2))?.headers).toEqual({ 'retry-after': '5' });
    expect(answerFor(new ServiceUnavailableException())?.headers).toEqual({ 'retry-after': '1' });
    expect(answerFor(new DomainError('gone', ''))?.headers).toEqual({});
  });

  it.each([
    [new BadRequestException(['a', 'b']), 400, 'a; b'],
    [new BadRequestException('a'), 400, 'a'],
    [new BadRequestException({ error: 'a' }), 400, 'a'],
    [new BadRequestException({ other: 'a' }), 400, 'Bad Request Exception'],
    [new HttpException('a', 418), 418, 'a'],
  ])('of Nest is one string: %s', (exception, status, message) => {
    expect(answerFor(exception)).toMatchObject({ status, message });
  });

  it.each([
    [Object.assign(new Error('too big'), { code: 'FST_ERR_X', statusCode: 413 }), 413],
    [Object.assign(new Error('bad'), { expose: true, statusCode: 400 }), 400],
  ])('of a framework that blames the caller is its own: %s', (error, status) => {
    expect(answerFor(error)?.status).toBe(status);
  });

  it.each([
    new Error('SELECT * FROM secrets'),
    new InternalServerErrorException('secret'),
    Object.assign(new Error('x'), { code: 'FST_ERR_X', statusCode: 500 }),
    Object.assign(new Error('x'), { code: 'ECONNREFUSED', statusCode: 404 }),
    'text',
    undefined,
    null,
    { statusCode: 400, expose: true },
  ])('that is ours is not told: %p', (thrown) => {
    expect(answerFor(thrown)).toBeUndefined();
  });
});
